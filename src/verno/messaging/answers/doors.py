"""Addresses that an SMS gateway and Telegram call: what became of a text, what somebody wrote. Signed by us, all."""

from collections.abc import Callable

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.messaging.answers import chats, hearing, strangers
from verno.messaging.channels.sms import gateway
from verno.messaging.channels.telegram import updates

MOST_QUERY = 8192
MOST_UPDATE = 65_536
"""Bytes of an update that are read; one with the longest text takes a third of it."""


@require_GET
def text_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Take what became of the text that the token names."""
    receipt = gateway.receipt(token, _query(request), now=clock.now())
    return _done(request, receipt is not None, lambda: hearing.hear([receipt] if receipt else [], []))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def text_words(request: HttpRequest, secret: str) -> HttpResponse:
    """Take what somebody wrote to our number; the secret opens this door, before the body is looked at."""
    words = None
    if gateway.is_ours(secret):
        if int(request.headers.get("Content-Length") or 0) > MOST_UPDATE:
            return HttpResponse(status=413)
        form = request.content_type == "application/x-www-form-urlencoded"
        words = gateway.heard(_query(request), now=clock.now(), body=request.body, form=form)
    return _done(request, words is not None, lambda: hearing.hear([], [words] if words else []))


@csrf_exempt
@require_POST
def telegram(request: HttpRequest) -> HttpResponse:
    """Take an update of the bot; the secret in its header is what opens this door, before the body is looked at.

    What the bot says at once is the body of our answer, so that it costs no call.
    """
    if not updates.is_telegrams(request.headers.get(updates.SECRET_HEADER)):
        return HttpResponse(status=429 if strangers.is_too_many(request) else 401)
    if int(request.headers.get("Content-Length") or 0) > MOST_UPDATE:
        return HttpResponse(status=413)
    try:
        said = chats.take(updates.read(request.body, now=clock.now()))
    except Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    if said is None:
        return HttpResponse(status=200)
    body = {"method": "sendMessage", "chat_id": said.chat_id, "text": said.text}
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")


def _query(request: HttpRequest) -> str:
    return str(request.META.get("QUERY_STRING", ""))[:MOST_QUERY]


def _done(request: HttpRequest, known: bool, work: Callable[[], None]) -> HttpResponse:  # noqa: FBT001 said by its name
    """Answer 404 to what is not ours, and 503 while the database is away: gateways then call again."""
    if not known:
        return HttpResponse(status=429 if strangers.is_too_many(request) else 404)
    try:
        work()
    except Unavailable:
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    return HttpResponse(status=204)
