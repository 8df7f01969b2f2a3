"""Addresses that an SMS gateway calls: what became of a text, and what somebody wrote. Both are signed by us."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.messaging.answers import hearing
from verno.messaging.channels.sms import gateway

MOST_QUERY = 8192


@require_GET
def text_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Take what became of the text that the token names."""
    receipt = gateway.receipt(token, _query(request), now=clock.now())
    return _done(receipt is not None, lambda: hearing.hear([receipt] if receipt else [], []))


@require_GET
def text_words(request: HttpRequest, secret: str) -> HttpResponse:
    """Take what somebody wrote to our number."""
    words = gateway.heard(_query(request), now=clock.now()) if gateway.is_ours(secret) else None
    return _done(words is not None, lambda: hearing.hear([], [words] if words else []))


def _query(request: HttpRequest) -> str:
    return str(request.META.get("QUERY_STRING", ""))[:MOST_QUERY]


def _done(known: bool, work: Callable[[], None]) -> HttpResponse:  # noqa: FBT001 said by its name
    """Answer 404 to what is not ours, and 503 while the database is away: gateways then call again."""
    if not known:
        return HttpResponse(status=404)
    try:
        work()
    except Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    return HttpResponse(status=204)
