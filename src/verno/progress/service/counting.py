"""Verbs of progress: count what receipts move, judge whom time moves, set steps.

A batch takes three round trips, whatever its size, or four, and a program without tracks none: whose counts they are;
the owners' rows are locked and the days added to; the days of those are read whose step may be another now, which are
few; what is new is written. Owners are locked before their days are
read, so that two receipts of one member at the same moment do not each miss the other's part. These locks come after
those of the ledger's accounts: ``count`` is the last that a transaction does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import msgspec
from psycopg import Cursor
from psycopg.rows import TupleRow

from verno.kit import batches, localtime, outbox
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.types import NewBadge
from verno.progress import engine, queries, telling, windows
from verno.progress.engine import Board, Judged, Owner
from verno.progress.queries import SQL, Loaded, Person
from verno.progress.telling import Last
from verno.progress.types import FloorKey, Moved, NewFloor, Stored

SWEEP_LIMIT = 500
"""Owners' tracks judged in one transaction of the sweep."""


PairKey: TypeAlias = tuple[str, str]
"""(owner id, track id)."""


class Pair(NamedTuple):
    """An owner's row on a track; events tell of ``holder_id``."""

    owner: Owner
    track_id: str
    holder_id: str


def count(conn: Connection, program_id: str, moved: Sequence[Moved], *, on: Board, now: datetime) -> None:
    """Add what a batch moved to its days, in the transaction of what moved it, and tell what came of it.

    Called once a transaction, after everything else; nothing is asked of the database when nothing moved. Steps are
    reached at once, and what a return took is lost at once. Holders are the receipts' own, merged or not.
    """
    rows = _sums(moved)
    if not rows:
        return
    people = queries.people(conn, program_id, [one.holder_id for one in moved], on.zone)
    pairs: list[Pair] = []
    added: dict[PairKey, list[tuple[date, int]]] = {}
    for (holder, counter, day), amount in rows.items():
        for one in on.stored:
            if one.counter_id == counter and people[holder].counts(one.track):
                pair = Pair(people[holder].owner(one.track), one.id, people[holder].id)
                pairs.append(pair)
                added.setdefault((pair.owner.id, one.id), []).append((day, amount))
    judge(conn, program_id, on, pairs, batch=_Batch(rows, added), now=now)


def judge_again(conn: Connection, program_id: str, holder_ids: Iterable[str], *, on: Board, now: datetime) -> None:
    """Judge holders again on every track: after a merge and its undoing, when their group or kind changed.

    Counts stay where they are: whoever asks for a member's counts asks for those of whom they were, too.
    """
    holding = on.holding(engine.today_of(on, now))
    if holding:
        people = queries.people(conn, program_id, holder_ids, on.zone)
        judge(conn, program_id, on, pairs_of(people, holding), now=now)


def sweep(conn: Connection, program_id: str, *, on: Board, now: datetime, limit: int = SWEEP_LIMIT) -> int:
    """Judge those whom the business date has moved: terms and windows that ended, grace that is over, warnings.

    Returns how many rows were looked at; the caller goes on until there are none. Again on the same day it finds none.
    """
    today = engine.today_of(on, now)
    tracks = {one.id: one.track for one in on.holding(today)}
    if not tracks:
        return 0
    parameters = {"program": program_id, "today": today, "tracks": sorted(tracks), "limit": limit}
    due = conn.execute(SQL["due_tiers"], parameters).fetchall()
    if not due:
        return 0
    people = queries.people(conn, program_id, [holder for _, _, holder, _ in due], on.zone)
    pairs, ghosts = [], []
    for owner, track, holder, group in due:
        person = people[holder]
        mine = Owner(owner, None, group) if group is not None else person.owner(tracks[track])
        if mine.id != owner or not person.counts(tracks[track]):  # merged since, or in a group: another row tells
            ghosts.append({"owner_id": owner, "track_id": track})
        if person.counts(tracks[track]):
            pairs.append(Pair(mine, track, person.id))
    if ghosts:
        conn.execute(SQL["rest_tiers"], {"program": program_id, "rows": batches.rows(ghosts), "now": now})
    judge(conn, program_id, on, pairs, now=now, sweeps=True)
    return len(due)


