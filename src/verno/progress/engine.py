"""The engine of progress: what a receipt adds to which track, and where that puts somebody. No database, no clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from verno.kit import localtime
from verno.predicate.closures import closure
from verno.predicate.reading import read
from verno.predicate.types import Problem, Reading, Refused, Registry
from verno.progress import judging, machine
from verno.progress.judging import Judged, judge
from verno.progress.types import (
    MONEY,
    Buckets,
    Contract,
    Floor,
    Metric,
    Moved,
    Scale,
    Standing,
    Stored,
    Tiers,
    Track,
    Whose,
)
from verno.rules import fields
from verno.rules.effects import Tree
from verno.rules.facts import Facts, Line
from verno.rules.fields import Known
from verno.rules.making.asking import asked

THOUSAND = 1000

__all__ = ["Board", "Judged", "Ready", "as_known", "board", "contribution", "judge", "moves", "ready", "standing"]


class Gave(NamedTuple):
    """What a receipt gives as far as it is kept: points by unit, and how often each event happened."""

    points: Mapping[str, int] = {}
    events: Mapping[str, int] = {}


NOTHING = Gave()


@dataclass(frozen=True, slots=True)
class Ready:
    """A track whose conditions are ready to be asked; ``uses`` are the fields that they ask."""

    track: Track
    holds: Reading | None = None
    of_lines: Reading | None = None
    uses: frozenset[str] = frozenset()


def as_known(track: Track, digits: int) -> fields.Track:
    """Return a track as conditions know it; ``digits`` are those of the program's currency."""
    names = {step.code: step.names.get("en", step.code) for step in track.steps}
    scale = isinstance(track.settings, Scale)
    return fields.Track(track.names.get("en", track.code), names, digits if track.metric in MONEY else 0, scale)


@dataclass(frozen=True, slots=True)
class Counter:
    """What days are counted under, and since which of them (None: all)."""

    id: str
    ready: Ready
    since: date | None


@dataclass(frozen=True)
class Board:
    """A program's tracks, ready: what is counted, and the versions by which it is judged, the newest first."""

    zone: ZoneInfo
    counters: tuple[Counter, ...] = ()
    stored: tuple[Stored, ...] = ()
    uses: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether there is any track."""
        return bool(self.stored)

    def holding(self, day: date) -> list[Stored]:
        """Return the version of each track that holds on a day, in the order of their codes."""
        found: dict[str, Stored] = {}
        for one in self.stored:
            if one.filled and one.effective_from <= day:
                found.setdefault(one.id, one)
        return sorted(found.values(), key=lambda one: one.track.code)

    def succeeded_on(self, track_id: str, day: date) -> date | None:
        """Return the date on which a track's next version begins to hold, if it is known."""
        coming = [one.effective_from for one in self.stored if one.id == track_id and one.filled]
        return min((date_ for date_ in coming if date_ > day), default=None)


def ready(track: Track, known: Known) -> Ready | Refused:
    """Return a track made ready, or everything that is wrong with its conditions (``where.rules.0``)."""
    problems: list[Problem] = []
    uses: set[str] = set()

    def closed(tree: Tree | None, registry: Registry, at: str, before: str) -> Reading | None:
        if tree is None:
            return None
        node = read(tree, registry)
        if isinstance(node, Refused):
            problems.extend(Problem(f"{at}.{one.path}".rstrip("."), one.wrong, one.detail) for one in node.problems)
            return None
        uses.update(before + name for name in asked(node))
        return closure(node)

    holds = closed(track.where, fields.registry(known, track.where), "where", "")
    of_lines = closed(track.lines, fields.line_registry(known, track.lines), "lines", "lines.")
    if track.metric is Metric.MARGIN:
        uses.add("lines.cost")
    return Refused(tuple(problems)) if problems else Ready(track, holds, of_lines, frozenset(uses))


def board(stored: Sequence[Stored], known: Known, zone: ZoneInfo, *, today: date) -> Board:
    """Return a program's tracks made ready: of each the version that holds, and those to come.

    A condition that cannot be read any more (a place that is gone) counts nothing, rather than everything.
    """
    live = living(stored, today)
    counters: dict[str, Counter] = {}
    for one in live:
        made = ready(one.track, known)
        if isinstance(made, Refused):
            made = Ready(one.track, _never)
        before = counters.get(one.counter_id)
        since = one.counts_from
        if before is not None:
            since = None if since is None or before.since is None else min(since, before.since)
        counters[one.counter_id] = Counter(one.counter_id, made, since)
    uses = frozenset(name for one in counters.values() for name in one.ready.uses)
    return Board(zone, tuple(counters.values()), tuple(live), uses)


def living(stored: Sequence[Stored], today: date) -> list[Stored]:
    """Return of each track the version that holds, and those to come, the newest first."""
    live: list[Stored] = []
    begun: set[str] = set()
    for one in sorted(stored, key=lambda one: (one.id, -one.version)):
        if one.id not in begun:
            live.append(one)
            if one.filled and one.effective_from <= today:
                begun.add(one.id)
    return live


def contribution(one: Ready, facts: Facts, gave: Gave = NOTHING) -> int:
    """Return what a receipt of these lines, those that are kept, adds to its day: 0 for none."""
    if not facts.lines:
        return 0
    when, track = facts.when, one.track
    if one.holds is not None and not one.holds(facts, when):
        return 0
    lines: Sequence[Line] = facts.lines
    if one.of_lines is not None:
        of_lines = one.of_lines
        lines = [line for line in lines if of_lines(line, when)]
    return _measured(track, lines, gave) if lines else 0


