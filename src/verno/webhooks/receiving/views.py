"""The door ``/hooks/<source>``: no cookie, no key; the signature over the bytes is what opens it."""

import uuid
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import RETRYABLE
from verno.kit.errors import Unavailable
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.webhooks.queries import SQL
from verno.webhooks.receiving import service
from verno.webhooks.receiving.types import Handlers, IncomingState

HEADERS = ("Webhook-Id", "Webhook-Timestamp", "Webhook-Signature")
NOT_GENUINE = Problem("not-genuine", 401, "The signature does not open this, or the message is not of these minutes")
OTHER_METHOD = Problem("method-not-allowed", 405, "This address takes other methods", "POST")


def door(handlers: Handlers) -> Callable[[HttpRequest, uuid.UUID], HttpResponse]:
    """Return the view that takes events, and hands them to ``handlers``."""

    @csrf_exempt
    def receive(request: HttpRequest, source_id: uuid.UUID) -> HttpResponse:
        """Take one event: 204 once it is stored, a copy too; 401 for what is not genuine, and nothing is written."""
        if request.method != "POST":
            return _refuse(OTHER_METHOD, {"Allow": "POST"})
        body = _body(request)
        if isinstance(body, Problem):
            return _refuse(body)
        headers = tuple(request.headers.get(name, "") for name in HEADERS)
        try:
            return _taken(str(source_id), (headers[0], headers[1], headers[2]), body, handlers)
        except (Unavailable, *RETRYABLE):
            return _refuse(problems.unavailable("try again in a moment"), {"Retry-After": "1"})

    return receive


def _taken(source_id: str, headers: tuple[str, str, str], body: bytes, handlers: Handlers) -> HttpResponse:
    now = clock.now()
    with db.across_programs() as conn:  # whose source it is says the source
        row = conn.execute(SQL["find_source"], {"id": source_id}).fetchone()
    event = service.genuine(bytes(row[1]), source_id, headers, body, now=now) if row else None
    if row is None or event is None:
        return _refuse(NOT_GENUINE)
    program_id, genuine = str(row[0]), event

    def work() -> IncomingState | None:
        with db.transaction(program_id) as conn:
            return service.take(conn, program_id, genuine, handlers, now=now)

    db.retrying(work)
    return HttpResponse(status=204)


def _body(request: HttpRequest) -> bytes | Problem:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > wire.MAX_OBJECT:
        return problems.too_large(wire.MAX_OBJECT)
    try:
        body = request.body
    except RequestDataTooBig:
        return problems.too_large(wire.MAX_OBJECT)
    except UnreadablePostError:
        return problems.bad_json("the body did not arrive whole")
    return problems.too_large(wire.MAX_OBJECT) if len(body) > wire.MAX_OBJECT else body


def _refuse(problem: Problem, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(problem.encoded(), status=problem.status, content_type=problems.CONTENT_TYPE, headers=headers)
