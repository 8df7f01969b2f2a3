"""Tracks change: a draft is looked at, published under a written rule, and, where it counts otherwise, recounted.

Nothing that was counted is ever deleted. Versions that count the same share their days; one that counts something
else gets days of its own: filled from stored receipts while the street counts for both, or from a date on that has not
begun.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple, TypeAlias

import msgspec
from psycopg import Rollback

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.predicate.types import Refused
from verno.progress import checks, engine, queries
from verno.progress.engine import NOTHING, Board, Gave, Owner, Ready
from verno.progress.queries import SQL
from verno.progress.service.counting import Pair, add, lock
from verno.progress.telling import code
from verno.progress.types import (
    MAX_EXAMPLES,
    MAX_TRACKS,
    Example,
    Floor,
    Fresh,
    KeepSteps,
    Move,
    Moved,
    NotPublished,
    Preview,
    Published,
    Rule,
    Stored,
    Track,
)
from verno.rules.facts import Facts
from verno.rules.fields import Known
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor
from verno.workspace.types import Program

PAGE = 1000
"""Owners looked at in one statement of a preview."""
MOST_OWNERS = 20_000
"""Owners looked at in a preview."""
EASTERNMOST = timedelta(hours=14)
"""Dates begin in Kiritimati."""


class Kept(NamedTuple):
    """What is kept of a receipt: its own holder, its business date, its kept lines, and what it gives."""

    holder_id: str
    day: date
    facts: Facts
    gave: Gave = NOTHING
    receipt_id: str = ""


Read: TypeAlias = Callable[[Connection, Sequence[str]], Iterable[Kept]]
"""How whoever has the receipts reads those of some holders."""


def publish(
    conn: Connection,
    program: Program,
    draft: Track,
    rule: Rule,
    *,
    known: Known,
    now: datetime,
    by: Actor = audit.SYSTEM,
) -> Published | NotPublished:
    """Store a draft as the track's next version, which everybody is converted to by ``rule``.

    Where it counts what the version before counts, it holds at once, or from the date of ``Fresh``, and the sweep
    judges everybody again. Where it counts something else (or is the first), ``Fresh`` needs no more; otherwise it
    ``waits``: two seconds later, when every process counts for it, ``refill`` all holders and then ``finish``. The
    newest version again changes nothing.
    """
    program_id = program.id
    conn.execute(SQL["lock_tracks"], {"program": program_id})
    mine = [one for one in queries.tracks(conn, program_id) if one.track.code == draft.code]
    reasons = problems(conn, program, draft, rule, known=known, now=now)
    if reasons:
        return NotPublished(tuple(reasons))
    if mine and (mine[0].track, mine[0].rule) == (draft, rule):
        return Published(mine[0], waits=not mine[0].filled)
    today = localtime.business_date(now, localtime.zone(program.timezone))
    parameters = {"program": program_id, "code": draft.code, "id": new_id(now=now), "now": now}
    row = conn.execute(SQL["add_track"], parameters).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    track_id = str(row[0])
    version = _count(conn, track_id) + 1
    same = next((one for one in mine if one.filled and engine.same_counts(one.track, draft)), None)
    fresh = isinstance(rule, Fresh)
    stored = Stored(
        track_id,
        version,
        same.counter_id if same else new_id(now=now),
        draft,
        rule,
        rule.date if isinstance(rule, Fresh) else today,
        rule.date if isinstance(rule, Fresh) else _since(mine, same),
        filled=fresh or same is not None,
        published_at=now,
    )
    _add(conn, program_id, stored, now=now)
    if stored.filled:
        _convert(conn, program_id, stored, today, now=now)
    audit.record(conn, program_id, by, "track.publish", ("track", track_id), now=now, detail=f"{draft.code}.{version}")
    return Published(stored, waits=not stored.filled)


def publish_all(
    conn: Connection,
    program: Program,
    drafts: Sequence[Track],
    rule: Rule,
    *,
    known: Known,
    now: datetime,
    by: Actor = audit.SYSTEM,
) -> list[Published] | NotPublished:
    """Publish several tracks, or none when one of them is refused, see ``publish``."""
    made: list[Published] = []
    refused: NotPublished | None = None
    with conn.transaction() as all_or_none:
        for draft in drafts:
            done = publish(conn, program, draft, rule, known=known, now=now, by=by)
            if isinstance(done, NotPublished):
                refused = done
                raise Rollback(all_or_none)
            made.append(done)
    return refused or made


def problems(conn: Connection, program: Program, draft: Track, rule: Rule, *, known: Known, now: datetime) -> list[str]:
    """Return why a draft could not be published, in words; nothing when it could."""
    units = [unit.code for unit in workspace.units(conn, program.id)]
    there = queries.tracks(conn, program.id)
    mine = [one for one in there if one.track.code == draft.code]
    unclean = (
        ["track: a text holds NUL or half a surrogate pair"] if batches.unclean(msgspec.to_builtins(draft)) else []
    )
    return [
        *(*unclean, *checks.problems(draft, known, units)),
        *(*_of_program(there, mine, draft), *_of_rule(rule, mine, now)),
    ]


def remove(conn: Connection, program_id: str, code_: str, *, now: datetime, by: Actor = audit.SYSTEM) -> bool:
    """Remove a track; what was counted stays. False when there is none of this code."""
    done = conn.execute(SQL["remove_track"], {"program": program_id, "code": code_, "now": now}).rowcount > 0
    if done:
        audit.record(conn, program_id, by, "track.remove", ("track", code_), now=now)
    return done


def refill(
    conn: Connection,
    program_id: str,
    stored: Stored,
    holder_ids: Sequence[str],
    read: Read,
    *,
    known: Known,
    on: Board,
    now: datetime,
) -> int:
    """Count anew what is kept of the receipts of some holders, in one transaction; returns how many receipts.

    ``holder_ids`` are receipts' own holders, ``read`` is asked for them when their owners are locked, so that what the
    street counts meanwhile is neither missed nor counted twice. ``on`` is the board that counts for this version.
    """
    made = engine.ready(stored.track, known)
    if isinstance(made, Refused) or not holder_ids:
        return 0
    people = queries.people(conn, program_id, holder_ids, on.zone)
    pairs = [Pair(person.owner(stored.track), stored.id, person.id) for person in people.values()]
    lock(conn, program_id, pairs, now=now).fetchall()
    moved, receipts = [], 0
    for kept in read(conn, holder_ids):
        receipts += 1
        amount = engine.contribution(made, kept.facts, kept.gave)
        if amount:
            moved.append(Moved(kept.holder_id, stored.counter_id, kept.day, amount))
    parameters = {"ids": batches.rows(list(holder_ids)), "counter": stored.counter_id, "now": now}
    conn.execute(SQL["empty_counts"], parameters)
    add(conn, program_id, moved, now=now)
    return receipts


def tell_recounted(conn: Connection, program_id: str, stored: Stored, members: int) -> None:
    """Say how many members' receipts are recounted for a version."""
    parameters = {"program": program_id, "track": stored.id, "version": stored.version, "members": members}
    conn.execute(SQL["recounted"], parameters)


