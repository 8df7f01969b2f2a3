"""Doors to sources: whose signed events are taken at ``/hooks/{id}``, and what they sent last."""

from datetime import datetime
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, receive, writing
from verno.api.webhooks.endpoints import WebhookDeleted, by, whole
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.pages import read_limit
from verno.web.problems import Problem, Refused
from verno.webhooks.receiving import service
from verno.webhooks.receiving.types import (
    IncomingView,
    MadeSource,
    NewSource,
    Source,
    SourceChange,
    SourceRefusal,
    SourceRefused,
)
from verno.workspace.types import Scope

router = Router(tags=["webhooks"])

T = TypeVar("T")

TITLES = {
    SourceRefusal.BAD_NAME: "The name is not acceptable",
    SourceRefusal.NAME_TAKEN: "There is a source of this name",
    SourceRefusal.BAD_SECRET: "This is no secret",
    SourceRefusal.TOO_MANY: "There are too many sources",
}


class SourceAnswer(msgspec.Struct, frozen=True):
    """A source: the ``url`` that it sends to, how many events came in the last 30 days, the last one when."""

    id: str
    name: str
    url: str
    events: int
    last_at: datetime | None
    created_at: datetime


class SourceList(msgspec.Struct, frozen=True):
    """The sources of a program, the oldest first."""

    sources: list[SourceAnswer]


class SourceSecret(msgspec.Struct, frozen=True):
    """A new source with its secret, which is shown this once."""

    source: SourceAnswer
    secret: str


class IncomingList(msgspec.Struct, frozen=True):
    """What a source sent last, newest first."""

    events: list[IncomingView]


@router.get(
    "/webhook-sources",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Whose events are taken",
    openapi_extra=shapes.describe(gives={200: SourceList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read the sources of the program, without their secrets."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        return answer(SourceList([_shown(one) for one in service.sources(conn, key.program_id)]))


@router.post(
    "/webhook-sources",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Take somebody's events",
    openapi_extra=shapes.describe(takes=NewSource, gives={201: SourceSecret}),
)
def add(request: HttpRequest) -> HttpResponse:
    """Add a source that signs as Standard Webhooks says, with the `secret` it shows, or with one made here."""
    key, wanted = whole(request), wire.convert(receive(request), NewSource)

    def work(conn: Connection) -> MadeSource:
        return _done(service.add(conn, key.program_id, wanted, now=clock.now(), by=by(key)))

    made = writing(key.program_id, work)
    return answer(SourceSecret(_shown(made.source), made.secret), status=201)


@router.patch(
    "/webhook-sources/{id}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Change a source's secret",
    openapi_extra=shapes.describe(takes=SourceChange, gives={200: SourceAnswer}),
)
def change(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Check the source with the secret that it has changed to. Its address stays."""
    key, secret = whole(request), wire.convert(receive(request), SourceChange).secret

    def work(conn: Connection) -> Source:
        return _done(service.change_secret(conn, key.program_id, id, secret, now=clock.now(), by=by(key)))

    return answer(_shown(writing(key.program_id, work)))


@router.delete(
    "/webhook-sources/{id}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Take nothing more from a source",
    openapi_extra=shapes.describe(gives={200: WebhookDeleted}),
)
def delete(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Delete a source with what it sent."""
    key = whole(request)

    def work(conn: Connection) -> None:
        if not service.delete(conn, key.program_id, id, now=clock.now(), by=by(key)):
            raise Refused(problems.not_found())

    writing(key.program_id, work)
    return answer(WebhookDeleted(id))


@router.get(
    "/webhook-sources/{id}/events",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="What a source sent last",
    openapi_extra=shapes.describe(gives={200: IncomingList}),
)
def events(request: HttpRequest, id: str, limit: str | None = None) -> HttpResponse:  # noqa: A002 the address's own word
    """Read ids, types and states: `stored` where nobody handles the type, `stale` where a later state had come."""
    key, size = whole(request), read_limit(limit)
    with db.transaction(key.program_id) as conn:
        if service.source(conn, key.program_id, id) is None:
            raise Refused(problems.not_found())
        return answer(IncomingList(service.incoming(conn, key.program_id, id, limit=size)))


def _done(result: T | SourceRefused | None) -> T:
    """Return what was done; raises ``Refused``: 404 when there is no such source, else why not."""
    if result is None:
        raise Refused(problems.not_found())
    if isinstance(result, SourceRefused):
        status = 422 if result.reason in {SourceRefusal.BAD_NAME, SourceRefusal.BAD_SECRET} else 409
        detail = f"{result.field}: {result.detail}" if result.field else result.detail
        errors = ((result.field, result.detail),)
        raise Refused(Problem(result.reason, status, TITLES[result.reason], detail, errors=errors))
    return result


def _shown(one: Source) -> SourceAnswer:
    url = config.public_url() + one.path
    return SourceAnswer(one.id, one.name, url, one.events, one.last_at, one.created_at)
