"""Doors to broadcasts: drafts, where one stands, what it did, pausing and ending one.

A key can neither approve nor launch: who sends to many is a person, recorded by name.
"""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, receive, writing
from verno.api.webhooks.endpoints import by, whole
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.messaging.broadcasts import queries, service
from verno.messaging.broadcasts import results as counted
from verno.messaging.broadcasts.types import (
    Broadcast,
    BroadcastRefusal,
    BroadcastState,
    Funnel,
    Lift,
    NewBroadcast,
    Refused,
    Result,
    Verdict,
)
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.web.problems import Refused as Told
from verno.workspace.types import Scope

router = Router(tags=["broadcasts"])

PAGE = 100
TITLES = {
    BroadcastRefusal.WRONG_STATE: "The broadcast's state does not allow it",
    BroadcastRefusal.CHANGED_MEANWHILE: "Somebody has changed the broadcast meanwhile",
    BroadcastRefusal.SAME_VARIANT: "Two variants have the same code",
    BroadcastRefusal.SAME_CHANNEL: "A channel is named twice",
    BroadcastRefusal.UNKNOWN_TOPIC: "There is no such topic",
    BroadcastRefusal.TOPIC_NOT_FOR_MANY: "Broadcasts are of topics of the program or of marketing",
    BroadcastRefusal.UNKNOWN_CHANNEL: "There is no such channel",
    BroadcastRefusal.BAD_CONDITION: "The condition cannot be read",
    BroadcastRefusal.NO_RIVALS: "A winner needs two variants",
    BroadcastRefusal.BAD_MOMENT: "The moment is too far away",
}
CONFLICTS = frozenset({BroadcastRefusal.WRONG_STATE, BroadcastRefusal.CHANGED_MEANWHILE})


class BroadcastEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft anew; ``version`` is the one that was read."""

    version: int
    wanted: NewBroadcast


class BroadcastShown(msgspec.Struct, frozen=True):
    """A broadcast: ``audience`` counted when it is frozen, ``cost`` in minor units, people as the audit names them."""

    id: str
    state: BroadcastState
    version: int
    wanted: NewBroadcast
    created_at: datetime
    approved_by: str | None
    launched_by: str | None
    launched_at: datetime | None
    starts_at: datetime | None
    frozen_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    audience: int | None
    winner: Verdict | None
    cost: int


class BroadcastList(msgspec.Struct, frozen=True):
    """The newest broadcasts of a program, at most a hundred."""

    broadcasts: list[BroadcastShown]


class BroadcastResults(msgspec.Struct, frozen=True):
    """What a broadcast did: its audience by state, the funnel by variant and channel, money in minor units.

    ``lift`` compares revenue a member with the held-out, in thousandths of a minor unit; null without a holdout.
    """

    by_state: dict[str, int]
    withheld: dict[str, int]
    funnels: list[Funnel]
    buyers: int
    revenue: int
    lift: Lift | None
    cost: int
    saved: int
    until: datetime


@router.get(
    "/broadcasts",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Broadcasts",
    openapi_extra=shapes.describe(gives={200: BroadcastList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read the newest broadcasts of the program."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        found = queries.broadcasts(conn, key.program_id, limit=PAGE)
    return answer(BroadcastList([shown(one) for one in found]))


@router.post(
    "/broadcasts",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Draft a broadcast",
    openapi_extra=shapes.describe(takes=NewBroadcast, gives={201: BroadcastShown}),
)
def create(request: HttpRequest) -> HttpResponse:
    """Store a draft. A person approves and launches it, in the console."""
    key, wanted = whole(request), wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), NewBroadcast)

    def work(conn: Connection) -> Broadcast:
        return told(service.create(conn, key.program_id, [wanted], by=by(key), now=clock.now())[0])

    return answer(shown(writing(key.program_id, work)), status=201)


@router.get(
    "/broadcasts/{id}/results",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="What a broadcast did",
    openapi_extra=shapes.describe(gives={200: BroadcastResults}),
)
def results(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read the funnel, the cost, and what the members bought against the held-out."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        one = _found(conn, key.program_id, id)
        found = counted.results(conn, key.program_id, one, now=clock.now())
    return answer(
        BroadcastResults(
            dict(found.progress.by_state),
            dict(found.progress.withheld),
            found.funnels,
            found.exposed.buyers,
            found.exposed.revenue,
            found.lift,
            found.cost,
            found.saved,
            found.until,
        )
    )


@router.post(
    "/broadcasts/{id}:pause",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Pause a broadcast",
    openapi_extra=shapes.describe(gives={200: BroadcastShown}),
)
def pause(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Hold a broadcast: nothing more of it leaves until a person lets it go on."""
    key = whole(request)

    def work(conn: Connection) -> Broadcast:
        return told(service.pause(conn, key.program_id, id, by=by(key), now=clock.now()))

    return answer(shown(writing(key.program_id, work)))


@router.post(
    "/broadcasts/{id}:cancel",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="End a broadcast",
    openapi_extra=shapes.describe(gives={200: BroadcastShown}),
)
def cancel(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """End a broadcast for good: what has not left stays here."""
    key = whole(request)

    def work(conn: Connection) -> Broadcast:
        return told(service.cancel(conn, key.program_id, id, by=by(key), now=clock.now()))

    return answer(shown(writing(key.program_id, work)))


@router.get(
    "/broadcasts/{id}",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Read a broadcast",
    openapi_extra=shapes.describe(gives={200: BroadcastShown}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read one broadcast."""
    key = whole(request)
    with db.transaction(key.program_id) as conn:
        return answer(shown(_found(conn, key.program_id, id)))


@router.put(
    "/broadcasts/{id}",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Change a draft",
    openapi_extra=shapes.describe(takes=BroadcastEdit, gives={200: BroadcastShown}),
)
def edit(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Write a draft anew; an approval given before falls."""
    key, said = whole(request), wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), BroadcastEdit)

    def work(conn: Connection) -> Broadcast:
        done = service.edit(conn, key.program_id, id, said.wanted, based_on=said.version, by=by(key), now=clock.now())
        return told(done)

    return answer(shown(writing(key.program_id, work)))


def told(result: Result) -> Broadcast:
    """Return what was done; raises ``Refused``: 404 when there is no such broadcast, 409 or 422 for why not."""
    if not isinstance(result, Refused):
        return result.broadcast
    if result.reason is BroadcastRefusal.UNKNOWN:
        raise Told(problems.not_found())
    status = 409 if result.reason in CONFLICTS else 422
    title = TITLES.get(result.reason, "That cannot be done")
    raise Told(Problem(result.reason, status, title, result.detail or title))


def shown(one: Broadcast) -> BroadcastShown:
    """Return a broadcast as a key sees it."""
    return msgspec.convert(one, BroadcastShown, from_attributes=True)


def _found(conn: Connection, program_id: str, id_: str) -> Broadcast:
    one = queries.broadcast(conn, program_id, id_)
    if one is None:
        raise Told(problems.not_found())
    return one