def finish(conn: Connection, program_id: str, stored: Stored, *, on: Board, now: datetime) -> None:
    """Let a version hold whose recount is done: everybody is converted, and the sweep judges them again."""
    today = engine.today_of(on, now)
    parameters = {"program": program_id, "track": stored.id, "version": stored.version, "now": now, "today": today}
    if conn.execute(SQL["fill_version"], parameters).rowcount:
        _convert(conn, program_id, stored, today, now=now)


def preview(
    conn: Connection,
    program_id: str,
    draft: Track,
    rule: Rule,
    *,
    on: Board,
    known: Known,
    now: datetime,
    receipts: Iterable[Kept] | None = None,
) -> Preview:
    """Tell who would stand where, if a draft held now under ``rule``: how many move from which step to which.

    Where the draft counts what the track counts, its days are read, a thousand owners at a time. Else ``receipts`` are
    recounted: what is kept of each, those of a holder one after the other. Nothing is written.
    """
    today, current = engine.today_of(on, now), current_of(on, draft.code, now)
    as_draft = Stored(
        current.id if current else "",
        0,
        current.counter_id if current else "",
        draft,
        rule,
        today,
        today if isinstance(rule, Fresh) else None,
        filled=True,
        published_at=now,
    )
    tally = _Tally(current, as_draft, today)
    if receipts is None and current is not None:
        for owners in owners_of(conn, program_id, current, on):
            with conn.pipeline():
                asked = queries.ask(conn, program_id, owners.values(), [current.counter_id])
            loaded = asked.read()
            for holder, bare in owners.items():
                counts = loaded.counts.get((bare.id, current.counter_id), {})
                tally.add(holder, loaded.owner(bare, current.id), counts, counts)
            if tally.members >= MOST_OWNERS:
                return tally.preview(whole=False)
        return tally.preview()
    made = engine.ready(draft, known)
    if isinstance(made, Refused) or receipts is None:
        return tally.preview()
    counter = current.counter_id if current else ""
    for page in batches.batched(_by_owner(conn, program_id, draft, on, _by_holder(made, receipts)), PAGE):
        with conn.pipeline():
            asked = queries.ask(conn, program_id, [bare for _, bare, _ in page], [counter] if counter else [])
        loaded = asked.read()
        for holder, bare, counts in page:
            owner = loaded.owner(bare, current.id) if current else bare
            tally.add(holder, owner, loaded.counts.get((bare.id, counter), {}), counts)
    return tally.preview()


