"""Doors to corrections: adjustments, points between members, points given again, merges and their undoing."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import points, shapes
from verno.api.access import need
from verno.api.doors import JSON, Bearer, caller, receive, refuse, writing
from verno.corrections import service
from verno.corrections.answer import CorrectionAnswer, MergeAnswer, UndoAnswer
from verno.corrections.naming import fingerprint
from verno.corrections.types import (
    Adjustment,
    Asked,
    By,
    ByKind,
    Done,
    Kind,
    NewMerge,
    Outcome,
    Refusal,
    Refused,
    Reinstatement,
    Replayed,
    Transfer,
)
from verno.intake import naming
from verno.intake.types import MemberRef
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries as members
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.workspace import queries as workspace
from verno.workspace.types import Key, Program, Scope

router = Router(tags=["corrections"])

Body = TypeVar("Body", Adjustment, Transfer, Reinstatement)
Verb = Callable[[Connection, Program, Sequence[Asked[Body]]], list[Outcome]]

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
_KEY = re.compile(rf"[\x20-\x7e]{{1,{LONGEST_KEY}}}", re.ASCII)

CREATED, OK, GONE, CONFLICT, UNFIT, FORBIDDEN = 201, 200, 404, 409, 422, 403

TITLES: Mapping[Refusal, tuple[int, str]] = {
    Refusal.IDEMPOTENCY_MISMATCH: (UNFIT, "This key belongs to another request"),
    Refusal.UNKNOWN_UNIT: (UNFIT, "The program has no such points"),
    Refusal.UNKNOWN_REASON: (UNFIT, "The program has no such reason"),
    Refusal.UNKNOWN_MEMBER: (GONE, "Nobody is known by this name"),
    Refusal.NO_POINTS: (UNFIT, "No points are named"),
    Refusal.TIME_OUT_OF_RANGE: (UNFIT, "The time cannot be right"),
    Refusal.INSUFFICIENT_POINTS: (CONFLICT, "The member has too few points"),
    Refusal.TOO_MANY_POINTS: (UNFIT, "These are too many points"),
    Refusal.OVER_LIMIT: (CONFLICT, "This is more than a limit allows"),
    Refusal.NOT_ALLOWED: (CONFLICT, "The program does not allow this"),
    Refusal.OWN_ACCOUNT: (FORBIDDEN, "Nobody corrects their own account"),
    Refusal.SECOND_PERSON: (FORBIDDEN, "Somebody else has to decide"),
    Refusal.UNKNOWN: (GONE, "There is nothing here"),
    Refusal.ALREADY_RESOLVED: (CONFLICT, "This has been resolved before"),
    Refusal.NOTHING_EXPIRED: (CONFLICT, "There is nothing to give again"),
    Refusal.SAME_MEMBER: (UNFIT, "Both are the same member"),
    Refusal.ALREADY_MERGED: (CONFLICT, "The member was merged before"),
    Refusal.MERGED_SINCE: (CONFLICT, "The survivor was merged further"),
    Refusal.OPEN_HOLDS: (CONFLICT, "Points are set aside for a purchase"),
    Refusal.UNDO_OVER: (CONFLICT, "The merge can no longer be undone"),
    Refusal.TWO_HOUSEHOLDS: (CONFLICT, "The members are in two households"),
    Refusal.NOT_IN_HOUSEHOLD: (CONFLICT, "The member is not in this household"),
    Refusal.ALREADY_BROUGHT: (CONFLICT, "The lot was brought along before"),
}
"""Status and title of each refusal; the refusal's own word is the problem's type."""


class MergeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Into whom."""

    into: MemberRef


def keyed(**description: object) -> dict[str, object]:
    """Return a door's description with the header that it needs."""
    out = shapes.describe(**description)  # type: ignore[arg-type]
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
    words = "Names this request for ever: sent again it happens no second time and is answered with the same bytes."
    out["parameters"] = [{"in": "header", "name": HEADER, "required": True, "schema": schema, "description": words}]
    return out


