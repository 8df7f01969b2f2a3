"""Doors to an endpoint's log: read it, have some of it sent again."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, receive, writing
from verno.api.webhooks.endpoints import by, told, whole
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.pages import read_limit
from verno.web.problems import Refused
from verno.webhooks import queries, service
from verno.webhooks.events import cursor_of, read_cursor
from verno.webhooks.types import EVENT_TYPES, TEST_EVENT, Delivery, DeliveryState, Position, Replay
from verno.workspace.types import Scope

router = Router(tags=["webhooks"])

E = TypeVar("E", bound=StrEnum)


class DeliveryAnswer(msgspec.Struct, frozen=True):
    """One event at one endpoint: how the last try was answered, and when the next comes while it waits."""

    event: str
    type: str
    state: DeliveryState
    attempts: int
    status: int | None
    response: str | None
    next_try_at: datetime | None
    created_at: datetime
    changed_at: datetime


class DeliveryPage(msgspec.Struct, frozen=True):
    """A page, the newest event first; ``next`` goes into ``cursor`` for the one after it."""

    deliveries: list[DeliveryAnswer]
    next: str | None


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries are sent again."""

    replayed: int


@router.get(
    "/webhooks/{id}/deliveries",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="The log of an endpoint",
    openapi_extra=shapes.describe(gives={200: DeliveryPage}),
)
def log(
    request: HttpRequest,
    id: str,  # noqa: A002 the address's own word
    state: str | None = None,
    type: str | None = None,  # noqa: A002 the same
    cursor: str | None = None,
    limit: str | None = None,
) -> HttpResponse:
    """Read what an endpoint was told, is told and will be told; `state` and `type` choose, `limit` is 1 to 200."""
    key, size, before, wanted = whole(request), read_limit(limit), place(cursor), one_of(DeliveryState, "state", state)
    if type and type not in {*EVENT_TYPES, TEST_EVENT}:
        raise Refused(problems.invalid([("type", f"there is no event {type[:80]}")]))
    with db.transaction(key.program_id) as conn:
        told(queries.endpoint(conn, key.program_id, id))
        rows = queries.deliveries(conn, key.program_id, id, before=before, state=wanted, type_=type, limit=size + 1)
    shown = rows[:size]
    following = cursor_of(shown[-1].position) if len(rows) > size else None
    return answer(DeliveryPage([_told(row) for row in shown], following))


@router.post(
    "/webhooks/{id}:replay",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Send events again",
    openapi_extra=shapes.describe(takes=Replay, gives={200: Replayed}),
)
def replay(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Send again the `events` named, or what came to the log from `since` on and before `until`, under the same ids.

    `state` chooses those in one state, as `failed`. At most 100,000 at a time, the oldest first.
    """
    key, wanted = whole(request), wire.convert(receive(request), Replay)
    naive = [name for name in ("since", "until") if (at := getattr(wanted, name)) is not None and at.tzinfo is None]
    if naive:
        raise Refused(problems.invalid([(naive[0], "write a time with its offset, as 2026-11-25T12:00:00Z")]))
    if wanted.events is None and wanted.since is None:
        raise Refused(problems.invalid([("since", "say since when, or name events")]))

    def work(conn: Connection) -> int:
        return told(service.replay(conn, key.program_id, id, wanted, now=clock.now(), by=by(key)))

    return answer(Replayed(writing(key.program_id, work)))


def place(cursor: str | None, field: str = "cursor") -> Position | None:
    """Return the position of a cursor; raises ``Refused`` (422) for a text that we did not make."""
    found = read_cursor(cursor) if cursor else None
    if cursor and found is None:
        raise Refused(problems.invalid([(field, "not a cursor of ours")]))
    return found


def one_of(kind: type[E], field: str, text: str | None) -> E | None:
    """Return the word that a parameter says; raises ``Refused`` (422) for another one."""
    if not text:
        return None
    if text not in set(kind):
        raise Refused(problems.invalid([(field, f"one of {', '.join(kind)}")]))
    return kind(text)


def _told(row: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        event=row.event,
        type=row.type,
        state=row.state,
        attempts=row.attempts,
        status=row.status,
        response=row.response,
        next_try_at=row.due_at if row.state is DeliveryState.WAITING else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