def current_of(on: Board, code_: str, now: datetime) -> Stored | None:
    """Return the version of a track that holds."""
    return next((one for one in on.holding(engine.today_of(on, now)) if one.track.code == code_), None)


class _Tally:
    """Counts who moves."""

    def __init__(self, current: Stored | None, draft: Stored, today: date) -> None:
        self.current, self.draft, self.today = current, draft, today
        self.members = 0
        self.moves: dict[tuple[str | None, str | None], int] = {}
        self.examples: list[Example] = []

    def add(self, holder_id: str, owner: Owner, before: Mapping[date, int], after: Mapping[date, int]) -> None:
        """Judge one owner by both."""
        today = self.today
        old = engine.judged(self.current, before, owner, today) if self.current else None
        step = code(self.current.track, old.step) if self.current and old else None
        if isinstance(self.draft.rule, KeepSteps) and old is not None and step is not None:
            owner = _with_floor(owner, Floor(step, today, old.holds_until))
        new = engine.judged(self.draft, after, owner, today)
        now_on = code(self.draft.track, new.step)
        self.members += 1
        self.moves[step, now_on] = self.moves.get((step, now_on), 0) + 1
        if step != now_on and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(Example(holder_id, step, now_on, old.value if old else 0, new.value))

    def preview(self, *, whole: bool = True) -> Preview:
        """Return what was found: moves from the lowest step to the highest."""
        order = {step.code: i for track in (self.draft.track,) for i, step in enumerate(track.steps)}
        if self.current:
            order |= {step.code: i for i, step in enumerate(self.current.track.steps)}

        def place(step: str | None) -> int:
            return -1 if step is None else order.get(step, len(order))

        pairs = sorted(self.moves, key=lambda pair: (place(pair[0]), place(pair[1])))
        moves = tuple(Move(before, after, self.moves[before, after]) for before, after in pairs)
        return Preview(self.members, moves, tuple(self.examples), whole)


def _with_floor(owner: Owner, floor: Floor) -> Owner:
    """Return an owner who has one more floor."""
    return Owner(owner.id, owner.joined, owner.group, (*owner.floors, floor), owner.contracts)


def owners_of(conn: Connection, program_id: str, current: Stored, on: Board) -> Iterator[dict[str, Owner]]:
    """Yield a track's owners by the holder that stands for each, a page at a time."""
    after: str | None = None
    while True:
        parameters = {"program": program_id, "track": current.id, "after": after, "limit": PAGE}
        rows = conn.execute(SQL["page_of_tiers"], parameters).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        page: dict[str, Owner] = {}
        for owner, holder, group, joined in rows:
            born = None if joined is None else joined.astimezone(on.zone).date()
            page[holder if group is None else owner] = Owner(owner, born, group)
        yield page


