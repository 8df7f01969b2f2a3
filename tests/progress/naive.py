"""Tracks day by day, as somebody with a calendar and a pencil would keep them: slow, and obviously right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from verno.ledger.lifetime import plus_months
from verno.progress.types import (
    Anniversary,
    Between,
    Calendar,
    Downgrade,
    Lifetime,
    Metric,
    Period,
    Rolling,
    Tiers,
    Track,
    Window,
)

DAY = timedelta(days=1)
PERIODS: dict[Period, Callable[[date], tuple[int, int]]] = {
    Period.MONTH: lambda d: (d.year, d.month),
    Period.QUARTER: lambda d: (d.year, (d.month - 1) // 3),
    Period.HALF: lambda d: (d.year, (d.month - 1) // 6),
    Period.YEAR: lambda d: (d.year, 0),
}


def in_window(window: Window, one: date, today: date, joined: date | None) -> bool:
    """Tell whether a day counts on another."""
    if one > today:
        return False
    match window:
        case Rolling(days):
            return (today - one).days < days
        case Calendar(period):
            return PERIODS[period](one) == PERIODS[period](today)
        case Anniversary():
            return joined is None or years(joined, one) == years(joined, today)
        case Between(first, last):
            return first <= one <= last
        case Lifetime():
            return True


def years(joined: date, day: date) -> int:
    """Return the year of membership that a day lies in, by trying."""
    found = -200
    while plus_months(joined, 12 * (found + 1)) <= day:
        found += 1
    return found


def value(track: Track, buckets: dict[date, int], today: date, joined: date | None) -> int:
    """Return what counts on a day."""
    counting = {d: n for d, n in buckets.items() if in_window(track.window, d, today, joined)}
    return add(track, counting)


def add(track: Track, counting: dict[date, int]) -> int:
    """Add up days."""
    counting = {d: min(n, track.most_a_day) if track.most_a_day else n for d, n in counting.items()}
    if track.metric is Metric.BEST_MONTH:
        months = {(d.year, d.month) for d in counting}
        return max((sum(n for d, n in counting.items() if (d.year, d.month) == m) for m in months), default=0)
    return sum(counting.values())


def step_of(track: Track, has: int) -> int:
    """Return the step that is reached."""
    return max((i for i, step in enumerate(track.steps) if step.threshold <= has), default=-1)


def keeps(track: Track, step: int) -> int:
    """Return what keeps a step."""
    found = track.steps[step].keep
    return track.steps[step].threshold if found is None else found


@dataclass
class Card:
    """A member's tier, moved forward one day at a time."""

    track: Track
    tiers: Tiers
    buckets: dict[date, int]
    joined: date | None
    step: int = -1
    since: date | None = None
    ends: date | None = None
    grace: date | None = None

    def live(self, today: date) -> "Card":
        """Live through every single day until today."""
        day = min([d for d, n in self.buckets.items() if n and d <= today], default=today)
        while day <= today:
            self.one_day(day)
            day += DAY
        return self

    def one_day(self, day: date) -> None:
        """Live one day."""
        earned = step_of(self.track, value(self.track, self.buckets, day, self.joined))
        if earned > self.step:
            self.step, self.since, self.ends, self.grace = earned, day, self.term(day), None
        elif self.step >= 0 and self.tiers.downgrade is not Downgrade.NEVER:
            if self.tiers.maintain is None:
                self.follow(day, earned)
            elif self.ends is not None and day > self.ends:
                self.end(day, earned)

    def follow(self, day: date, earned: int) -> None:
        """Hold while the window is enough."""
        has = value(self.track, self.buckets, day, self.joined)
        if has >= keeps(self.track, self.step):
            self.grace = None
            return
        if self.grace is None:
            self.grace = day - DAY + timedelta(days=self.tiers.grace_days)
        if day > self.grace:
            self.fall(max([earned, *self.enough(has)]), day, None)

    def end(self, day: date, earned: int) -> None:
        """Judge a term that is over."""
        assert self.ends is not None
        assert self.tiers.maintain is not None
        grace = self.ends + timedelta(days=self.tiers.grace_days)
        upto = min(day, grace)
        counting = {
            d: n
            for d, n in self.buckets.items()
            if d <= upto and (d > self.ends or in_window(self.tiers.maintain, d, self.ends, self.joined))
        }
        has = add(self.track, counting)
        following = self.after(self.ends)
        if has >= keeps(self.track, self.step):
            self.ends, self.grace = following, None
        elif day <= grace:
            self.grace = grace
        elif self.tiers.downgrade is Downgrade.ONE_STEP:
            self.fall(max(earned, self.step - 1), day, following)
        else:
            self.fall(max([earned, *self.enough(has)]), day, following)

    def enough(self, has: int) -> list[int]:
        """Return the lower steps that are kept."""
        return [-1, *(i for i in range(self.step) if keeps(self.track, i) <= has)]

    def fall(self, step: int, day: date, ends: date | None) -> None:
        """Go down."""
        self.step, self.grace = step, None
        self.since, self.ends = (day, ends) if step >= 0 else (None, None)

    def term(self, day: date) -> date | None:
        """Return how long a step is promised."""
        window = self.tiers.maintain
        if window is None or self.tiers.downgrade is Downgrade.NEVER:
            return None
        if isinstance(window, Rolling):
            return day + timedelta(days=window.days)
        found: date | None = self.last(day)
        for _ in range(self.tiers.later):
            found = None if found is None else self.last(found + DAY)
        return found

    def after(self, ended: date) -> date | None:
        """Return the end of the next term."""
        window = self.tiers.maintain
        if isinstance(window, Rolling):
            return ended + timedelta(days=window.days)
        return self.last(ended + DAY)

    def last(self, day: date) -> date | None:
        """Return the last day of the window that holds a day, by walking to it."""
        window = self.tiers.maintain
        assert window is not None
        if isinstance(window, Lifetime) or (isinstance(window, Anniversary) and self.joined is None):
            return None
        while in_window(window, day, day + DAY, self.joined):
            day += DAY
        return day
