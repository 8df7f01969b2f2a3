"""Random programs for the ledger: everything it can be asked, while time moves on, stands still, or runs back.

Hypothesis decides how many operations there are, and gives each a seed; a die thrown from that seed decides the rest.
So a failure shrinks to few operations, and what is drawn is as likely as this page says (Hypothesis by itself prefers
what is small or odd, and most of its sales would be refused).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeAlias, TypeVar

import msgspec
from hypothesis import Phase, settings
from hypothesis import strategies as st

from verno.ledger.types import (
    MAX_POINTS,
    Activate,
    Capture,
    Earn,
    Entry,
    Erase,
    Extend,
    Hold,
    Merge,
    Operation,
    PutBack,
    Reinstate,
    Release,
    SendHome,
    Shorten,
    Spend,
    TakeBack,
    TransferKind,
    Unmerge,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
THOROUGH = int(os.environ.get("VERNO_THOROUGH", "1"))
"""Multiplies the number of random programs: ``VERNO_THOROUGH=20 pytest tests/engine`` before a release."""
HOLDERS = ("ann", "bob")
UNITS = ("points", "miles")
SLIDING = "miles"
"""The unit whose points end by inactivity (now and then the other's do, too)."""
EVENTS = ("delivered", "paid")

T = TypeVar("T")


def day(number: int) -> datetime:
    """Whole days, so that births, expiries and postings often fall on the same moment."""
    return START + timedelta(days=number)


def examples(count: int) -> settings:
    """Run ``count`` random programs (times ``VERNO_THOROUGH``), however long each takes on a busy machine.

    A failure is shrunk but not explained: explaining traces every line, which takes longer than a test may.
    """
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    return settings(max_examples=count * THOROUGH, deadline=None, phases=phases, report_multiple_bugs=False)


@dataclass(frozen=True)
class Batch:
    """Operations that are posted together at one moment."""

    now: datetime
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Origin:
    """What an earlier operation did to one account, for others to go back to."""

    id: str
    at: datetime
    holder: str
    unit: str
    into: str = ""
    awaits: str = ""
    number: int = 0
    """How many operations there were before."""


@dataclass
class Past:
    """Earlier operations by what they did, whether or not that was refused."""

    earned: list[Origin] = field(default_factory=list)
    spent: list[Origin] = field(default_factory=list)
    held: list[Origin] = field(default_factory=list)
    merged: list[Origin] = field(default_factory=list)
    extended: list[Origin] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    posted: int = 0
    """Operations of earlier batches."""
    repeated: set[str] = field(default_factory=set)
    """Those that come again in this batch: what had been refused may happen now."""

    def begin_batch(self) -> None:
        self.posted, self.repeated = len(self.operations), set()

    def remember(self, operation: Operation) -> None:
        for entry in operation.entries:
            into, awaits = getattr(entry, "into_id", ""), getattr(entry, "awaits", None) or ""
            number = len(self.operations)
            origin = Origin(operation.id, entry.at, entry.holder_id, entry.unit_id, into, awaits, number)
            if isinstance(entry, Earn):
                self.earned.append(origin)
            elif isinstance(entry, Spend | Capture):
                self.spent.append(origin)
            elif isinstance(entry, Hold):
                self.held.append(origin)
            elif isinstance(entry, Merge):
                self.merged.append(origin)
            elif isinstance(entry, Extend):
                self.extended.append(origin)
        self.operations.append(operation)


SIDES = (*[("ann", "points")] * 6, *[("bob", "points")] * 2, *[("ann", "miles")] * 3, ("bob", "miles"))
ODD = (0, -1, MAX_POINTS + 1)


@dataclass(frozen=True)
class Dice:
    """Whatever the operation of one seed needs: now in days, its business time, and chances."""

    random: Random
    today: int
    past: Past

    def at(self) -> datetime:
        return day(self.today + self.one(0, 0, 0, -1, -6, 2))

    def one(self, *of: T) -> T:
        return self.random.choice(of)

    def chance(self, in_a_hundred: int) -> bool:
        return self.random.randrange(100) < in_a_hundred

    def side(self) -> tuple[str, str]:
        return self.random.choice(SIDES)

    def rich_side(self) -> tuple[str, str]:
        """Where points were earned lately, as a rule, so that most sales are not refused."""
        if not self.past.earned or self.chance(30):
            return self.side()
        origin = self.recent(self.past.earned)
        return origin.holder, origin.unit

    def points(self, most: int) -> int:
        return self.random.choice(ODD) if self.chance(3) else self.random.randint(1, most)

    def later(self, *, least: int = -2, most: int = 25) -> datetime:
        return day(self.today + self.random.randint(least, most))

    def perhaps(self, in_a_hundred: int, *, least: int = -2, most: int = 25) -> datetime | None:
        return self.later(least=least, most=most) if self.chance(in_a_hundred) else None

    def lapse(self, unit: str) -> datetime | None:
        return self.perhaps(90 if unit == SLIDING else 5, least=-1)

    def now_of(self, origin: Origin) -> tuple[str, tuple[str, ...]]:
        """Return who answers for an origin, and who was merged into them: its holder, or after a merge the other.

        As returns come: merges and the sale were posted before this batch, and the sale was one member's.
        """
        merges = [merge for merge in self.past.merged if merge.unit == origin.unit]
        settled = origin.number < self.past.posted and origin.id not in self.past.repeated
        sale = self.past.operations[origin.number] if settled else None
        if (
            not merges
            or merges[-1].number >= self.past.posted
            or sale is None
            or any(entry.holder_id != origin.holder for entry in sale.entries)
        ):
            return origin.holder, ()
        last = merges[-1]
        return (last.into, (last.holder,)) if last.holder == origin.holder or self.chance(50) else (origin.holder, ())

    def parted(self, merged: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Say of those who were merged, now and then, that the merge was undone."""
        return tuple([(id_, id_) for id_ in merged]) if self.chance(50) else ()

    def recent(self, origins: list[Origin]) -> Origin:
        """As a rule one of the last, else any."""
        return self.random.choice(origins if self.chance(25) else origins[-4:])


def earn(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.side()
    begins = dice.one("at once", "at once", "at once", "at once", "later", "on event")
    return Earn(
        *(holder, unit, dice.points(dice.one(9, 25, 50)), at),
        active_from=dice.later(most=9) if begins == "later" else None,
        expires_at=dice.perhaps(70),
        awaits=dice.one(*EVENTS) if begins == "on event" else None,
        lapses_at=dice.lapse(unit),
        most=dice.one(None, None, None, None, 60, 15),
        kind=dice.one(TransferKind.EARN, TransferKind.EARN, TransferKind.ADJUST, TransferKind.OPEN),
    )


def spend(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.rich_side()
    return Spend(holder, unit, dice.points(dice.one(9, 20, 30)), at, dice.lapse(unit))


def hold(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.rich_side()
    return Hold(holder, unit, dice.points(12), at, dice.later(least=-1, most=12))


def capture(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.held:
        return None
    origin = dice.recent(dice.past.held)
    points, again = dice.one(0, dice.points(12), dice.points(5)), dice.chance(40)
    return Capture(origin.holder, origin.unit, points, at, origin.id, again, dice.lapse(origin.unit))


def release(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.held:
        return None
    origin = dice.recent(dice.past.held)
    return Release(origin.holder, origin.unit, at, origin.id)


def take_back(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.earned:
        return None
    origin = dice.recent(dice.past.earned)
    who, merged = dice.now_of(origin)
    return TakeBack(
        *(who, origin.unit, dice.points(30), at, origin.id, origin.at), dice.chance(25), merged, dice.parted(merged)
    )


def let_go(dice: Dice, at: datetime) -> Entry | None:
    """Take back, mostly more than there is, and write the rest off."""
    entry = take_back(dice, at)
    return msgspec.structs.replace(entry, points=dice.points(40), write_off=True) if entry else None


def put_back(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.spent:
        return None
    origin = dice.recent(dice.past.spent)
    until = dice.later(least=0, most=14)
    who, merged = dice.now_of(origin)
    return PutBack(*(who, origin.unit, dice.points(12), at, origin.id, origin.at), until, merged, dice.parted(merged))


def activate(dice: Dice, at: datetime) -> Entry | None:
    waiting = [origin for origin in dice.past.earned if origin.awaits]
    if not waiting:
        return None
    origin = dice.recent(waiting)
    who, merged = dice.now_of(origin)
    return Activate(
        *(who, origin.unit, at, origin.id, origin.at, dice.one(*EVENTS, origin.awaits, origin.awaits)),
        active_from=dice.later(most=5),
        expires_at=dice.perhaps(40),
        lapses_at=dice.lapse(origin.unit),
        merged_ids=merged,
    )


def reinstate(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.side()
    return Reinstate(holder, unit, at, dice.later(least=-25, most=1), dice.later(least=-1))


def extend(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.rich_side()
    by_days = dice.chance(70)
    return Extend(
        *(holder, unit, at, dice.later(least=0, most=20), "UTC"),
        days=dice.random.randint(1, 20) if by_days else 0,
        until=None if by_days else dice.later(least=0, most=30),
    )


def shorten(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.extended:
        return None
    origin = dice.recent(dice.past.extended)
    who, merged = dice.now_of(origin)
    return Shorten(who, origin.unit, at, origin.id, origin.at, merged)


def merge(dice: Dice, at: datetime) -> Entry:
    giver, unit = dice.side()
    return Merge(giver, HOLDERS[giver == HOLDERS[0]], unit, at)


def unmerge(dice: Dice, at: datetime) -> Entry | None:
    if not dice.past.merged:
        return None
    origin = dice.recent(dice.past.merged)
    return Unmerge(origin.holder, origin.into, origin.unit, at, origin.id, origin.at)


def send_home(dice: Dice, at: datetime) -> Entry | None:
    """As undoings come, before anything else of a batch: what stands for whose was read from the books before it."""
    past = dice.past
    if not past.merged or len(past.operations) > past.posted or past.repeated:
        return None
    origin = dice.recent(dice.past.merged)
    there = [one for one in dice.past.earned if (one.holder, one.unit) == (origin.into, origin.unit)]
    # Of earlier batches: what this one earns is not in the books yet when they are read.
    earned = tuple([(one.id, one.at) for one in there[-3:] if one.number < dice.past.posted and dice.chance(40)])
    return SendHome(
        *(origin.holder, origin.into, origin.unit, at),
        mine=(origin.holder,),
        kin=HOLDERS,
        earned=earned,
    )


def erase(dice: Dice, at: datetime) -> Entry:
    holder, unit = dice.side()
    return Erase(holder, unit, at)


Maker: TypeAlias = Callable[[Dice, datetime], Entry | None]

TOGETHER: tuple[Maker, ...] = (
    *(earn, earn, earn, spend, spend, hold, hold, capture, capture, release),
    *(take_back, let_go, put_back, put_back, activate, reinstate, extend, shorten),
)
"""What may happen in one operation with others; some are commoner."""
ALONE: tuple[Maker, ...] = (merge, merge, unmerge, unmerge, send_home, send_home, erase)


def operation(seed: int, past: Past, today: int, makers: tuple[Maker, ...] = ()) -> Operation:
    """Make an operation: as a rule a fresh one, now and then an earlier one again, with its body or another."""
    dice = Dice(Random(seed), today, past)
    if not makers and past.operations and dice.chance(7):
        return again(dice)
    if not makers:
        makers = (
            (dice.one(*ALONE),) if dice.chance(10) else tuple(dice.random.choices(TOGETHER, k=dice.one(1, 1, 2, 3)))
        )
    at = dice.at()
    entries: list[Entry] = []
    for maker in makers:
        entry = maker(dice, at) or earn(dice, at)
        if not (isinstance(entry, Hold) and any(isinstance(other, Hold) for other in entries)):
            entries.append(entry)
    number = len(past.operations)
    made = Operation(f"key-{number}", f"id-{number}", "ann", "00", tuple(entries))
    past.remember(made)
    return made


def again(dice: Dice) -> Operation:
    old = dice.one(*dice.past.operations)
    dice.past.repeated.add(old.id)
    return Operation(old.key, old.id, "ann", dice.one("00", "00", "ff"), old.entries)


STEPS = (0, 0, 1, 1, 2, 5, 9, -3)
SEEDS = st.integers(0, 2**32)
MOST_OPERATIONS = 60
"""Of one program; the database test makes real ids for so many."""


@st.composite
def programs(draw: st.DrawFn, *, batches: int = 14) -> list[Batch]:
    """Give batches of one to four operations; the least of a batch's seeds says how far time has moved before it."""
    today, out, past = 0, [], Past()
    for seeds in draw(st.lists(st.lists(SEEDS, min_size=1, max_size=4), min_size=1, max_size=batches)):
        today += Random(min(seeds)).choice(STEPS)
        past.begin_batch()
        out.append(Batch(day(today), tuple(operation(seed, past, today) for seed in seeds)))
    return out
