"""What a merge or its undoing would do, told by doing it and taking it back: no rule is written twice.

It runs in a savepoint that is rolled back; the locks that it takes last as long as the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from verno.corrections.answer import MergeAnswer, UndoAnswer
from verno.corrections.queries import SQL
from verno.corrections.service.joining import merge, undo
from verno.corrections.types import By, NewMerge, Refusal, Refused
from verno.kit.db import Connection
from verno.ledger import queries as ledger
from verno.ledger.queries import LotView
from verno.ledger.types import Balance
from verno.members import queries as members
from verno.members.households import service as households
from verno.members.households.types import Household
from verno.members.types import GivenBadge, Member, Standing
from verno.progress import queries as progress
from verno.workspace.types import Program

LOTS = 100
NEVER = datetime.max.replace(tzinfo=UTC)

_read_merge = msgspec.json.Decoder(MergeAnswer).decode
_read_undo = msgspec.json.Decoder(UndoAnswer).decode


class Side(msgspec.Struct, frozen=True):
    """A member as they are at one moment. ``lots`` are open ones, those that end first; ``steps`` by track."""

    member: Member
    balances: Sequence[Balance]
    lots: Sequence[LotView]
    steps: Mapping[str, str]
    standings: Sequence[Standing]
    badges: Sequence[GivenBadge]
    household: Household | None


class Merging(msgspec.Struct, frozen=True):
    """Two members as they are, and the one that they would be. ``identities``: contacts that would go along."""

    holder: Side
    into: Side
    after: Side
    identities: Sequence[str]
    until: datetime


class Undoing(msgspec.Struct, frozen=True):
    """One member as they are, and the two that they would be. Points by unit code: moved then, back now, gone since.

    ``identities`` would go home, ``lost`` are somebody's by a later word.
    """

    holder: Side
    into: Side
    before: Side
    moved: Mapping[str, int]
    back: Mapping[str, int]
    identities: Sequence[str]
    lost: Sequence[str]

    @property
    def gone(self) -> dict[str, int]:
        """Return what was spent or has ended meanwhile, by unit code."""
        left = {unit: points - self.back.get(unit, 0) for unit, points in self.moved.items()}
        return {unit: points for unit, points in left.items() if points > 0}


def preview_merge(conn: Connection, program: Program, wanted: NewMerge, *, now: datetime) -> Merging | Refused:
    """Tell what a merge would do, or why it would be refused."""
    before = sides(conn, program, [wanted.holder_id, wanted.into_id], now=now)
    with conn.transaction(force_rollback=True):
        (outcome,) = merge(conn, program, [wanted], now=now)
        if isinstance(outcome, Refused):
            return outcome
        if outcome.replayed:
            return Refused(Refusal.ALREADY_MERGED, "", "the two are one member already")
        done = _read_merge(outcome.answer)
        after = sides(conn, program, [done.member], now=now)[done.member]
    into = before.get(done.member) or sides(conn, program, [done.member], now=now)[done.member]
    return Merging(before[wanted.holder_id], into, after, done.identities, done.until)


def preview_undo(conn: Connection, program: Program, merge_id: str, by: By, *, now: datetime) -> Undoing | Refused:
    """Tell what would come back, and what was spent meanwhile; or why a merge cannot be undone."""
    with conn.transaction(force_rollback=True):
        outcome = undo(conn, program, merge_id, by, now=now)
        if isinstance(outcome, Refused):
            return outcome
        if outcome.replayed:
            return Refused(Refusal.ALREADY_RESOLVED, "", "the merge was undone before")
        done = _read_undo(outcome.answer)
        after = sides(conn, program, [done.merged, done.member], now=now)
    before = sides(conn, program, [done.member], now=now)[done.member]
    row = conn.execute(SQL["standing_merge"], {"holder": done.merged, "program": program.id}).fetchone()
    moved = {part.unit: part.points for part in _read_merge(bytes(row[2])).points} if row else {}
    back = {part.unit: part.points for part in done.points}
    return Undoing(after[done.merged], after[done.member], before, moved, back, done.identities, done.lost)


def sides(conn: Connection, program: Program, ids: Sequence[str], *, now: datetime) -> dict[str, Side]:
    """Return members as they are now, those that exist."""
    people = members.members(conn, program.id, ids)
    found = sorted(people)
    balances = ledger.balances(conn, found, now=now)
    steps = progress.steps(conn, program.id, found, on=progress.judging(conn, program, now=now)) if found else {}
    standings = members.standings(conn, found, now=now)
    badges = members.badges(conn, program.id, found, at=now)
    homes = households.of(conn, program.id, found)
    return {
        id_: Side(
            people[id_],
            balances.get(id_, []),
            sorted([lot for lot in ledger.lots(conn, id_, now=now, limit=LOTS) if lot.remaining > 0], key=_ends),
            steps.get(id_, {}),
            standings.get(id_, []),
            badges.get(id_, []),
            homes.get(id_),
        )
        for id_ in found
    }


def _ends(lot: LotView) -> tuple[datetime, str]:
    return lot.expires_at or NEVER, lot.id