def set_floors(conn: Connection, program_id: str, floors: Sequence[NewFloor], *, on: Board, now: datetime) -> None:
    """Lift holders to steps, by hand or by a rule's effect; nobody is brought down by it. The same key sets once.

    The caller vouches for tracks and steps. They stand there at once, from ``first`` on.
    """
    if not floors:
        return
    rows = [msgspec.to_builtins(one) for one in floors]
    conn.execute(SQL["set_floors"], {"program": program_id, "rows": batches.rows(rows), "now": now})
    people = queries.people(conn, program_id, [one.holder_id for one in floors], on.zone)
    holding = {one.id: one for one in on.holding(engine.today_of(on, now))}
    pairs = [
        pair
        for one in floors
        if one.track_id in holding
        for pair in pairs_of({one.holder_id: people[one.holder_id]}, [holding[one.track_id]])
    ]
    judge(conn, program_id, on, pairs, now=now)


def revoke_floors(conn: Connection, program_id: str, floors: Sequence[FloorKey], *, on: Board, now: datetime) -> None:
    """Let steps that were set hold no more: by hand, or when the receipt comes back that had set them."""
    if floors:
        conn.execute(SQL["revoke_floors"], {"program": program_id, "rows": batches.rows(floors), "now": now})
        judge_again(conn, program_id, [one.holder_id for one in floors], on=on, now=now)


def _sums(moved: Sequence[Moved]) -> dict[tuple[str, str, date], int]:
    """Add up what a batch moved, sorted as it is locked; what comes to nothing is left out."""
    sums: dict[tuple[str, str, date], int] = {}
    for one in moved:
        key = (one.holder_id, one.counter_id, one.day)
        sums[key] = sums.get(key, 0) + one.amount
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def pairs_of(people: dict[str, Person], tracks: Collection[Stored]) -> list[Pair]:
    """Return the rows of these holders on those tracks that are for them."""
    return [
        Pair(person.owner(one.track), one.id, person.id)
        for person in people.values()
        for one in tracks
        if person.counts(one.track)
    ]


def lock(conn: Connection, program_id: str, pairs: Iterable[Pair], *, now: datetime) -> Cursor[TupleRow]:
    """Make and lock the owners' rows in their order, in the caller's pipeline; the cursor tells where each stood."""
    parameters = {"program": program_id, "now": now, "rows": _keys(pairs)}
    conn.execute(SQL["open_tiers"], parameters)
    return conn.execute(SQL["lock_tiers"], parameters)


def _keys(pairs: Iterable[Pair]) -> str:
    """Return owners' rows, each once, sorted as they are locked."""
    rows = {
        (pair.owner.id, pair.track_id): {
            "owner_id": pair.owner.id,
            "track_id": pair.track_id,
            "holder_id": pair.holder_id,
            "buying_group": pair.owner.group,
        }
        for pair in pairs
    }
    return batches.rows([rows[key] for key in sorted(rows)])


class _Batch(NamedTuple):
    """What is to be added: by holder, counter and day, and for each owner's track."""

    rows: dict[tuple[str, str, date], int]
    added: dict[PairKey, list[tuple[date, int]]]


