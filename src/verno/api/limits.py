"""Doors to limits, and what is said when one of them is full."""

from datetime import UTC, datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.limits import queries, service
from verno.limits.types import Limit, Measure, NewLimit, OverLimit
from verno.limits.types import Refused as NotSet
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Scope

router = Router(tags=["limits"])


class LimitsAnswer(msgspec.Struct, frozen=True):
    """The limits that hold, in the order in which they were set."""

    limits: tuple[Limit, ...]


class LimitsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits that shall hold. One with an ``id`` is kept, without it is new, and what is not named is removed."""

    limits: list[NewLimit]


@router.get(
    "/limits",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="The limits that hold",
    openapi_extra=shapes.describe(gives={200: LimitsAnswer}),
)
def read(request: HttpRequest) -> HttpResponse:
    """Read the limits of the program."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        found = queries.limits(conn, program_id)
    return answer(LimitsAnswer(found))


@router.put(
    "/limits",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Set the limits",
    openapi_extra=shapes.describe(takes=LimitsWanted, gives={200: LimitsAnswer}),
)
def put(request: HttpRequest) -> HttpResponse:
    """Let exactly these limits hold, from now on; in force everywhere within two seconds."""
    key = caller(request)
    wanted = wire.convert(receive(request), LimitsWanted).limits
    if key.places:
        raise Refused(problems.foreign_place())
    by, now = Actor(ActorKind.KEY, key.id), clock.now()

    def work(conn: Connection) -> tuple[Limit, ...]:
        done = service.put(conn, key.program_id, wanted, now=now, by=by)
        if isinstance(done, NotSet):
            raise Refused(_not_set(done))
        return done

    return answer(LimitsAnswer(writing(key.program_id, work)))


def over_limit(over: OverLimit, *, now: datetime) -> Problem:
    """Answer what a hard limit refuses: which limit, how much is left of it, and when it frees up."""
    limit = over.limit
    counted = "receipts" if limit.measure is Measure.RECEIPTS else f"{limit.measure} {limit.unit}"
    there = f" at {limit.place}" if limit.place is not None else ""
    frees_at = over.frees_at.astimezone(UTC)
    until = f"{frees_at:%Y-%m-%dT%H:%M:%SZ}"
    freeing = f"it frees up at {until}" if frees_at > now else f"that {limit.window} was over at {until}"
    detail = (
        f"at most {limit.most} {counted} per {limit.window} and {limit.subject}{there}: {over.left} left, {freeing}"
    )
    more = {"limit": limit, "left": over.left, "frees_at": frees_at}
    return Problem("over-limit", 409, "A limit is in the way", detail, more=more)


def _not_set(refused: NotSet) -> Problem:
    field = f"limits[{refused.position}].{refused.field}" if refused.field else "limits"
    return problems.invalid([(field, refused.detail)])
