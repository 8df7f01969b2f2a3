"""Tiers over time: which step holds on a day, of nothing but the days' counts. Pure.

What holds today depends on all that was counted and on nothing else, neither on the order in which it came nor on when
anybody looked: a return that takes from a day of the past also takes back what that day had led to. Only days are
looked at on which something may change, so that a life costs as much as it has days with a purchase.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from verno.progress import windows
from verno.progress.types import Downgrade, Step, Tiers, Track
from verno.progress.windows import DAY, Series

NONE = -1
"""The position of no step."""


@dataclass(frozen=True, slots=True)
class Held:
    """The step that holds, and how long: through ``holds_until`` (None: while the window is enough, or for good)."""

    step: int = NONE
    since: date | None = None
    holds_until: date | None = None
    grace_until: date | None = None


@dataclass(slots=True)
class Course:
    """A member's way along a track of tiers."""

    track: Track
    tiers: Tiers
    series: Series
    joined: date | None
    days: list[date] = field(init=False)
    values: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Find the days on which the window's value changes."""
        self.days, self.values = windows.points(self.track.metric, self.track.window, self.series, self.joined)

    def run(self, today: date) -> Held:
        """Return what holds at the end of ``today``."""
        held = Held()
        day: date | None = min(self.series.days[0], today) if self.series.days else today
        while day is not None and day <= today:
            position = bisect_right(self.days, day)
            held = self._on(held, day, self.values[position - 1] if position else 0)
            day = self._next_look(held, day, position)
        return held

    def next_day(self, held: Held, day: date) -> date | None:
        """Return the next day on which anything may be another, if nothing more comes."""
        return windows.earliest(
            windows.next_change(self.track.window, self.series, day, self.joined), *_ends(held, day)
        )

    def _next_look(self, held: Held, day: date, position: int) -> date | None:
        """Return the next day on which another step may hold; ``position`` is that of the next change."""
        up = self.track.steps[held.step + 1].threshold if held.step + 1 < len(self.track.steps) else None
        ends = _ends(held, day)
        if self._rests(held):
            down = None
        elif self.tiers.maintain is None and held.grace_until is None:
            down = keep(self.track.steps[held.step])
        else:  # in grace, whatever comes may be enough
            return windows.earliest(self.days[position] if position < len(self.days) else None, *ends)
        end = min(ends, default=None)
        for place in range(position, len(self.days)):
            if end is not None and self.days[place] >= end:
                return end
            value = self.values[place]
            if (up is not None and value >= up) or (down is not None and value < down):
                return self.days[place]
        return end

    def _rests(self, held: Held) -> bool:
        """Tell whether the step can only rise before its term is over."""
        if held.step == NONE or self.tiers.downgrade is Downgrade.NEVER:
            return True
        return self.tiers.maintain is not None and held.grace_until is None

    def _on(self, held: Held, day: date, value: int) -> Held:
        """Return what holds at the end of ``day``, when ``held`` did before; ``value`` is the window's."""
        earned = reached(self.track.steps, value)
        if earned > held.step:
            return Held(earned, day, self._term(day))
        if held.step == NONE or self.tiers.downgrade is Downgrade.NEVER:
            return held
        if self.tiers.maintain is None:
            return self._followed(held, day, value, earned)
        if held.holds_until is None or day <= held.holds_until:
            return held
        return self._ended(held, day, held.holds_until, earned)

    def kept(self, held: Held, day: date) -> int | None:
        """Return what counts by ``day`` for keeping the step; None while its term has nothing to do with it."""
        if held.step == NONE or self.tiers.downgrade is Downgrade.NEVER:
            return None
        if self.tiers.maintain is None:
            return windows.value(self.track.metric, self.track.window, self.series, day, self.joined)
        if held.holds_until is None:
            return None
        return self._maintained(held.holds_until, day)

    def lasts(self, held: Held, today: date) -> date | None:
        """Return the last day on which the window alone is enough for the step, if nothing more comes; None: no end."""
        want = keep(self.track.steps[held.step])
        for place in range(bisect_right(self.days, today), len(self.days)):
            if self.values[place] < want:
                return self.days[place] - DAY
        return None

    def _followed(self, held: Held, day: date, value: int, earned: int) -> Held:
        """Go on without a term: the step holds while the window is enough, and ``grace_days`` longer."""
        if value >= keep(self.track.steps[held.step]):
            return replace(held, grace_until=None)
        grace = held.grace_until or day - DAY + timedelta(days=self.tiers.grace_days)
        if day <= grace:
            return replace(held, grace_until=grace)
        step = max(earned, _enough(self.track.steps, held.step, value))
        return Held(step, day) if step != NONE else Held()

    def _ended(self, held: Held, day: date, ended: date, earned: int) -> Held:
        """Judge a term that is over: kept, kept in grace, or not."""
        grace = ended + timedelta(days=self.tiers.grace_days)
        has = self._maintained(ended, min(day, grace))
        following = self._following(ended)
        if has >= keep(self.track.steps[held.step]):
            return Held(held.step, held.since, following)
        if day <= grace:
            return replace(held, grace_until=grace)
        step = max(earned, lower(self.track, self.tiers, held.step, has))
        return Held(step, day, following) if step != NONE else Held()

    def _maintained(self, ended: date, day: date) -> int:
        """Return what counts by ``day`` in the window to maintain that ends with ``ended``, and in the grace after."""
        if self.tiers.maintain is None:
            return 0
        first, _ = windows.span(self.tiers.maintain, ended, self.joined)
        return windows.total(self.track.metric, self.series, first, day)

    def _term(self, day: date) -> date | None:
        if self.tiers.maintain is None or self.tiers.downgrade is Downgrade.NEVER:
            return None
        return windows.term(self.tiers.maintain, day, self.tiers.later, self.joined)

    def _following(self, ended: date) -> date | None:
        return None if self.tiers.maintain is None else windows.next_term(self.tiers.maintain, ended, self.joined)


def _ends(held: Held, day: date) -> list[date]:
    return [end + DAY for end in (held.holds_until, held.grace_until) if end is not None and end >= day]


def keep(step: Step) -> int:
    """Return what keeps a step."""
    return step.threshold if step.keep is None else step.keep


def reached(steps: tuple[Step, ...], value: int) -> int:
    """Return the position of the highest step that ``value`` reaches."""
    found = NONE
    for position, step in enumerate(steps):
        if step.threshold > value:
            break
        found = position
    return found


def lower(track: Track, tiers: Tiers, step: int, value: int) -> int:
    """Return the step below one that was not kept with ``value``."""
    return step - 1 if tiers.downgrade is Downgrade.ONE_STEP else _enough(track.steps, step, value)


def _enough(steps: tuple[Step, ...], below: int, value: int) -> int:
    """Return the highest step below one that ``value`` is enough to keep."""
    return max((position for position in range(below) if keep(steps[position]) <= value), default=NONE)
