"""Windows over days: which days count on a day, and what they add up to. Pure arithmetic on local dates."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from itertools import accumulate
from typing import TypeAlias

from verno.ledger.lifetime import plus_months
from verno.progress.types import Anniversary, Between, Buckets, Calendar, Lifetime, Metric, Period, Rolling, Window

DAY = timedelta(days=1)
A_YEAR = 12
MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF: 6, Period.YEAR: A_YEAR}


Points: TypeAlias = tuple[list[date], list[int]]
"""Days on which a value changes, and the values from each of them on."""


class Series:
    """What was counted by day, in order, ready to be summed between any two days."""

    __slots__ = ("amounts", "days", "sums")

    def __init__(self, buckets: Buckets, *, since: date | None, until: date, most_a_day: int | None) -> None:
        """Take the days from ``since`` (None: all) through ``until`` on which something is left."""
        self.days = sorted(day for day, amount in buckets.items() if amount and day <= until)
        if since is not None:
            del self.days[: bisect_left(self.days, since)]
        self.amounts = [buckets[day] for day in self.days]
        if most_a_day is not None:
            self.amounts = [min(amount, most_a_day) for amount in self.amounts]
        self.sums = [0, *accumulate(self.amounts)]

    def between(self, first: date, last: date) -> int:
        """Return the sum from ``first`` through ``last``."""
        return self.sums[bisect_right(self.days, last)] - self.sums[bisect_left(self.days, first)]

    def after(self, day: date) -> date | None:
        """Return the next day on which something was counted."""
        position = bisect_right(self.days, day)
        return self.days[position] if position < len(self.days) else None


def span(window: Window, day: date, joined: date | None) -> tuple[date, date | None]:
    """Return the first and the last day of the window that holds ``day``; None: it has no end, or moves with the day.

    The anniversary of somebody who never joined has no beginning.
    """
    match window:
        case Rolling(days):
            return _back(day, days - 1), None
        case Calendar(period):
            return period_of(period, day)
        case Anniversary():
            return (date.min, None) if joined is None else _year_of(joined, day)
        case Between(first, last):
            return first, last
        case Lifetime():
            return date.min, None


def period_of(period: Period, day: date) -> tuple[date, date]:
    """Return the first and the last day of a calendar period."""
    wide = MONTHS[period]
    began = date(day.year, day.month - (day.month - 1) % wide, 1)
    return began, plus_months(began, wide) - DAY


def value(metric: Metric, window: Window, series: Series, day: date, joined: date | None) -> int:
    """Return what the window that holds ``day`` has by the end of that day."""
    first, last = span(window, day, joined)
    return total(metric, series, first, day if last is None else min(day, last))


def total(metric: Metric, series: Series, first: date, last: date) -> int:
    """Return the sum of these days, of their best month where that is what counts."""
    return best_month(series, first, last) if metric is Metric.BEST_MONTH else series.between(first, last)


def best_month(series: Series, first: date, last: date) -> int:
    """Return the largest sum of a calendar month, as far as it lies between these days; 0 when there is none."""
    months: dict[tuple[int, int], int] = {}
    for position in range(bisect_left(series.days, first), bisect_right(series.days, last)):
        day = series.days[position]
        key = day.year, day.month
        months[key] = months.get(key, 0) + series.amounts[position]
    return max(months.values(), default=0)


def next_change(window: Window, series: Series, day: date, joined: date | None) -> date | None:
    """Return the next day on which the window's value may be another: something is counted, or leaves it."""
    found = [series.after(day)]
    if isinstance(window, Rolling):
        leaving = series.after(_back(day, window.days))
        found.append(None if leaving is None else leaving + timedelta(days=window.days))
    else:
        _, last = span(window, day, joined)
        found.append(last + DAY if last is not None and last >= day else None)
    return earliest(*found)


def points(metric: Metric, window: Window, series: Series, joined: date | None) -> Points:
    """Return each day on which the window's value changes if nothing more comes, in order, with what it is then.

    Before the first it is 0. The last may lie in the future.
    """
    if metric is Metric.BEST_MONTH:
        return _one_by_one(metric, window, series, joined)
    if isinstance(window, Rolling):
        return _rolling(series, timedelta(days=window.days))
    days: list[date] = []
    values: list[int] = []
    first, last = date.min, None
    value, begun = 0, False
    for day, amount in zip(series.days, series.amounts, strict=True):
        if not begun or (last is not None and day > last and not isinstance(window, Between)):
            if begun and last is not None and last + DAY < day:
                days.append(last + DAY)
                values.append(0)
            first, last = span(window, day, joined)
            value, begun = 0, True
        if first <= day and (last is None or day <= last):
            value += amount
            days.append(day)
            values.append(value)
    if begun and last is not None and not isinstance(window, Between):
        days.append(last + DAY)
        values.append(0)
    return days, values


def _rolling(series: Series, wide: timedelta) -> Points:
    """Let each day's count come, and leave again."""
    coming, amounts = series.days, series.amounts
    leaving = [day + wide for day in coming]
    days: list[date] = []
    values: list[int] = []
    come = leave = value = 0
    while leave < len(leaving):
        day = coming[come] if come < len(coming) and coming[come] < leaving[leave] else leaving[leave]
        if come < len(coming) and coming[come] == day:
            value += amounts[come]
            come += 1
        if leaving[leave] == day:
            value -= amounts[leave]
            leave += 1
        days.append(day)
        values.append(value)
    return days, values


def _one_by_one(metric: Metric, window: Window, series: Series, joined: date | None) -> Points:
    days: list[date] = []
    values: list[int] = []
    day = series.days[0] if series.days else None
    last = series.days[-1] if series.days else date.min
    while day is not None:
        days.append(day)
        values.append(value(metric, window, series, day, joined))
        if day > last and values[-1] == 0:
            break  # nothing is left that could leave
        day = next_change(window, series, day, joined)
    return days, values


def earliest(*days: date | None) -> date | None:
    """Return the first of those that there are."""
    return min((day for day in days if day is not None), default=None)


def term(window: Window, day: date, later: int, joined: date | None) -> date | None:
    """Return the last day that a step reached on ``day`` is promised."""
    match window:
        case Rolling(days):
            return day + timedelta(days=days)
        case Calendar(period):
            began, _ = period_of(period, day)
            return plus_months(began, MONTHS[period] * (later + 1)) - DAY
        case Anniversary() if joined is not None:
            return _anniversary(joined, _years(joined, day) + later + 1) - DAY
        case _:
            return None


def next_term(window: Window, ended: date, joined: date | None) -> date | None:
    """Return the last day of the term after the one that ended with ``ended``."""
    if isinstance(window, Rolling):
        return ended + timedelta(days=window.days)
    return span(window, ended + DAY, joined)[1]


def _year_of(joined: date, day: date) -> tuple[date, date]:
    years = _years(joined, day)
    return _anniversary(joined, years), _anniversary(joined, years + 1) - DAY


def _years(joined: date, day: date) -> int:
    """Return how many anniversaries there have been by ``day``."""
    years = day.year - joined.year
    return years if _anniversary(joined, years) <= day else years - 1


def _anniversary(joined: date, years: int) -> date:
    return plus_months(joined, A_YEAR * years)


def _back(day: date, days: int) -> date:
    """Return ``days`` days before, as far as there are any."""
    return day - timedelta(days=days) if day.toordinal() > days else date.min
