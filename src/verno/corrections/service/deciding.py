"""A second person's word on adjustments above the limit: only then are they posted, or never."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.corrections.queries import SQL
from verno.corrections.service import counting, people, street
from verno.corrections.service.adjusting import entries
from verno.corrections.service.street import Case, Frame
from verno.corrections.types import (
    Adjustment,
    Asked,
    By,
    ByKind,
    Decision,
    Done,
    Kind,
    Outcome,
    Refusal,
    Refused,
    Status,
)
from verno.kit import batches, outbox
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.ledger import queries as ledger_queries
from verno.members import queries as members
from verno.workspace.types import Program

REFUSED = "adjustment.refused.v1"


class _Row(msgspec.Struct, frozen=True):
    id: str
    holder_id: str
    status: str
    key: str
    fingerprint: str
    unit_id: str
    points: int
    reason: str
    expires_at: datetime | None
    author_kind: str
    author_id: str
    answer: bytes


def decide(conn: Connection, program: Program, decisions: Sequence[Decision], *, now: datetime) -> list[Outcome]:
    """Post waiting adjustments that somebody else agrees to, and end those that they do not: one outcome per item.

    Refusals: ``unknown-correction``, ``already-resolved``, ``second-person-needed`` (the author decides),
    ``own-account`` (the beneficiary decides); ``insufficient-points``, ``over-limit``, ``too-many-points`` and
    ``time-out-of-range`` (its end has come) leave the adjustment waiting. The round trips do not grow with the batch,
    but for the audit's lines.
    """
    frame = street.open_frame(conn, program, Kind.ADJUSTMENT, now=now)
    rows = _lock(conn, program.id, decisions)
    survivors = members.survivors(conn, program.id, [row.holder_id for row in rows.values()])
    own = people.own_accounts(conn, program.id, [one.by.id for one in decisions])
    outcomes: list[Outcome | None] = [None] * len(decisions)
    seen: set[str] = set()
    agreed: list[Case[Adjustment]] = []
    ended: list[Case[Adjustment]] = []
    for i, decision in enumerate(decisions):
        row = rows.get(decision.id)
        refused = _refusal(row, decision, own, survivors, seen) or _over(row, decision, now)
        if refused is not None or row is None:
            outcomes[i] = refused
            continue
        seen.add(decision.id)
        case = _case(frame, i, row, survivors)
        (agreed if decision.agreed else ended).append(case)
    for case in agreed:
        case.entries = entries(frame, case)
    refusals = counting.post(frame, agreed)
    for case in agreed:
        if case.id in refusals:
            outcomes[case.index] = refusals[case.id]
    for case in ended:
        case.status = Status.REFUSED
    _finish(frame, decisions, [case for case in (*agreed, *ended) if outcomes[case.index] is None], outcomes)
    return [outcome for outcome in outcomes if outcome is not None]


def _lock(conn: Connection, program_id: str, decisions: Sequence[Decision]) -> dict[str, _Row]:
    ids = sorted({decision.id for decision in decisions if is_id(decision.id)})
    found = conn.execute(SQL["lock_corrections"], {"ids": batches.rows(ids), "program": program_id}).fetchall()
    return {row[0]: _Row(*row) for row in found}


def _refusal(
    row: _Row | None,
    decision: Decision,
    own: dict[str, set[str]],
    survivors: dict[str, str],
    seen: set[str],
) -> Refused | None:
    if row is None:
        return Refused(Refusal.UNKNOWN, "id", "there is no such adjustment")
    if row.status != Status.WAITING or row.id in seen:
        return Refused(Refusal.ALREADY_RESOLVED, "", "somebody has decided already")
    if decision.by.kind is not ByKind.STAFF or decision.by.id == row.author_id:
        return Refused(Refusal.SECOND_PERSON, "", "another person than the one who asked has to decide")
    if survivors.get(row.holder_id, row.holder_id) in own.get(decision.by.id, ()):
        return Refused(Refusal.OWN_ACCOUNT, "", "nobody decides about their own account")
    return None


def _over(row: _Row | None, decision: Decision, now: datetime) -> Refused | None:
    """Refuse to give what would be over at once; it may still be refused for good."""
    if row is None or not decision.agreed or row.expires_at is None or row.expires_at > now:
        return None
    return Refused(Refusal.TIME_OUT_OF_RANGE, "expires_at", "their end has come while they waited")


def _case(frame: Frame, index: int, row: _Row, survivors: dict[str, str]) -> Case[Adjustment]:
    unit = next(unit for unit in frame.units.values() if unit.id == row.unit_id)
    body = Adjustment(unit.code, row.points, row.reason, row.expires_at)
    by = By(ByKind(row.author_kind), row.author_id)
    asked = Asked(row.holder_id, body, row.key, row.fingerprint, by)
    holder = survivors.get(row.holder_id, row.holder_id)
    return Case(index, asked, row.id, holder, unit, row.points, row.reason, expires_at=row.expires_at)


def _finish(
    frame: Frame, decisions: Sequence[Decision], cases: Sequence[Case[Adjustment]], outcomes: list[Outcome | None]
) -> None:
    if not cases:
        return
    found = ledger_queries.balances(frame.conn, sorted({case.holder_id for case in cases}), now=frame.now)
    rows, events = [], []
    for case in cases:
        case.balances = found.get(case.holder_id, [])
        reply = street.reply_to(frame, case)
        by = decisions[case.index].by
        rows.append({"id": case.id, "status": case.status, "decided_by": by.id, "answer": reply.hex()})
        type_ = street.EVENTS[frame.kind] if case.status is Status.POSTED else REFUSED
        events.append(street.event_of(frame, case, type_))
        outcomes[case.index] = Done(case.id, case.status, reply)
        street.note(frame, case, by)
    frame.conn.execute(SQL["decide_corrections"], {"rows": batches.rows(rows), "now": frame.now})
    outbox.append(frame.conn, events)