def _measured(track: Track, lines: Sequence[Line], gave: Gave) -> int:
    if track.metric is Metric.POINTS:
        return gave.points.get(track.unit or "", 0)
    if track.metric is Metric.EVENTS:
        return gave.events.get(track.event or "", 0)
    return MEASURES[track.metric](lines)


def _cost(cost: int, quantity: int) -> int:
    """Return what thousandths of a piece cost, half a minor unit rounded up."""
    return (2 * cost * quantity + THOUSAND) // (2 * THOUSAND)


MEASURES: Mapping[Metric, Callable[[Sequence[Line]], int]] = {
    Metric.SPEND: lambda lines: sum([line.paid for line in lines]),
    Metric.BEST_MONTH: lambda lines: sum([line.paid for line in lines]),
    Metric.AMOUNT: lambda lines: sum([line.price for line in lines]),
    Metric.MARGIN: lambda lines: sum(
        [line.paid - _cost(line.cost, line.quantity) for line in lines if line.cost is not None]
    ),
    Metric.VISITS: lambda _lines: 1,
    Metric.UNITS: lambda lines: sum([line.units for line in lines]),
}


def moves(
    on: Board,
    holder_id: str,
    day: date,
    before: Facts | None,
    after: Facts | None,
    *,
    gave: tuple[Gave, Gave] = (NOTHING, NOTHING),
    receipt_id: str | None = None,
) -> list[Moved]:
    """Return how the counts of a sale's day move when what is kept of it was ``before`` and is ``after``.

    A sale has nothing before it (None), a void nothing after it; ``gave`` is what it gave then, and gives now.
    ``holder_id`` is the receipt's own holder, ``day`` the sale's business date. Counters that nothing moves are absent.
    """
    out: list[Moved] = []
    for counter in on.counters:
        if counter.since is not None and day < counter.since:
            continue
        was = 0 if before is None else contribution(counter.ready, before, gave[0])
        now = 0 if after is None else contribution(counter.ready, after, gave[1])
        if now != was:
            out.append(Moved(holder_id, counter.id, day, now - was, receipt_id))
    return out


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose counts they are: a member, or, with ``group``, all companies of a buying group."""

    id: str
    joined: date | None = None
    group: str | None = None
    floors: tuple[Floor, ...] = ()
    contracts: tuple[Contract, ...] = ()


NOBODY = Owner("")


def judged(stored: Stored, buckets: Buckets, owner: Owner, today: date) -> Judged:
    """Return where a version of a track puts somebody at the end of a day."""
    since = stored.counts_from
    return judge(stored.track, buckets, today, joined=owner.joined, floors=owner.floors, since=since)


def standing(stored: Stored, buckets: Buckets, today: date, *, holder_id: str, owner: Owner = NOBODY) -> Standing:
    """Return where somebody stands on a track at the end of a day."""
    track = stored.track
    found = judged(stored, buckets, owner, today)
    steps = track.steps
    ahead = steps[found.step + 1] if found.step + 1 < len(steps) else None
    toward = judging.projected(track, found, today, owner.joined)
    agreed = contract(owner.contracts, today)
    share = _share(track, found.step)
    short = None
    if found.kept is not None and found.step != machine.NONE and _has_term(track):
        short = max(machine.keep(steps[found.step]) - found.kept, 0)
    return Standing(
        holder_id=holder_id,
        track_id=stored.id,
        track=track.code,
        version=stored.version,
        kind=str(track.settings.__struct_config__.tag),
        metric=track.metric,
        value=found.value,
        step=_code(track, found.step),
        since=found.since,
        next=None if ahead is None else ahead.code,
        distance=None if ahead is None else max(ahead.threshold - found.value, 0),
        until=found.until,
        projected=_code(track, toward),
        holds_until=found.holds_until,
        keep_distance=short,
        grace_until=found.grace_until,
        warning=found.warning,
        times=found.times,
        share=share if agreed is None else agreed.share,
        next_share=None if ahead is None else ahead.share,
        by_contract=agreed is not None,
        group=owner.group,
        set_by=found.is_set,
    )


def whose(track: Track) -> Whose:
    """Tell whose counts a track adds together."""
    return track.settings.whose if isinstance(track.settings, Scale) else Whose.MEMBER


def same_counts(one: Track, other: Track) -> bool:
    """Tell whether two versions of a track count the same, so that they can share their days."""
    return _counts(one) == _counts(other)


def today_of(on: Board, now: datetime) -> date:
    """Return the business date at ``now`` in the program's zone."""
    return localtime.business_date(now, on.zone)


def _counts(track: Track) -> tuple[object, ...]:
    money = Metric.SPEND if track.metric is Metric.BEST_MONTH else track.metric
    return money, track.unit, track.event, track.where, track.lines


def contract(contracts: Iterable[Contract], today: date) -> Contract | None:
    """Return the contract that holds: the one that began last."""
    holding = [one for one in contracts if one.first <= today and (one.last is None or today <= one.last)]
    return max(holding, key=lambda one: one.first, default=None)


def _share(track: Track, step: int) -> int | None:
    return None if step == machine.NONE else track.steps[step].share


def _code(track: Track, step: int) -> str | None:
    return None if step == machine.NONE else track.steps[step].code


def _has_term(track: Track) -> bool:
    return isinstance(track.settings, Tiers) and track.settings.maintain is not None


def _never(_fact: object, _when: object) -> bool:
    return False
