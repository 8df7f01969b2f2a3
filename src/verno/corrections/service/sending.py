"""Points from one member to another, by the first one's will: through the clearing account, and never younger.

A spend eats the lots that end first; what arrives keeps their very ends, lot by lot. So points cannot be washed: sent
to and fro they end when they would have ended anyway. Points of a unit whose account slides keep the sender's end.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
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
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class _Part(msgspec.Struct):
    """Points that end together, in the order of ``expires_at``; ``ends_at`` is earlier where the account slides."""

    points: int
    expires_at: datetime | None
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
    allowed = frame.settings.value(registry.BETWEEN_MEMBERS)
    words = f"members may send points only where the setting {registry.BETWEEN_MEMBERS.key} is on"
    return _send(frame, asked, REASON, None if allowed else Refused(Refusal.NOT_ALLOWED, "", words))


def move(
    conn: Connection, program: Program, asked: Sequence[Asked[Transfer]], reason: str, *, now: datetime
) -> list[Outcome]:
    """Do the same for another reason, which the caller has found to be good: no setting is asked."""
    return _send(street.open_frame(conn, program, Kind.TRANSFER, now=now), asked, reason, None)


def _send(frame: Frame, asked: Sequence[Asked[Transfer]], reason: str, refused: Refused | None) -> list[Outcome]:
    outcomes: list[Outcome | None] = [None] * len(asked)
    fresh, twins = street.sort_out(frame, asked, outcomes)
    cases: list[Case[Transfer]] = []
    for i, one, id_ in fresh:
        judged = refused or _judge(frame, i, one, id_, reason)
        if isinstance(judged, Refused):
            outcomes[i] = judged
        else:
            cases.append(judged)
    _post(frame, cases, outcomes)
    street.finish(frame, [case for case in cases if outcomes[case.index] is None], outcomes)
    return street.answer_twins(frame, asked, outcomes, twins)


def _judge(frame: Frame, index: int, asked: Asked[Transfer], id_: str, reason: str) -> Case[Transfer] | Refused:
    unit = street.unit_of(frame, asked.body.unit)
    if isinstance(unit, Refused):
        return unit
    if asked.to_id is None or asked.to_id == asked.holder_id:
        return Refused(Refusal.SAME_MEMBER, "to", "is the member themselves")
    return Case(index, asked, id_, asked.holder_id, unit, -asked.body.points, reason)


def _post(frame: Frame, cases: Sequence[Case[Transfer]], outcomes: list[Outcome | None]) -> None:
    """Work out, under the ledger's own locks, which lots each case will eat, and let as many arrive."""
    if not cases:
        return
    there, indebted = _load(frame, cases)

    def prepare(going: Sequence[Case[Transfer]]) -> dict[str, Refused]:
        lots = {key: [msgspec.structs.replace(part) for part in parts] for key, parts in there.items()}
        refused: dict[str, Refused] = {}
        for case in going:
            owes = (case.holder_id, case.unit.id) in indebted
            shared = _share(case, lots, frame.now, indebted=owes)
            if isinstance(shared, Refused):
                refused[case.id] = shared
            else:
                case.entries = shared
        return refused

    results = street.post(frame, cases, prepare)
    for case in cases:
        result = results[case.id]
        if isinstance(result, Refused):
            outcomes[case.index] = result


def _share(case: Case[Transfer], lots: Lots, now: datetime, *, indebted: bool) -> tuple[Entry, ...] | Refused:
    """Return a case's entries, and move its points in ``lots`` too: the next case of the batch comes after it."""
    unit_id, to_id, points = case.unit.id, case.asked.to_id or "", -case.points
    has = lots.get((case.holder_id, unit_id), [])
    if sum(part.points for part in has) < points:
        return Refused(Refusal.INSUFFICIENT_POINTS, "points", "the member has fewer points available")
    parts = _eat(has, points)
    if indebted:
        # A debt may be repaid out of these very lots first: let all have the earliest end, which is never too late.
        earliest = min((part.ends_at for part in parts if part.ends_at is not None), default=None)
        parts = [_Part(points, earliest, earliest)]
    arrived = lots.setdefault((to_id, unit_id), [])
    arrived.extend(_Part(part.points, part.ends_at, part.ends_at) for part in parts)
    arrived.sort(key=lambda part: part.expires_at or NEVER)
    most = case.unit.max_balance
    arriving = [
        Earn(to_id, unit_id, part.points, now, expires_at=part.ends_at, most=most, kind=TransferKind.RECEIVE)
        for part in parts
    ]
    return (Spend(case.holder_id, unit_id, points, now, kind=TransferKind.SEND), *arriving)


def _load(frame: Frame, cases: Sequence[Case[Transfer]]) -> tuple[Lots, set[tuple[str, str]]]:
    """Lock the accounts and read what can be sent: one round trip."""
    holders = sorted({id_ for case in cases for id_ in (case.holder_id, case.asked.to_id or "")})
    parameters = {"holders": batches.rows(holders), "program": frame.program.id, "now": frame.now}
    with frame.conn.pipeline():
        locked = frame.conn.execute(SQL["lock_points"], parameters)
        found = frame.conn.execute(SQL["sendable_lots"], parameters)
    indebted = {(holder, unit) for holder, unit, _, _, debt, _ in locked.fetchall() if debt}
    lots: Lots = {}
    for holder, unit, *part in found.fetchall():
        lots.setdefault((holder, unit), []).append(_Part(*part))
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
            taken.append(_Part(part, first.expires_at, first.ends_at))
        first.points -= part
        left -= part
        if first.points == 0:
            lots.pop(0)
    return taken