def _by_holder(made: Ready, receipts: Iterable[Kept]) -> Iterator[tuple[str, dict[date, int]]]:
    for holder, some in groupby(receipts, lambda kept: kept.holder_id):
        counts: dict[date, int] = {}
        for kept in some:
            amount = engine.contribution(made, kept.facts, kept.gave)
            counts[kept.day] = counts.get(kept.day, 0) + amount
        yield holder, counts


def _by_owner(
    conn: Connection, program_id: str, draft: Track, on: Board, counted: Iterable[tuple[str, dict[date, int]]]
) -> Iterable[tuple[str, Owner, dict[date, int]]]:
    """Add up what holders counted for whom it counts: those they were merged into, and their buying groups."""
    mine: dict[str, tuple[str, Owner, dict[date, int]]] = {}
    for some in batches.batched(counted, PAGE):
        people = queries.people(conn, program_id, [holder for holder, _ in some], on.zone)
        for holder, counts in some:
            person = people[holder]
            if person.counts(draft):
                bare = person.owner(draft)
                _, _, there = mine.setdefault(bare.id, (person.id, bare, {}))
                for day, amount in counts.items():
                    there[day] = there.get(day, 0) + amount
    return mine.values()


def _of_program(there: Sequence[Stored], mine: Sequence[Stored], draft: Track) -> Iterator[str]:
    if not mine and len({one.id for one in there}) >= MAX_TRACKS:
        yield f"a program has at most {MAX_TRACKS} tracks"
    if mine and not mine[0].filled:
        yield "the version before is still being recounted"
    if mine and type(mine[0].track.settings) is not type(draft.settings):
        yield "settings.kind: another kind is a new track"


def _of_rule(rule: Rule, mine: Sequence[Stored], now: datetime) -> Iterator[str]:
    if isinstance(rule, Fresh) and rule.date <= (now + EASTERNMOST).date():
        yield f"rule.date: {rule.date} has begun somewhere; part of that day would be missing"
    if isinstance(rule, KeepSteps) and not mine:
        yield "rule: there are no steps to keep yet"


def _since(mine: Sequence[Stored], same: Stored | None) -> date | None:
    """Return since when days are there under the counter that is shared; all of them under a new one."""
    if same is None:
        return None
    starts = [one.counts_from for one in mine if one.counter_id == same.counter_id]
    return None if None in starts else min(start for start in starts if start is not None)


def _count(conn: Connection, track_id: str) -> int:
    row = conn.execute(SQL["versions_of"], {"track": track_id}).fetchone()
    return int(row[0]) if row else 0


def _add(conn: Connection, program_id: str, stored: Stored, *, now: datetime) -> None:
    conn.execute(
        SQL["add_version"],
        {
            "track": stored.id,
            "version": stored.version,
            "program": program_id,
            "counter": stored.counter_id,
            "body": msgspec.json.encode(stored.track).decode(),
            "rule": msgspec.json.encode(stored.rule).decode(),
            "effective_from": stored.effective_from,
            "counts_from": stored.counts_from,
            "filled_at": now if stored.filled else None,
            "now": now,
        },
    )


def _convert(conn: Connection, program_id: str, stored: Stored, today: date, *, now: datetime) -> None:
    """Keep what was promised, if that is the rule, and have everybody judged on the day on which the version holds."""
    parameters: dict[str, object] = {"program": program_id, "track": stored.id, "now": now, "today": today}
    if isinstance(stored.rule, KeepSteps):
        steps = [step.code for step in stored.track.steps]
        conn.execute(SQL["keep_steps"], parameters | {"key": f"version/{stored.version}", "steps": steps})
    day = stored.effective_from if isinstance(stored.rule, Fresh) else today
    conn.execute(SQL["wake_tiers"], parameters | {"day": day})
