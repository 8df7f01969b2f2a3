"""Where somebody stands on a track of any kind, of nothing but the days' counts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from verno.progress import machine, windows
from verno.progress.machine import NONE, Course
from verno.progress.types import (
    Beat,
    Between,
    Buckets,
    Floor,
    Metric,
    Period,
    Rolling,
    Scale,
    StampCard,
    Streak,
    Tiers,
    Track,
)
from verno.progress.windows import DAY, Series

A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the counts say on a day. ``due_on`` is the next day on which time alone, or what is known, may change it.

    ``value`` is compared with the steps' thresholds; ``kept`` with what keeps the step, where one has to be kept.
    """

    value: int
    step: int = NONE
    since: date | None = None
    until: date | None = None
    holds_until: date | None = None
    grace_until: date | None = None
    kept: int | None = None
    warning: bool = False
    times: int = 0
    due_on: date | None = None
    is_set: bool = False


def judge(
    track: Track,
    buckets: Buckets,
    today: date,
    *,
    joined: date | None = None,
    floors: Sequence[Floor] = (),
    since: date | None = None,
) -> Judged:
    """Return where the counts through ``today`` put somebody; days before ``since`` do not count.

    ``floors`` are steps that were set: nobody stands lower while they hold.
    """
    series = Series(buckets, since=since, until=today, most_a_day=track.most_a_day)
    settings = track.settings
    if isinstance(settings, Tiers):
        judged = _tiers(track, settings, series, today, joined)
    elif isinstance(settings, Scale):
        judged = _scale(track, series, today, joined)
    elif isinstance(settings, StampCard):
        judged = _stamps(track, settings, series, today, joined)
    elif isinstance(settings, Streak):
        judged = _streak(track, settings, series, today)
    else:
        judged = _achieved(track, series, today, joined)
    return _floored(track, judged, floors, today) if floors else judged


def _tiers(track: Track, tiers: Tiers, series: Series, today: date, joined: date | None) -> Judged:
    course = Course(track, tiers, series, joined)
    held = course.run(today)
    value = windows.value(track.metric, track.window, series, today, joined)
    due = course.next_day(held, today)
    if held.step == NONE:
        return Judged(value, until=_end(track, today, joined), due_on=due)
    kept = course.kept(held, today)
    ends = held.holds_until
    if kept is not None and ends is None:
        ends = course.lasts(held, today) if held.grace_until is None else held.grace_until - _days(tiers.grace_days)
    short = kept is not None and kept < machine.keep(track.steps[held.step])
    if tiers.maintain is None:
        short = kept is not None  # what leaves the window has to be made up for
    warns_on = ends - _days(tiers.warn_days) if ends is not None and tiers.warn_days and short else None
    return Judged(
        value,
        held.step,
        held.since,
        _end(track, today, joined),
        ends,
        held.grace_until,
        kept,
        warning=warns_on is not None and today >= warns_on,
        due_on=windows.earliest(due, warns_on if warns_on is not None and warns_on > today else None),
    )


def _scale(track: Track, series: Series, today: date, joined: date | None) -> Judged:
    value = windows.value(track.metric, track.window, series, today, joined)
    step = machine.reached(track.steps, value)
    due = windows.next_change(track.window, series, today, joined)
    return Judged(value, step, until=_end(track, today, joined), due_on=due)


def _achieved(track: Track, series: Series, today: date, joined: date | None) -> Judged:
    """Judge what stays once it was reached: the first day on which the window was enough."""
    step, since = NONE, None
    for day, has in zip(*windows.points(track.metric, track.window, series, joined), strict=True):
        found = machine.reached(track.steps, has) if day <= today else NONE
        if found > step:
            step, since = found, day
    value = windows.value(track.metric, track.window, series, today, joined)
    return Judged(value, step, since, _end(track, today, joined))


def _stamps(track: Track, card: StampCard, series: Series, today: date, joined: date | None) -> Judged:
    """Fill cards stamp by stamp, the oldest first; stamps that have left the window are gone."""
    full = track.steps[-1].threshold
    waiting: list[list[int]] = []  # [position of the day, stamps], the oldest first
    times, since = 0, None
    for position, day in enumerate(series.days):
        waiting = _alive(track, series, waiting, day, joined)
        waiting.append([position, series.amounts[position]])
        has = sum(stamps for _, stamps in waiting)
        filled = has // full if card.repeats else min(has // full, 1 - times)
        if filled > 0:
            times, since = times + filled, day
            waiting = _used(waiting, filled * full)
        if times and not card.repeats:
            break
    if times and not card.repeats:
        return Judged(full, len(track.steps) - 1, since, times=times)
    waiting = _alive(track, series, waiting, today, joined)
    value = sum(stamps for _, stamps in waiting)
    until = _expires(track, series.days[waiting[0][0]], today, joined) if waiting else None
    step = machine.reached(track.steps, value)
    return Judged(value, step, since, until, times=times, due_on=None if until is None else until + DAY)


