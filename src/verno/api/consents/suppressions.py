"""The door to addresses that another system does not write to any more."""

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.imports.suppressions import reading
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.messaging import service as messages
from verno.messaging.types import Brought, Silence, Silenced
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Program, Scope

router = Router(tags=["consents"])

CODES = {Brought.NEW: 201, Brought.LATER: 200, Brought.KNOWN: 200}


class SuppressedAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An e-mail or a phone that is not to be written to, why, and since when (nothing: since now).

    ``at`` without an offset is the program's wall clock.
    """

    address: Annotated[str, Meta(min_length=1, max_length=254)]
    reason: Silence = Silence.UNSUBSCRIBED
    at: datetime | None = None


class SuppressionBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 addresses."""

    suppressions: Annotated[list[SuppressedAddress], Meta(max_length=MAX_BATCH)]


class SuppressionAnswer(msgspec.Struct, frozen=True):
    """What became of an address: ``new``, ``later`` (it is silent already, this was said later), or ``known``."""

    outcome: Brought


class _Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suppressions: Annotated[list[object], Meta(max_length=MAX_BATCH)]


@router.post(
    "/suppressions:batch",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Suppress up to 1,000 addresses",
    openapi_extra=shapes.describe(takes=SuppressionBatch, gives={200: shapes.BatchAnswer}),
)
def store(request: HttpRequest) -> HttpResponse:
    """Answer one result per address, in order; one that is refused does not touch the others.

    Addresses are kept as keyed hashes alone. Sent again, they change nothing.
    """
    key, now = caller(request), clock.now()
    items = wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), _Items).suppressions
    if key.places:
        raise Refused(problems.foreign_place())

    def work(conn: Connection) -> list[Brought | Problem]:
        program = workspace.program(conn, key.program_id)
        lines = [_line(raw, program, now) for raw in items]
        good = [one for one in lines if isinstance(one, Silenced)]
        done = messages.bring(conn, program.id, good, now=now) if good else []
        if fresh := len(done) - done.count(Brought.KNOWN):
            by = Actor(ActorKind.KEY, key.id)
            audit.record(conn, program.id, by, "suppressions.bring", ("messages", "list"), now=now, detail=str(fresh))
        rest = iter(done)
        return [one if isinstance(one, Problem) else next(rest) for one in lines]

    found = writing(key.program_id, work)
    return answer({"results": [_result(one) for one in found]})


def _result(one: Brought | Problem) -> dict[str, object]:
    if isinstance(one, Problem):
        return {"code": one.status, "body": one.body()}
    return {"code": CODES[one], "body": SuppressionAnswer(one)}


def _line(raw: object, program: Program, now: datetime) -> Silenced | Problem:
    if not isinstance(raw, dict):
        return problems.bad_json("the item is not an object")
    try:
        item = wire.convert(raw, SuppressedAddress)
        return reading.silenced(program, item.address, item.reason, item.at, now=now)
    except Refused as refused:
        return refused.problem
    except reading.WrongError as wrong:
        return problems.invalid([wrong.args])
