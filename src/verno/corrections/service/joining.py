"""Two members who are one, and, within thirty days, two again.

The members' rows are locked first, then the ledger's accounts. Points that come to a merged member's account all the
same (a receipt that had looked the member up just before) are moved after it by ``move_stragglers``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from verno.corrections import answer
from verno.corrections.answer import MergeAnswer, MovedPart, UndoAnswer
from verno.corrections.queries import SQL
from verno.corrections.service import moving, people
from verno.corrections.types import (
    UNDO_DAYS,
    By,
    ByKind,
    Merged,
    MergeOutcome,
    NewMerge,
    Refusal,
    Refused,
    UndoOutcome,
    Unmerged,
)
from verno.intake import queries as intake
from verno.kit import batches, ids, outbox
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import is_id
from verno.ledger import queries as ledger
from verno.ledger.types import Entry, Merge, Operation, SendHome, Unmerge
from verno.ledger.types import Refused as NotPosted
from verno.members import merging
from verno.members.households import service as households
from verno.members.merging import Standing
from verno.progress import queries as tracks
from verno.progress import service as progress
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Program, Unit

REASON = "merge"
UNDONE = "merge-undone"
MERGED_EVENT = "members.merged.v1"
UNMERGED_EVENT = "members.unmerged.v1"
STRAGGLERS = 200
"""Merged members looked after in one transaction."""


class _Way(NamedTuple):
    """From whom to whom."""

    holder_id: str
    into_id: str


def merge(conn: Connection, program: Program, wanted: Sequence[NewMerge], *, now: datetime) -> list[MergeOutcome]:
    """Make members one: their points, debts and contacts go to the survivor, and so does whoever names them later.

    One outcome per item; items are done one after the other, since each may build on the one before. Refusals:
    ``unknown-member``, ``same-member``, ``already-merged`` (into another one), ``own-account`` (one of them is the
    author's), ``open-holds``, ``too-many-points``.
    The same merge again is a replay. Raises ``TryAgain`` and database errors that the door tries again after.
    """
    units = workspace.units(conn, program.id)
    own = people.own_accounts(conn, program.id, [one.by.id for one in wanted if one.by.kind is ByKind.STAFF])
    return [
        _own(own, one.by, (one.holder_id, one.into_id)) or _merge(conn, program, units, one, now=now) for one in wanted
    ]


def undo(conn: Connection, program: Program, merge_id: str, by: By, *, now: datetime) -> UndoOutcome:
    """Make two of one again: what the moved lots still hold goes home, and contacts that nobody claimed since.

    So does what came meanwhile in the place of the merged member's points, or by the capture of what they had set
    aside, as far as it is still there.
    Refusals: ``unknown-correction``, ``undo-over`` (after thirty days), ``merged-since`` (the survivor was merged
    further), ``unknown-member`` (one of them was erased), ``own-account``, ``open-holds``. Undone again it is a replay.
    """
    row = _find(conn, program.id, merge_id)
    if row is None:
        return Refused(Refusal.UNKNOWN, "id", "there is no such merge")
    id_, holder_id, into_id, *_ = row
    standing = merging.lock(conn, program.id, [holder_id, into_id])
    _, _, _, merged_at, undone_at, stored = _find(conn, program.id, merge_id) or row
    if undone_at is not None:
        return Unmerged(id_, bytes(stored), replayed=True)
    if standing.keys() != {holder_id, into_id}:
        return Refused(Refusal.UNKNOWN_MEMBER, "", "one of them has been erased")
    own = people.own_accounts(conn, program.id, [by.id] if by.kind is ByKind.STAFF else [])
    refused = _own(own, by, (holder_id, into_id)) or _too_late(merged_at, standing[into_id], now)
    if refused is not None:
        return refused
    return _part(conn, program, id_, _Way(holder_id, into_id), merged_at, by, now=now)


def separate(conn: Connection, program: Program, holder_ids: Sequence[str], by: By, *, now: datetime) -> list[str]:
    """Undo, whatever their age, the merges that stand between some members and others; returns those merges' ids.

    Merges of a survivor further on come apart first, as they would have had to by hand. For a replay of erasures alone,
    which knows that all this was undone before: no refusal is asked for, but those who are not there any more are left.
    """
    asked = {"holders": batches.rows(sorted(set(holder_ids))), "program": program.id}
    found = conn.execute(SQL["merges_between"], asked).fetchall()
    merging.lock(conn, program.id, [id_ for row in found for id_ in row[1:3]])
    for merge_id, holder_id, into_id, merged_at in found:
        done = _part(conn, program, merge_id, _Way(holder_id, into_id), merged_at, by, now=now)
        if isinstance(done, Refused):  # the ledger refuses no way home: what is set aside stays where it is
            raise BrokenInvariant(done.detail)
    return [row[0] for row in found]


def _part(
    conn: Connection, program: Program, merge_id: str, way: _Way, merged_at: datetime, by: By, *, now: datetime
) -> UndoOutcome:
    """Make two of one again; both are locked, and there is nothing against it but what the ledger says."""
    units = workspace.units(conn, program.id)
    holder_id, into_id = way
    moved = _take_back(conn, program.id, merge_id, way, merged_at, now=now)
    if isinstance(moved, Refused):
        return moved
    restored = merging.restore(conn, program.id, holder_id, into_id, now=now)
    _judge_progress(conn, program, way, now=now)
    reply = answer.encode(
        UndoAnswer(
            id=merge_id,
            status="undone",
            member=into_id,
            merged=holder_id,
            points=_parts(units, moved),
            identities=list(restored.back),
            lost=list(restored.lost),
            balance=answer.balance(units, ledger.balances(conn, [holder_id], now=now).get(holder_id, [])),
        )
    )
    conn.execute(SQL["undo_merge"], {"id": merge_id, "now": now, "by_kind": by.kind, "by": by.id, "answer": reply})
    _tell(conn, program.id, merge_id, way, by, UNMERGED_EVENT, moved=_parts(units, moved), now=now)
    return Unmerged(merge_id, reply)


def _too_late(merged_at: datetime, survivor: Standing, now: datetime) -> Refused | None:
    if now >= merged_at + timedelta(days=UNDO_DAYS):
        return Refused(Refusal.UNDO_OVER, "", f"a merge can be undone for {UNDO_DAYS} days")
    if survivor.into_id is not None:
        return Refused(Refusal.MERGED_SINCE, "", "the survivor was merged further: undo that merge first")
    return None


def move_stragglers(conn: Connection, program_id: str, *, now: datetime, limit: int = STRAGGLERS) -> int:
    """Move what lies on merged members' accounts to whom they were merged into; returns how many members had some.

    A receipt may have looked a member up right before the merge and been posted right after it; a return of a receipt
    from before the merge may come at any time. The move belongs to the merge, and is undone with it.
    """
    found = conn.execute(SQL["stragglers"], {"program": program_id, "limit": limit}).fetchall()
    if not found:
        return 0
    # Whoever undoes one of these merges holds the same locks: what was read before them may be over by now.
    standing = merging.lock(conn, program_id, [id_ for row in found for id_ in row[:2]])
    rows = [row for row in found if row[0] in standing and standing[row[0]].into_id == row[1]]
    operations, merges = [], {}
    for (holder, into, merge_id, units), id_ in zip(rows, ids.new_ids(len(rows), now=now), strict=True):
        entries: tuple[Entry, ...] = tuple(Merge(holder, into, unit, now) for unit in units)
        operations.append(Operation(f"merge/{merge_id}/{id_}", id_, holder, "", entries, REASON))
        merges[id_] = merge_id
    moves = []
    for operation, result in moving.post_effective(conn, program_id, operations, now=now):
        if not isinstance(result, NotPosted):
            moves += _moves(operation, merges[operation.id])
    if moves:
        conn.execute(SQL["add_moves"], {"rows": batches.rows(moves), "program": program_id, "now": now})
    return len({move["holder_id"] for move in moves})


def _own(own: dict[str, set[str]], by: By, holders: tuple[str, str]) -> Refused | None:
    """Refuse who would get points, or lose a debt, by a merge of their own account."""
    if own.get(by.id, set()).isdisjoint(holders):
        return None
    return Refused(Refusal.OWN_ACCOUNT, "", "nobody merges their own account")


def _merge(
    conn: Connection, program: Program, units: Sequence[Unit], wanted: NewMerge, *, now: datetime
) -> MergeOutcome:
    holder_id, into_id = wanted.holder_id, wanted.into_id
    if holder_id == into_id:
        return Refused(Refusal.SAME_MEMBER, "into", "is the member themselves")
    standing = merging.lock(conn, program.id, [id_ for id_ in (holder_id, into_id) if is_id(id_)])
    stands = _stands(conn, program.id, standing, _Way(holder_id, into_id))
    if stands is not None:
        return stands
    into_id = standing[into_id].survivor_id or into_id
    homes = {one.id for one in households.of(conn, program.id, [holder_id, into_id]).values()}
    if len(homes) > 1:
        return Refused(Refusal.TWO_HOUSEHOLDS, "", "they are in two households; let one of them leave first")
    way = _Way(holder_id, into_id)
    merge_id, operation_id = ids.new_ids(2, now=now)
    moved = _move(conn, program.id, way, merge_id, operation_id, now=now)
    if isinstance(moved, Refused):
        return moved
    kinds = merging.redirect(conn, program.id, holder_id, into_id, now=now)
    _judge_progress(conn, program, way, now=now)
    reply = answer.encode(
        MergeAnswer(
            id=merge_id,
            status="merged",
            member=into_id,
            merged=holder_id,
            points=_parts(units, moved),
            identities=list(kinds),
            until=now + timedelta(days=UNDO_DAYS),
            balance=answer.balance(units, ledger.balances(conn, [into_id], now=now).get(into_id, [])),
        )
    )
    by = wanted.by
    parameters = {"holder": holder_id, "id": merge_id, "program": program.id, "into": into_id, "now": now}
    conn.execute(SQL["add_merge"], parameters | {"by_kind": by.kind, "by": by.id, "answer": reply})
    if moved:
        rows = [
            {"holder_id": holder_id, "operation_id": operation_id, "unit_id": unit, "merge_id": merge_id}
            for unit in moved
        ]
        conn.execute(SQL["add_moves"], {"rows": batches.rows(rows), "program": program.id, "now": now})
    _tell(conn, program.id, merge_id, way, by, MERGED_EVENT, moved=_parts(units, moved), now=now)
    return Merged(merge_id, reply)


def _stands(conn: Connection, program_id: str, standing: dict[str, Standing], way: _Way) -> MergeOutcome | None:
    """Answer a merge that cannot be, or is already; None for one that can be done."""
    for field, id_ in (("", way.holder_id), ("into", way.into_id)):
        if id_ not in standing:
            return Refused(Refusal.UNKNOWN_MEMBER, field, "there is no such member")
    holder, into = standing[way.holder_id], standing[way.into_id]
    end = into.survivor_id or into.id
    if holder.into_id is None:
        # Merging a member into somebody who was merged into that very member would be a circle.
        return (
            Refused(Refusal.ALREADY_MERGED, "into", "was merged into this member before") if end == holder.id else None
        )
    if end not in {holder.into_id, holder.survivor_id}:
        return Refused(Refusal.ALREADY_MERGED, "", "was merged into another member; undo that first")
    row = conn.execute(SQL["standing_merge"], {"holder": holder.id, "program": program_id}).fetchone()
    return Merged(row[0], bytes(row[2]), replayed=True) if row else None


def _move(
    conn: Connection, program_id: str, way: _Way, merge_id: str, operation_id: str, *, now: datetime
) -> dict[str, int] | Refused:
    """Move what there is; returns points by unit id, units of a debt alone with 0."""
    parameters = {"holders": batches.rows([way.holder_id, way.into_id]), "program": program_id}
    locked = conn.execute(SQL["lock_points"], parameters).fetchall()
    units = [unit for holder, unit, total, *_ in locked if holder == way.holder_id and total]
    if not units:
        return {}
    entries: tuple[Entry, ...] = tuple(Merge(way.holder_id, way.into_id, unit, now) for unit in units)
    operation = Operation(f"merge/{merge_id}", operation_id, way.holder_id, "", entries, REASON)
    return _posted(moving.post_effective(conn, program_id, [operation], now=now))


def _take_back(
    conn: Connection, program_id: str, merge_id: str, way: _Way, merged_at: datetime, *, now: datetime
) -> dict[str, int] | Refused:
    """Send home what there is; returns points by unit id."""
    kin = merging.kin(conn, way.holder_id)
    captured = tuple(intake.captured_since(conn, kin.mine, merged_at))
    there = {"holders": batches.rows([way.holder_id, way.into_id]), "program": program_id}
    locked = conn.execute(SQL["lock_points"], there).fetchall()
    parameters = {"holder": way.holder_id, "merge": merge_id}
    moves = conn.execute(SQL["moves_of"], parameters).fetchall()
    entries: tuple[Entry, ...] = (
        *(Unmerge(way.holder_id, way.into_id, unit, now, operation, moved_at) for operation, unit, moved_at in moves),
        *(
            SendHome(*(way.holder_id, way.into_id, unit, now), kin.mine, kin.all, captured)
            for holder, unit, total, *_ in locked
            if holder == way.into_id and total
        ),
    )
    if not entries:
        return {}
    operation = Operation(f"unmerge/{merge_id}", ids.new_id(now=now), way.holder_id, "", entries, UNDONE)
    return _posted(moving.post_effective(conn, program_id, [operation], now=now))


def _posted(found: moving.Found) -> dict[str, int] | Refused:
    out: dict[str, int] = {}
    for operation, result in found:
        if isinstance(result, NotPosted):
            words = "points are set aside for a purchase; wait until it is over"
            known = Refusal(result.reason.value)
            return Refused(known, "", words if known is Refusal.OPEN_HOLDS else "the balance would be too large")
        for entry, moved in zip(operation.entries, result.moved, strict=True):
            out[entry.unit_id] = out.get(entry.unit_id, 0) + moved
    return out


def _moves(operation: Operation, merge_id: str) -> list[dict[str, str]]:
    return [
        {
            "holder_id": operation.holder_id,
            "operation_id": operation.id,
            "unit_id": entry.unit_id,
            "merge_id": merge_id,
        }
        for entry in operation.entries
    ]


def _find(
    conn: Connection, program_id: str, merge_id: str
) -> tuple[str, str, str, datetime, datetime | None, bytes] | None:
    if not is_id(merge_id):
        return None
    row = conn.execute(SQL["find_merge"], {"id": merge_id, "program": program_id}).fetchone()
    return None if row is None else (row[0], row[1], row[2], row[3], row[4], row[5])


def _judge_progress(conn: Connection, program: Program, way: _Way, *, now: datetime) -> None:
    """Judge both again: what was counted lies where it lay, but who counts together is another question now."""
    progress.judge_again(conn, program.id, way, on=tracks.judging(conn, program, now=now), now=now)


def _parts(units: Sequence[Unit], moved: dict[str, int]) -> list[MovedPart]:
    return [MovedPart(unit.code, moved[unit.id]) for unit in units if moved.get(unit.id)]


def _tell(
    conn: Connection,
    program_id: str,
    merge_id: str,
    way: _Way,
    by: By,
    type_: str,
    *,
    moved: Sequence[MovedPart],
    now: datetime,
) -> None:
    body = {
        "merge": merge_id,
        "merged": way.holder_id,
        "points": {part.unit: part.points for part in moved},
        "by": by.kind,
    }
    outbox.append(conn, [outbox.NewEvent(program_id, way.into_id, type_, body, now)])
    action = "member.merge" if type_ == MERGED_EVENT else "member.unmerge"
    actor = Actor(ActorKind(by.kind), by.id, by.address)
    audit.record(conn, program_id, actor, action, ("member", way.into_id), now=now, detail=way.holder_id)
