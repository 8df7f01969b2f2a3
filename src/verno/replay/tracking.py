"""Tracks in a replay: who would stand on which step today if the draft had held (docs/adr/0019).

Only what the two rulebooks make different is simulated: the difference of what they count on each day, and the steps
that their rules set, on top of what really was counted and set. What a draft moves lies in a temporary table of a
connection of its own, so that memory does not grow with receipts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from verno.intake.context import Context
from verno.intake.settling import effects
from verno.intake.settling.judging import matched
from verno.kit import batches, db
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.progress import engine
from verno.progress import queries as progress
from verno.progress.engine import Gave, Owner, Ready
from verno.progress.queries import Person
from verno.progress.service import publishing
from verno.progress.telling import code
from verno.progress.types import Floor, Metric, Stored
from verno.replay.reading import Past
from verno.replay.types import BadgeChange, StepCount, StepMove, TrackChange
from verno.rules.effects import EmitEvent, SetTier
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Fired, Verdict, gives_badges

SQL = Statements("verno.replay")
OWNERS = 1000
"""Owners that are judged at once."""
MOST_KNOWN = 200_000
"""People that are remembered at once; beyond it the memory starts afresh."""
DIFFERENCE = -1
BADGE, TIER = "give_badge", "set_tier"


@dataclass(frozen=True, slots=True)
class _Track:
    """A track that a rulebook reaches; ``counts``: what a receipt adds depends on the rulebook."""

    stored: Stored
    ready: Ready
    counts: bool


def emits(book: Book) -> frozenset[str]:
    """Return the events that rules of a book emit."""
    return frozenset(
        effect.name for rule in book.rulebook.rules for effect in rule.effects if isinstance(effect, EmitEvent)
    )


@dataclass(slots=True)
class _Sums:
    """What became of a track's owners."""

    moves: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    cards: int = 0


@dataclass(slots=True)
class Tracking:
    """What two rulebooks move. ``close`` it in the end."""

    conn: Connection
    context: Context
    books: tuple[Book, Book]
    now: datetime
    today: date = field(init=False)
    tracks: list[_Track] = field(init=False)
    by_code: Mapping[str, int] = field(init=False)
    watches: bool = field(init=False)
    """Whether there is anything to look at: most replays have no tracks and no badges."""
    people: dict[str, Person] = field(default_factory=dict)
    rows: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    badges: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    spool: Connection | None = None

    def __post_init__(self) -> None:
        """Find the tracks that these rulebooks can reach."""
        board = self.context.board(self.now)
        self.today = engine.today_of(board, self.now)
        counters = {counter.id: counter.ready for counter in board.counters}
        lifted = {
            effect.track
            for book in self.books
            for rule in book.rulebook.rules
            for effect in rule.effects
            if isinstance(effect, SetTier)
        }
        found = [
            _Track(one, counters[one.counter_id], self._counts(counters[one.counter_id]))
            for one in board.holding(self.today)
        ]
        self.tracks = [one for one in found if one.counts or one.stored.track.code in lifted]
        self.by_code = {one.stored.track.code: position for position, one in enumerate(self.tracks)}
        self.watches = bool(self.tracks) or any(gives_badges(book.rulebook) for book in self.books)

    def counted(self, facts: Facts, verdict: Verdict) -> list[int]:
        """Return what a receipt adds to each track under the rulebook that has just judged it."""
        gave = Gave(verdict.points, effects.happened(effects.brought(matched(verdict))))
        return [engine.contribution(one.ready, facts, gave) if one.counts else 0 for one in self.tracks]

    def add(self, past: Past, holder: str, verdicts: Sequence[Verdict], counts: Sequence[Sequence[int]]) -> None:
        """Take in what both rulebooks made of a member's receipt."""
        day = past.facts.local.date
        for track, (current, draft) in enumerate(zip(*counts, strict=True)):
            if draft != current:
                self.rows.append((holder, (track, DIFFERENCE, None, day, None, draft - current)))
        for side, verdict in enumerate(verdicts):
            for fired in verdict.fired:
                if fired.effect == BADGE:
                    self._badge(holder, side, day, fired)
                elif fired.effect == TIER:
                    self._lift(holder, side, day, fired)

    def write(self) -> None:
        """Put a piece's rows aside."""
        if not self.rows:
            return
        if self.spool is None:
            self.spool = db.connect()
            self.spool.autocommit = True
            self.spool.execute(SQL["open_days"])
        self._meet([holder for holder, _ in self.rows])
        with self.spool.cursor() as cursor, cursor.copy(SQL["add_days"]) as copy:
            for holder, (track, *rest) in self.rows:
                person, of = self.people[holder], self.tracks[track].stored.track  # type: ignore[call-overload]  # an int
                if person.counts(of):
                    owner = person.owner(of)
                    copy.write_row((owner.id, track, owner.group, owner.joined, *rest))
        self.rows = []

    def changes(self) -> tuple[TrackChange, ...]:
        """Return who would stand where, by track."""
        sums = [_Sums() for _ in self.tracks]
        for track, owners in self._moved():
            self._judge(self.tracks[track], owners, sums[track])
        pairs = zip(self.tracks, sums, strict=True)
        return tuple([_change(one.stored, self._there(one.stored), found) for one, found in pairs])

    def badge_changes(self) -> tuple[BadgeChange, ...]:
        """Return how many have which badge from rules."""
        return tuple([BadgeChange(badge, *map(len, sides)) for badge, sides in sorted(self.badges.items())])

    def close(self) -> None:
        """Leave nothing behind."""
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def _counts(self, ready: Ready) -> bool:
        """Tell whether what a receipt adds depends on the rulebook: on its points, events or discounts."""
        metric = ready.track.metric
        if metric is Metric.EVENTS:
            return any(ready.track.event in emits(book) for book in self.books)
        off = any(book.discounts for book in self.books)
        asked = ready.track.where is not None or ready.track.lines is not None
        same = metric in {Metric.AMOUNT, Metric.VISITS, Metric.UNITS} and not asked
        return metric is Metric.POINTS or (off and not same)

    def _badge(self, holder: str, side: int, day: date, fired: Fired) -> None:
        if not fired.full or day + timedelta(days=fired.full) > self.today:
            self.badges.setdefault(fired.text, (set(), set()))[side].add(holder)

    def _lift(self, holder: str, side: int, day: date, fired: Fired) -> None:
        of, _, step = fired.text.partition("/")
        last = day + timedelta(days=fired.full)
        if of in self.by_code and last >= self.today:
            self.rows.append((holder, (self.by_code[of], side, step, day, last, 0)))

    def _meet(self, holders: Sequence[str]) -> None:
        if len(self.people) > MOST_KNOWN:
            self.people = {}
        strange = set(holders).difference(self.people)
        if strange:
            zone = self.context.board(self.now).zone
            self.people.update(progress.people(self.conn, self.context.program.id, strange, zone))

    def _moved(self) -> Iterator[tuple[int, list["_Moved"]]]:
        """Yield owners with all that moved them, some hundreds at a time, those of one track together."""
        if self.spool is None:
            return
        with self.spool.transaction(), self.spool.cursor(name="days") as cursor:
            cursor.execute(SQL["days"])
            for track, rows in groupby(cursor, key=lambda row: int(row[0])):
                owners = (_moved_of(list(some)) for _, some in groupby(rows, key=lambda row: row[1]))
                for some in batches.batched(owners, OWNERS):
                    yield track, some

    def _there(self, stored: Stored) -> dict[str | None, int]:
        """Return how many of a track's owners stand on each step today, whether or not the sweep has looked yet."""
        found: dict[str | None, int] = {}
        board, program = self.context.board(self.now), self.context.program.id
        for page in publishing.owners_of(self.conn, program, stored, board):
            with self.conn.pipeline():
                asked = progress.ask(self.conn, program, page.values(), [stored.counter_id])
            loaded = asked.read()
            for bare in page.values():
                days = loaded.counts.get((bare.id, stored.counter_id), {})
                held = engine.judged(stored, days, loaded.owner(bare, stored.id), self.today)
                step = code(stored.track, held.step)
                found[step] = found.get(step, 0) + 1
        return found

    def _judge(self, one: _Track, moved: Sequence["_Moved"], sums: _Sums) -> None:
        stored = one.stored
        with self.conn.pipeline():
            asked = progress.ask(
                self.conn, self.context.program.id, [each.owner for each in moved], [stored.counter_id]
            )
        loaded = asked.read()
        for each in moved:
            owner = loaded.owner(each.owner, stored.id)
            days = dict(loaded.counts.get((owner.id, stored.counter_id), {}))
            before = engine.judged(stored, days, owner, self.today)
            for day, amount in each.days.items():
                days[day] = days.get(day, 0) + amount
            after = engine.judged(stored, days, each.with_steps(owner), self.today)
            pair = code(stored.track, before.step), code(stored.track, after.step)
            sums.cards += after.times - before.times
            if pair[0] != pair[1]:
                sums.moves[pair] = sums.moves.get(pair, 0) + 1


