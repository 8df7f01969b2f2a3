"""Random programs for the ledger: everything it can be asked, while time moves on, stands still, or runs back."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from hypothesis import Phase, settings
from hypothesis import strategies as st

from verno.ledger.types import (
    MAX_POINTS,
    Activate,
    Capture,
    Earn,
    Entry,
    Erase,
    Hold,
    Merge,
    Operation,
    PutBack,
    Reinstate,
    Release,
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

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


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


@dataclass
class Past:
    """Earlier operations by what they did, whether or not that was refused."""

    earned: list[Origin] = field(default_factory=list)
    spent: list[Origin] = field(default_factory=list)
    held: list[Origin] = field(default_factory=list)
    merged: list[Origin] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def remember(self, operation: Operation) -> None:
        self.operations.append(operation)
        for entry in operation.entries:
            origin = Origin(operation.id, entry.at, entry.holder_id, entry.unit_id, getattr(entry, "into_id", ""))
            if isinstance(entry, Earn):
                self.earned.append(origin)
            elif isinstance(entry, Spend | Capture):
                self.spent.append(origin)
            elif isinstance(entry, Hold):
                self.held.append(origin)
            elif isinstance(entry, Merge):
                self.merged.append(origin)


POINTS = st.one_of(*[st.integers(1, 40)] * 5, st.sampled_from((0, -1, MAX_POINTS + 1)))
DAYS = st.integers(-10, 30)
SIDES = st.tuples(st.sampled_from(HOLDERS), st.sampled_from(UNITS))


@dataclass(frozen=True)
class Moment:
    """Now, in days, and the business time of the operation that is being drawn."""

    today: int
    at: datetime

    def later(self, draw: Draw, *, least: int = -2, most: int = 25) -> datetime:
        return day(self.today + draw(st.integers(least, most)))

    def lapse(self, draw: Draw, unit: str) -> datetime | None:
        sliding = unit == SLIDING or draw(st.integers(0, 9)) == 0
        return self.later(draw, least=-1) if sliding else None


def earn(draw: Draw, past: Past, when: Moment) -> Entry:
    holder, unit = draw(SIDES)
    begins = draw(st.sampled_from(("at once", "at once", "later", "on event")))
    return Earn(
        *(holder, unit, draw(POINTS), when.at),
        active_from=when.later(draw) if begins == "later" else None,
        expires_at=draw(st.none() | st.builds(day, st.integers(when.today - 3, when.today + 25))),
        awaits=draw(st.sampled_from(EVENTS)) if begins == "on event" else None,
        lapses_at=when.lapse(draw, unit),
        most=draw(st.sampled_from((None, None, 30, 5))),
        kind=draw(st.sampled_from((TransferKind.EARN, TransferKind.EARN, TransferKind.ADJUST, TransferKind.OPEN))),
    )


def spend(draw: Draw, past: Past, when: Moment) -> Entry:
    holder, unit = draw(SIDES)
    return Spend(holder, unit, draw(POINTS), when.at, when.lapse(draw, unit))


def hold(draw: Draw, past: Past, when: Moment) -> Entry:
    holder, unit = draw(SIDES)
    return Hold(holder, unit, draw(POINTS), when.at, when.later(draw, most=9))


def capture(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.held:
        return None
    origin = draw(st.sampled_from(past.held))
    points = draw(st.integers(0, 12) | POINTS)
    again, lapse = draw(st.booleans()), when.lapse(draw, origin.unit)
    return Capture(origin.holder, origin.unit, points, when.at, origin.id, again, lapse)


def release(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.held:
        return None
    origin = draw(st.sampled_from(past.held))
    return Release(origin.holder, origin.unit, when.at, origin.id)


def take_back(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.earned:
        return None
    origin = draw(st.sampled_from(past.earned))
    return TakeBack(
        *(origin.holder, origin.unit, draw(POINTS), when.at, origin.id, origin.at),
        write_off=draw(st.sampled_from((False, False, True))),
    )


def put_back(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.spent:
        return None
    origin = draw(st.sampled_from(past.spent))
    until = when.later(draw, least=0, most=14)
    return PutBack(origin.holder, origin.unit, draw(POINTS), when.at, origin.id, origin.at, until)


def activate(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.earned:
        return None
    origin = draw(st.sampled_from(past.earned))
    return Activate(
        *(origin.holder, origin.unit, when.at, origin.id, origin.at, draw(st.sampled_from(EVENTS))),
        active_from=when.later(draw, most=5),
        expires_at=when.later(draw) if draw(st.booleans()) else None,
        lapses_at=when.lapse(draw, origin.unit),
    )


def reinstate(draw: Draw, past: Past, when: Moment) -> Entry:
    holder, unit = draw(SIDES)
    return Reinstate(holder, unit, when.at, when.later(draw, least=-25, most=1), when.later(draw, least=0))


def merge(draw: Draw, past: Past, when: Moment) -> Entry:
    ((giver, unit),) = (draw(SIDES),)
    return Merge(giver, HOLDERS[giver == HOLDERS[0]], unit, when.at)


def unmerge(draw: Draw, past: Past, when: Moment) -> Entry | None:
    if not past.merged:
        return None
    origin = draw(st.sampled_from(past.merged))
    return Unmerge(origin.holder, origin.into, origin.unit, when.at, origin.id, origin.at)


def erase(draw: Draw, past: Past, when: Moment) -> Entry:
    holder, unit = draw(SIDES)
    return Erase(holder, unit, when.at)


Maker: TypeAlias = Callable[[Draw, Past, Moment], Entry | None]

TOGETHER: tuple[Maker, ...] = (
    *(earn, earn, earn, spend, spend, hold, hold, capture, capture, release),
    *(take_back, take_back, put_back, put_back, activate, reinstate),
)
"""What may happen in one operation with others; some are commoner."""
ALONE: tuple[Maker, ...] = (merge, unmerge, erase)


def operation(draw: Draw, past: Past, today: int, makers: tuple[Maker, ...] = ()) -> Operation:
    """Draw an operation: as a rule a fresh one, now and then an earlier one again, with its body or another."""
    if not makers and past.operations and draw(st.integers(0, 9)) == 0:
        old = draw(st.sampled_from(past.operations))
        return Operation(old.key, old.id, "ann", draw(st.sampled_from(("00", "ff"))), old.entries)
    when = Moment(today, day(today + draw(st.sampled_from((0, 0, 0, -1, -6, 2)))))
    if not makers:
        some = draw(st.lists(st.sampled_from(TOGETHER), min_size=1, max_size=3))
        makers = tuple(some) if draw(st.integers(0, 5)) else (draw(st.sampled_from(ALONE)),)
    entries: list[Entry] = []
    for maker in makers:
        entry = maker(draw, past, when) or earn(draw, past, when)
        if not (isinstance(entry, Hold) and any(isinstance(other, Hold) for other in entries)):
            entries.append(entry)
    number = len(past.operations)
    made = Operation(f"key-{number}", f"id-{number}", "ann", "00", tuple(entries))
    past.remember(made)
    return made


STEPS = st.sampled_from((0, 0, 1, 1, 2, 5, 9, -3))
MOST_OPERATIONS = 40
"""Of one program; the database test makes real ids for so many."""


@st.composite
def programs(draw: st.DrawFn, *, batches: int = 8) -> list[Batch]:
    today, out, past = 0, [], Past()
    for _ in range(draw(st.integers(1, batches))):
        today += draw(STEPS)
        count = draw(st.integers(1, 4))
        out.append(Batch(day(today), tuple(operation(draw, past, today) for _ in range(count))))
    return out