def _alive(track: Track, series: Series, waiting: list[list[int]], day: date, joined: date | None) -> list[list[int]]:
    first, last = windows.span(track.window, day, joined)
    if last is not None and day > last:
        return waiting  # a card of fixed dates: what was stamped in time stays
    return [one for one in waiting if series.days[one[0]] >= first]


def _used(waiting: list[list[int]], stamps: int) -> list[list[int]]:
    left = []
    for position, has in waiting:
        taken = min(has, stamps)
        stamps -= taken
        if has > taken:
            left.append([position, has - taken])
    return left


def _expires(track: Track, day: date, today: date, joined: date | None) -> date | None:
    """Return the last day on which a stamp of ``day`` counts; None: it does not expire, or not any more."""
    if isinstance(track.window, Rolling):
        return day + _days(track.window.days - 1)
    last = windows.span(track.window, today, joined)[1]
    return last if last is not None and last >= today and not isinstance(track.window, Between) else None


def _streak(track: Track, streak: Streak, series: Series, today: date) -> Judged:
    """Count the beats of the row that is still going on; ``until`` is the last day to go on with it."""
    length, since, limit = 0, None, date.min
    beat, has, hit = None, 0, False
    first, last = windows.span(track.window, today, None) if isinstance(track.window, Between) else (date.min, today)
    for day, amount in zip(series.days, series.amounts, strict=True):
        if not first <= day <= (last or today):
            continue
        if (of_day := _beat(streak.of, day)) != beat:
            beat, has, hit = of_day, 0, False
        has += amount
        if has >= streak.each and not hit:
            hit = True
            length, since = (length + 1, since) if day <= limit else (1, day)
            limit = _beat(streak.of, beat[1] + DAY)[1] + _days(streak.grace_days)
    if today > limit:
        return Judged(0)
    return Judged(length, machine.reached(track.steps, length), since, limit, due_on=limit + DAY)


def _beat(of: Beat, day: date) -> tuple[date, date]:
    """Return the first and the last day of a beat."""
    if of is Beat.DAY:
        return day, day
    if of is Beat.WEEK:
        began = day - timedelta(days=day.weekday())
        return began, began + A_WEEK - DAY
    return windows.period_of(Period.MONTH, day)


def _floored(track: Track, judged: Judged, floors: Sequence[Floor], today: date) -> Judged:
    """Lift what is judged to the highest step that was set and holds."""
    codes = {step.code: position for position, step in enumerate(track.steps)}
    known = [(codes[one.step], one) for one in floors if one.step in codes]
    holding = [(step, one) for step, one in known if one.first <= today and (one.last is None or today <= one.last)]
    changes = [one.first for _, one in known if one.first > today]
    changes += [one.last + DAY for _, one in holding if one.last is not None]
    due = windows.earliest(judged.due_on, *changes)
    if not holding:
        return replace(judged, due_on=due)
    step, floor = max(holding, key=lambda pair: (pair[0], pair[1].last or date.max))
    if step <= judged.step:
        return replace(judged, due_on=due)
    return replace(
        judged,
        step=step,
        since=floor.first,
        holds_until=floor.last,
        grace_until=None,
        kept=None,
        warning=False,
        due_on=due,
        is_set=True,
    )


def projected(track: Track, judged: Judged, today: date, joined: date | None) -> int:
    """Return the step that holds next if the days to come bring as much as those of the window that are over.

    A tier in its term stays what it is, unless what keeps it falls short at this pace.
    """
    if track.metric is Metric.BEST_MONTH or isinstance(track.settings, StampCard | Streak):
        return judged.step
    first, last = windows.span(track.window, today, joined)
    better = machine.reached(track.steps, _pace(judged.value, first, last, today))
    if judged.kept is None or not isinstance(track.settings, Tiers) or judged.holds_until is None:
        return max(better, judged.step)
    if track.settings.maintain is None:
        return better if last is not None else max(better, judged.step)
    began, _ = windows.span(track.settings.maintain, judged.holds_until, joined)
    if began > today or _pace(judged.kept, began, judged.holds_until, today) >= machine.keep(track.steps[judged.step]):
        return max(better, judged.step)
    lower = machine.lower(track, track.settings, judged.step, _pace(judged.kept, began, judged.holds_until, today))
    return max(better, lower)


def _pace(value: int, first: date, last: date | None, today: date) -> int:
    """Return what ``value``, counted from ``first`` through today, will be on the last day."""
    if last is None or not first <= today <= last:
        return value
    return value * ((last - first).days + 1) // ((today - first).days + 1)


def _end(track: Track, today: date, joined: date | None) -> date | None:
    return windows.span(track.window, today, joined)[1]


def _days(days: int) -> timedelta:
    return timedelta(days=days)
