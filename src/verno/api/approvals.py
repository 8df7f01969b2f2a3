"""Doors to what waits for a second person. A key is no person: it brings somebody's word, with their PIN.

The word is given by `points:approve` alone, which a key that adjusts need not have: whoever may give points without
asking anybody has no use for this, and a terminal that brings approvals must not be able to.
"""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.corrections import stored, told
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.tills import vouching
from verno.corrections import queries, service
from verno.corrections.answer import CorrectionAnswer
from verno.corrections.queries import CorrectionView
from verno.corrections.types import By, ByKind, Decision, Refusal, Refused, Status
from verno.intake.types import Approval
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries as members
from verno.web import problems, wire
from verno.web.pages import Place, read_cursor, read_limit
from verno.web.problems import Problem
from verno.workspace import audit, roles, staff
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import Permission
from verno.workspace.types import Key, Scope

router = Router(tags=["corrections"])

NEEDED = Problem(
    "approval-needed",
    403,
    "Somebody of the staff must approve",
    "name somebody who may approve adjustments, with their PIN, in approval",
)


class ApprovalMember(msgspec.Struct, frozen=True):
    """Whose points it is about."""

    id: str


class ApprovalAuthor(msgspec.Struct, frozen=True):
    """Who of the staff asked."""

    id: str
    name: str


class ApprovalPart(msgspec.Struct, frozen=True):
    """An adjustment that waits: ``points`` from the member's side, in the unit's smallest step."""

    id: str
    member: ApprovalMember
    unit: str
    points: int
    reason: str
    expires_at: datetime | None
    asked_at: datetime
    asked_by: ApprovalAuthor


class ApprovalPage(msgspec.Struct, frozen=True):
    """A page, the oldest first; ``next`` goes into ``cursor`` for the one after it."""

    approvals: list[ApprovalPart]
    next: str | None


class ApprovalBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second person: whom the tills call ``staff``, or their e-mail, and their PIN."""

    approval: Approval | None = None


@router.get(
    "/approvals",
    auth=Bearer(Scope.POINTS_APPROVE),
    summary="Adjustments that wait for a second person",
    openapi_extra=shapes.describe(gives={200: ApprovalPage}),
)
def waiting(request: HttpRequest, cursor: str | None = None, limit: str | None = None) -> HttpResponse:
    """Read what waits, the oldest first; ``limit`` is 1 to 200, 50 unless told."""
    size, place, program_id = read_limit(limit), read_cursor(cursor), caller(request).program_id
    with db.transaction(program_id) as conn:
        # One row more than asked tells whether there is a page after this one.
        after = (place.at, place.id) if place else None
        rows = queries.waiting(conn, program_id, after=after, limit=size + 1)
        shown = rows[:size]
        units = {unit.id: unit.code for unit in workspace.units(conn, program_id)}
        survivors = members.survivors(conn, program_id, [row.holder_id for row in shown])
        names = queries.staff_names(conn, program_id, [row.author_id for row in shown])
    following = Place(shown[-1].asked_at, shown[-1].id).encode() if len(rows) > size else None
    parts = [_part(row, units[row.unit_id], survivors.get(row.holder_id), names.get(row.author_id)) for row in shown]
    return answer(ApprovalPage(parts, following))


@router.post(
    "/approvals/{id}:approve",
    auth=Bearer(Scope.POINTS_APPROVE),
    summary="Agree to an adjustment",
    openapi_extra=shapes.describe(takes=ApprovalBody, gives={200: CorrectionAnswer}),
)
def approve(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Post what waits. `approval` names another person of the staff than who asked, and not whose account it is.

    The same word of the same person again is a replay.
    """
    return _decided(request, id, agreed=True)


@router.post(
    "/approvals/{id}:refuse",
    auth=Bearer(Scope.POINTS_APPROVE),
    summary="Refuse an adjustment",
    openapi_extra=shapes.describe(takes=ApprovalBody, gives={200: CorrectionAnswer}),
)
def refuse(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """End what waits: nothing moves. `approval` is as for an agreement."""
    return _decided(request, id, agreed=False)


def _decided(request: HttpRequest, id_: str, *, agreed: bool) -> HttpResponse:
    key = caller(request)
    approval = wire.convert(receive(request), ApprovalBody).approval
    who = vouching.who(key.program_id, approval, Permission.POINTS_APPROVE) if approval else None
    if who is None:
        raise problems.Refused(NEEDED)
    return writing(key.program_id, lambda conn: _decide(conn, key, id_, who, agreed=agreed))


def _decide(conn: Connection, key: Key, id_: str, who: str, *, agreed: bool) -> HttpResponse:
    """Take a person's word, if they may still give it: their PIN was looked at in a transaction before this one."""
    now = clock.now()
    person = staff.find(conn, key.program_id, who)
    if person is None or not roles.may(person, Permission.POINTS_APPROVE):
        raise problems.Refused(NEEDED)
    program = workspace.program(conn, key.program_id)
    outcome = service.decide(conn, program, [Decision(id_, agreed, By(ByKind.STAFF, person.id))], now=now)[0]
    if isinstance(outcome, Refused):
        before = queries.decision(conn, program.id, id_) if outcome.reason is Refusal.ALREADY_RESOLVED else None
        if before is None or (before.decided_by, before.status == Status.POSTED) != (person.id, agreed):
            return told(outcome)
        return stored(before.answer, 200, replayed=True)
    by, about = Actor(ActorKind.KEY, key.id), ("correction", outcome.id)
    audit.record(conn, program.id, by, "adjustment.by-pin", about, now=now, detail=f"staff:{person.id}")
    return stored(outcome.answer, 200)


def _part(row: CorrectionView, unit: str, survivor: str | None, name: str | None) -> ApprovalPart:
    return ApprovalPart(
        *(row.id, ApprovalMember(survivor or row.holder_id), unit, row.points, row.reason),
        *(row.expires_at, row.asked_at, ApprovalAuthor(row.author_id, name or "")),
    )
