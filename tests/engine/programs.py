"""Random programs for the ledger: batches of earns and spends while time moves on, stands still, or runs back."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from verno.ledger.types import MAX_POINTS, Earn, Entry, Operation, Spend

START = datetime(2026, 3, 1, tzinfo=UTC)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
THOROUGH = int(os.environ.get("VERNO_THOROUGH", "1"))
"""Multiplies the number of random programs: ``VERNO_THOROUGH=20 pytest tests/engine`` before a release."""
HOLDERS = ("ann", "bob")
UNITS = ("points", "miles")


def day(number: int) -> datetime:
    """Whole days, so that births, expiries and postings often fall on the same moment."""
    return START + timedelta(days=number)


def examples(count: int) -> settings:
    """Run ``count`` random programs (times ``VERNO_THOROUGH``), however long each takes on a busy machine."""
    return settings(max_examples=count * THOROUGH, deadline=None)


@dataclass(frozen=True)
class Batch:
    """Operations that are posted together at one moment."""

    now: datetime
    operations: tuple[Operation, ...]


POINTS = st.one_of(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.sampled_from((0, -1, MAX_POINTS + 1)))
DAYS = st.integers(-10, 30)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    holder, unit = draw(st.sampled_from(HOLDERS)), draw(st.sampled_from(UNITS))
    points, at = draw(POINTS), day(draw(DAYS))
    if draw(st.booleans()):
        return Spend(holder, unit, points, at)
    begins, ends = draw(st.none() | DAYS), draw(st.none() | DAYS)
    return Earn(holder, unit, points, at, None if begins is None else day(begins), None if ends is None else day(ends))


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    key = draw(st.integers(0, 30))
    return Operation(
        f"key-{key}", f"id-{key}", "ann", draw(st.sampled_from(("00", "00", "00", "ff"))),
        tuple(draw(st.lists(entries(), min_size=1, max_size=3))),
    )  # fmt: skip


@st.composite
def programs(draw: st.DrawFn, *, batches: int = 6) -> list[Batch]:
    today, out = 0, []
    for _ in range(draw(st.integers(1, batches))):
        today += draw(st.sampled_from((0, 0, 1, 1, 2, 5, 9, -3)))
        out.append(Batch(day(today), tuple(draw(st.lists(operations(), min_size=1, max_size=4)))))
    return out