def judge(
    conn: Connection,
    program_id: str,
    on: Board,
    pairs: Sequence[Pair],
    *,
    batch: _Batch | None = None,
    now: datetime,
    sweeps: bool = False,
) -> None:
    """Lock, add, read the days of those whose step may be another, decide, write."""
    today = engine.today_of(on, now)
    holding = {one.id: one for one in on.holding(today)}
    mine = {(pair.owner.id, pair.track_id): pair for pair in pairs}
    with conn.pipeline():
        locked = lock(conn, program_id, mine.values(), now=now) if mine else None
        if batch:
            _add(conn, program_id, batch.rows, now=now)
    last: dict[PairKey, Last] = {}
    written: list[dict[str, object]] = []
    asking: list[Pair] = []
    for owner, track, changed_at, *rest in locked.fetchall() if locked else ():
        key = (owner, track)
        last[key] = Last(*rest)
        if track not in holding:
            continue
        looked_on = localtime.business_date(changed_at, on.zone)
        same = batch and telling.unmoved(holding[track], last[key], looked_on, batch.added[key], today)
        if same:
            written.append(_row(mine[key], same))
        else:
            asking.append(mine[key])
    told = _Told()
    if asking:
        counters = [holding[pair.track_id].counter_id for pair in asking]
        with conn.pipeline():
            asked = queries.ask(conn, program_id, [pair.owner for pair in asking], counters)
        loaded = asked.read()
        for pair in asking:
            stored, before = holding[pair.track_id], last[pair.owner.id, pair.track_id]
            found = _found(stored, pair, loaded, today)
            # What is due stays so until the sweep, which may know a newer version than we do.
            waits = before.due_on if before.due_on is not None and before.due_on <= today and not sweeps else None
            due = windows.earliest(found.due_on, on.succeeded_on(stored.id, today), waits)
            found = replace(found, due_on=due)
            after = telling.changed(stored, before, found)
            if after != before:
                written.append(_row(pair, after))
                told.add(program_id, stored, pair, before, found, now)
    _write(conn, program_id, written, told, now=now)


@dataclass(slots=True)
class _Told:
    """What there is to tell, to give and to take."""

    events: list[outbox.NewEvent] = field(default_factory=list)
    given: list[NewBadge] = field(default_factory=list)
    taken: list[NewBadge] = field(default_factory=list)

    def add(self, program_id: str, stored: Stored, pair: Pair, before: Last, found: Judged, now: datetime) -> None:
        who = telling.Who(program_id, pair.holder_id, pair.owner.group)
        self.events += telling.events(stored, before, found, who=who, now=now)
        given, taken = telling.badges(stored, before, found, holder_id=pair.holder_id, now=now)
        self.given += given
        self.taken += taken


def _write(
    conn: Connection, program_id: str, written: Sequence[Mapping[str, object]], told: _Told, *, now: datetime
) -> None:
    if written:
        with conn.pipeline():
            conn.execute(SQL["write_tiers"], {"program": program_id, "now": now, "rows": batches.rows(written)})
            outbox.append(conn, told.events)
        members.take_badges(conn, program_id, told.taken, now=now)
        members.give_badges(conn, program_id, told.given, now=now)


def _found(stored: Stored, pair: Pair, loaded: Loaded, today: date) -> Judged:
    counts = loaded.counts.get((pair.owner.id, stored.counter_id), {})
    return engine.judged(stored, counts, loaded.owner(pair.owner, stored.id), today)


def add(conn: Connection, program_id: str, moved: Sequence[Moved], *, now: datetime) -> None:
    """Add to days whose owners the caller has locked, and judge nobody."""
    if rows := _sums(moved):
        _add(conn, program_id, rows, now=now)


def _add(conn: Connection, program_id: str, rows: dict[tuple[str, str, date], int], *, now: datetime) -> None:
    counts = [
        {"holder_id": holder, "counter_id": counter, "day": day, "amount": amount}
        for (holder, counter, day), amount in rows.items()
    ]
    conn.execute(SQL["add_counts"], {"program": program_id, "now": now, "rows": batches.rows(counts)})


def _row(pair: Pair, last: Last) -> dict[str, object]:
    return msgspec.structs.asdict(last) | {
        "owner_id": pair.owner.id,
        "track_id": pair.track_id,
        "holder_id": pair.holder_id,
        "buying_group": pair.owner.group,
    }
