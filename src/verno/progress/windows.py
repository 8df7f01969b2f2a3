"""Windows over days: which days count on a day, and what they add up to. Pure arithmetic on local dates."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from itertools import accumulate

from verno.ledger.lifetime import plus_months
from verno.progress.types import Anniversary, Between, Buckets, Calendar, Lifetime, Metric, Period, Rolling, Window

DAY = timedelta(days=1)
A_YEAR = 12
MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF: 6, Period.YEAR: A_YEAR}


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