@router.post(
    "/members/{id}/adjustments",
    auth=Bearer(Scope.POINTS_ADJUST),
    summary="Give or take points for a reason",
    openapi_extra=keyed(takes=Adjustment, gives={CREATED: CorrectionAnswer, OK: CorrectionAnswer}),
)
def adjust(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Post points above 0 as given, below 0 as taken. Whoever holds the key needs no second person."""
    body = wire.convert(receive(request), Adjustment)
    return _corrected(request, id, Kind.ADJUSTMENT, body, partial(service.adjust, now=clock.now()))


@points.router.post(  # where the same address is read
    "/members/{id}/transfers",
    auth=Bearer(Scope.POINTS_SPEND),
    summary="Send points to another member",
    openapi_extra=keyed(takes=Transfer, gives={CREATED: CorrectionAnswer, OK: CorrectionAnswer}),
)
def transfer(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Move available points; they keep their ends. Off unless the setting `transfers.between_members` is on."""
    body = wire.convert(receive(request), Transfer)
    verb = partial(service.transfer, now=clock.now())
    return _corrected(request, id, Kind.TRANSFER, body, verb, to=body.to)


@router.post(
    "/members/{id}/reinstatements",
    auth=Bearer(Scope.POINTS_ADJUST),
    summary="Give expired points again",
    openapi_extra=keyed(takes=Reinstatement, gives={CREATED: CorrectionAnswer, OK: CorrectionAnswer}),
)
def reinstate(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Give again all that has expired within the unit's `points.reinstate_days`; it lives as many days more."""
    body = wire.convert(receive(request), Reinstatement)
    return _corrected(request, id, Kind.REINSTATEMENT, body, partial(service.reinstate, now=clock.now()))


@router.post(
    "/members/{id}/merge",
    auth=Bearer(Scope.POINTS_ADJUST),
    summary="Make two members one",
    openapi_extra=shapes.describe(takes=MergeBody, gives={CREATED: MergeAnswer, OK: MergeAnswer}),
)
def merge(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Move points, debts and contacts to `into`; whoever names the merged member means that one from here on.

    The same merge again is a replay. Needs the scope `members:write` too.
    """
    key = caller(request)
    need(key, Scope.MEMBERS_WRITE)
    body = wire.convert(receive(request), MergeBody)
    now = clock.now()

    def work(conn: Connection) -> HttpResponse:
        program = workspace.program(conn, key.program_id)
        into = named_by(conn, program, body.into, "into")
        outcome = service.merge(conn, program, [NewMerge(id, into, by_key(key))], now=now)[0]
        if isinstance(outcome, Refused):
            return told(outcome)
        return stored(outcome.answer, OK if outcome.replayed else CREATED, replayed=outcome.replayed)

    return writing(key.program_id, work)


@router.post(
    "/merges/{id}:undo",
    auth=Bearer(Scope.POINTS_ADJUST),
    summary="Make two members of one again",
    openapi_extra=shapes.describe(gives={OK: UndoAnswer}),
)
def undo(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Send home what the moved points still hold, within 30 days. Needs the scope `members:write` too."""
    key = caller(request)
    need(key, Scope.MEMBERS_WRITE)
    now = clock.now()

    def work(conn: Connection) -> HttpResponse:
        program = workspace.program(conn, key.program_id)
        outcome = service.undo(conn, program, id, by_key(key), now=now)
        if isinstance(outcome, Refused):
            return told(outcome)
        return stored(outcome.answer, OK, replayed=outcome.replayed)

    return writing(key.program_id, work)


def _corrected(
    request: HttpRequest, named: str, kind: Kind, body: Body, verb: Verb[Body], *, to: MemberRef | None = None
) -> HttpResponse:
    """Do a keyed correction of the member that the address names."""
    key = caller(request)
    name = key_of(request)

    def work(conn: Connection) -> HttpResponse:
        program = workspace.program(conn, key.program_id)
        holder = _holder(conn, program, named)
        to_id = named_by(conn, program, to, "to") if to else None
        asked = Asked(holder, body, f"api/{name}", fingerprint(kind, named, body), by_key(key), to_id)
        return reply_to(verb(conn, program, [asked])[0])

    return writing(key.program_id, work)


def key_of(request: HttpRequest) -> str:
    """Return the idempotency key; raises ``Refused`` (400). Keys are the program's: a rotated API key replays too."""
    name = request.headers.get(HEADER, "").strip()
    if not _KEY.fullmatch(name):
        detail = f"send the header {HEADER}: 1 to {LONGEST_KEY} printable ASCII characters of your own choice"
        raise problems.Refused(Problem("idempotency-key-needed", 400, "The request does not name itself", detail))
    return name


def _holder(conn: Connection, program: Program, id_: str) -> str:
    found = members.find_holders(conn, program.id, [("id", id_)]).get(("id", id_))
    if found is None:
        raise problems.Refused(_problem(Refused(Refusal.UNKNOWN_MEMBER, "", "")))
    return found


def named_by(conn: Connection, program: Program, ref: MemberRef, field: str) -> str:
    """Return the member that a reference names; raises ``Refused`` (404, 422)."""
    key = naming.member_key(ref, program_id=program.id, country=program.country)
    if isinstance(key, str):
        raise problems.Refused(problems.invalid([(field, key)]))
    found = members.find_holders(conn, program.id, [key]).get(key)
    if found is None:
        raise problems.Refused(_problem(Refused(Refusal.UNKNOWN_MEMBER, field, f"no member has this {key[0]}")))
    return found


def by_key(key: Key) -> By:
    """Return who corrects with an API key."""
    return By(ByKind.KEY, key.id)


def reply_to(outcome: Outcome) -> HttpResponse:
    """Answer what became of a correction."""
    if isinstance(outcome, Refused):
        return told(outcome)
    if isinstance(outcome, Replayed):
        return stored(outcome.answer, OK, replayed=True)
    assert isinstance(outcome, Done)  # noqa: S101 nothing else is left
    return stored(outcome.answer, CREATED)


def stored(body: bytes, status: int, *, replayed: bool = False) -> HttpResponse:
    """Answer with the bytes that are kept; a replay says that it is one."""
    response = HttpResponse(body, status=status, content_type=JSON)
    if replayed:
        response["Idempotent-Replay"] = "true"
    return response


def told(refused: Refused) -> HttpResponse:
    """Answer what corrections refused."""
    return refuse(_problem(refused))


def _problem(refused: Refused) -> Problem:
    status, title = TITLES[refused.reason]
    errors = ((refused.field, refused.detail),) if refused.field else ()
    return Problem(refused.reason, status, title, refused.detail or None, errors=errors)
