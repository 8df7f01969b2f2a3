"""Points from one member to another, by the first one's will: through the clearing account, and never younger.

A spend eats the lots that end first; what arrives keeps their very ends, lot by lot. So points cannot be washed: sent
to and fro they end when they would have ended anyway. Points of a unit whose account slides keep the sender's end.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from verno.corrections.queries import SQL
from verno.corrections.service import street
from verno.corrections.service.street import Case, Frame
from verno.corrections.types import Asked, Kind, Outcome, Refusal, Refused, Transfer
from verno.kit import batches
from verno.kit.db import Connection
from verno.ledger.types import Earn, Entry, Spend, TransferKind
from verno.workspace import registry
from verno.workspace.types import Program

REASON = "between-members"


class _Part(msgspec.Struct):
    """Points that end together."""

    points: int
    ends_at: datetime | None


Lots: TypeAlias = dict[tuple[str, str], list[_Part]]
"""What holders can send of a unit, in the order in which a spend eats it."""


def transfer(conn: Connection, program: Program, asked: Sequence[Asked[Transfer]], *, now: datetime) -> list[Outcome]:
    """Move available points between members: one outcome per item, in order.

    Refusals: ``not-allowed`` (the setting ``transfers.between_members``), ``unknown-unit``, ``same-member``,
    ``insufficient-points``, ``over-limit`` (the receiver may not hold so much), ``too-many-points``,
    ``idempotency-mismatch``. The round trips do not grow with the batch.
    """
    frame = street.open_frame(conn, program, Kind.TRANSFER, now=now)
    outcomes: list[Outcome | None] = [None] * len(asked)
    fresh, twins = street.sort_out(frame, asked, outcomes)
    allowed = frame.settings.value(registry.BETWEEN_MEMBERS)
    cases: list[Case[Transfer]] = []
    for i, one, id_ in fresh:
        judged = _judge(frame, i, one, id_, allowed=allowed)
        if isinstance(judged, Refused):
            outcomes[i] = judged
        else:
            cases.append(judged)
    if cases:
        _share(frame, cases)
        for id_, result in street.post(frame, cases).items():
            if isinstance(result, Refused):
                outcomes[next(case.index for case in cases if case.id == id_)] = result
    street.finish(frame, [case for case in cases if outcomes[case.index] is None], outcomes)
    return street.answer_twins(asked, outcomes, twins)


def _judge(frame: Frame, index: int, asked: Asked[Transfer], id_: str, *, allowed: bool) -> Case[Transfer] | Refused:
    if not allowed:
        words = f"members may send points only where the setting {registry.BETWEEN_MEMBERS.key} is on"
        return Refused(Refusal.NOT_ALLOWED, "", words)
    unit = street.unit_of(frame, asked.body.unit)
    if isinstance(unit, Refused):
        return unit
    if asked.to_id is None or asked.to_id == asked.holder_id:
        return Refused(Refusal.SAME_MEMBER, "to", "is the member themselves")
    return Case(index, asked, id_, asked.holder_id, unit, -asked.body.points, REASON)


def _share(frame: Frame, cases: Sequence[Case[Transfer]]) -> None:
    """Work out, under the ledger's own locks, which lots each case will eat, and let as many arrive."""
    lots, indebted = _load(frame, cases)
    for case in cases:
        unit_id, to_id = case.unit.id, case.asked.to_id or ""
        parts = _eat(lots.get((case.holder_id, unit_id), []), -case.points)
        if (case.holder_id, unit_id) in indebted:
            # A debt may be repaid out of these very lots first: let all have the earliest end, which is never too late.
            parts = [_Part(part.points, parts[0].ends_at) for part in parts]
        case.entries = _entries(case, parts, frame.now)
        if sum(part.points for part in parts) == -case.points:
            arrived = lots.setdefault((to_id, unit_id), [])
            arrived.extend(_Part(part.points, part.ends_at) for part in parts)
            arrived.sort(key=lambda part: (part.ends_at is None, part.ends_at))


def _load(frame: Frame, cases: Sequence[Case[Transfer]]) -> tuple[Lots, set[tuple[str, str]]]:
    """Lock the accounts and read what can be sent: one round trip."""
    holders = sorted({id_ for case in cases for id_ in (case.holder_id, case.asked.to_id or "")})
    parameters = {"holders": batches.rows(holders), "program": frame.program.id, "now": frame.now}
    with frame.conn.pipeline():
        locked = frame.conn.execute(SQL["lock_points"], parameters)
        found = frame.conn.execute(SQL["sendable_lots"], parameters)
    indebted = {(holder, unit) for holder, unit, _, _, debt, _ in locked.fetchall() if debt}
    lots: Lots = {}
    for holder, unit, free, ends_at in found.fetchall():
        lots.setdefault((holder, unit), []).append(_Part(free, ends_at))
    return lots, indebted


def _eat(lots: list[_Part], points: int) -> list[_Part]:
    """Take points out of lots in their order; returns what was taken, joined where the ends are the same."""
    taken: list[_Part] = []
    left = points
    while left and lots:
        first = lots[0]
        part = min(first.points, left)
        if taken and taken[-1].ends_at == first.ends_at:
            taken[-1].points += part
        else:
            taken.append(_Part(part, first.ends_at))
        first.points -= part
        left -= part
        if first.points == 0:
            lots.pop(0)
    return taken


def _entries(case: Case[Transfer], parts: Sequence[_Part], now: datetime) -> tuple[Entry, ...]:
    """Return the ledger's entries. When there are too few points the spend is refused, whatever would arrive."""
    unit_id, to_id, most = case.unit.id, case.asked.to_id or "", case.unit.max_balance
    arriving = [
        Earn(to_id, unit_id, part.points, now, expires_at=part.ends_at, most=most, kind=TransferKind.RECEIVE)
        for part in parts
    ]
    return (Spend(case.holder_id, unit_id, -case.points, now, kind=TransferKind.SEND), *arriving)
