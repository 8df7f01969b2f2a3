"""Tiers over time: which step holds on a day, of nothing but the days' counts. Pure.

What holds today depends on all that was counted and on nothing else, neither on the order in which it came nor on when
anybody looked: a return that takes from a day of the past also takes back what that day had led to. Only days are
looked at on which something may change, so that a life costs as much as it has days with a purchase.
"""

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Course:
    """A member's way along a track of tiers."""

    track: Track
    tiers: Tiers
    series: Series
    joined: date | None

    def run(self, today: date) -> Held:
        """Return what holds at the end of ``today``."""
        held = Held()
        day: date | None = min(self.series.days[0], today) if self.series.days else today
        while day is not None and day <= today:
            held = self.on(held, day)
            day = self.next_day(held, day)
        return held

    def next_day(self, held: Held, day: date) -> date | None:
        """Return the next day on which another step may hold."""
        ends = [end + DAY for end in (held.holds_until, held.grace_until) if end is not None and end >= day]
        return windows.earliest(windows.next_change(self.track.window, self.series, day, self.joined), *ends)

    def on(self, held: Held, day: date) -> Held:
        """Return what holds at the end of ``day``, when ``held`` did before."""
        value = windows.value(self.track.metric, self.track.window, self.series, day, self.joined)
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
        day = windows.next_change(self.track.window, self.series, today, self.joined)
        while day is not None:
            if windows.value(self.track.metric, self.track.window, self.series, day, self.joined) < want:
                return day - DAY
            if not self.series.days or day > self.series.days[-1] + timedelta(days=4000):
                return None  # nothing is left that could leave the window
            day = windows.next_change(self.track.window, self.series, day, self.joined)
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