@dataclass(frozen=True, slots=True)
class _Moved:
    """An owner, the days of which the draft counts more or less, and the steps that each rulebook sets."""

    owner: Owner
    days: Mapping[date, int]
    floors: tuple[frozenset[Floor], frozenset[Floor]]

    def with_steps(self, owner: Owner) -> Owner:
        """Return the owner without the steps that only the current rulebook sets, with those that only a draft does."""
        current, draft = self.floors
        floors = (*(one for one in owner.floors if one not in current - draft), *(draft - current))
        return Owner(owner.id, owner.joined, owner.group, floors, owner.contracts)


def _moved_of(rows: Sequence[Sequence[object]]) -> _Moved:
    _, owner, group, joined, *_ = rows[0]
    days: dict[date, int] = {}
    floors: tuple[set[Floor], set[Floor]] = (set(), set())
    for row in rows:
        side, step, day, last, amount = row[4:]
        if side == DIFFERENCE:
            days[day] = days.get(day, 0) + amount  # type: ignore[index, call-overload]  # as the columns are
        else:
            floors[side].add(Floor(step, day, last))  # type: ignore[call-overload, arg-type]  # the same
    made = Owner(owner, joined, group)  # type: ignore[arg-type]  # the same
    return _Moved(made, days, (frozenset(floors[0]), frozenset(floors[1])))


def _change(stored: Stored, there: Mapping[str | None, int], sums: _Sums) -> TrackChange:
    order: list[str | None] = [None, *(step.code for step in stored.track.steps)]
    place = {step: position for position, step in enumerate(order)}
    counts = []
    for step in order:
        current = there.get(step, 0)
        came = sum([n for (_, after), n in sums.moves.items() if after == step])
        went = sum([n for (before, _), n in sums.moves.items() if before == step])
        counts.append(StepCount(step, current, max(current + came - went, 0)))
    moves = sorted(sums.moves.items(), key=lambda one: (place[one[0][0]], place[one[0][1]]))
    kind = str(stored.track.settings.__struct_config__.tag)
    return TrackChange(
        stored.track.code, kind, tuple(counts), tuple([StepMove(*pair, n) for pair, n in moves]), sums.cards
    )
