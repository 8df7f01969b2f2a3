"""Operators of dates, moments and times of day."""

from datetime import date, datetime, timedelta

from verno.predicate.operators.operands import AROUND, DATE, DAYS, MOMENT, TIMES, pair
from verno.predicate.operators.rows import Finder, Operator, between, equals, ordered, row
from verno.predicate.types import Bind, Fact, Reading, When
from verno.predicate.words import gettext_noop

WORDS = (
    gettext_noop("{field} is before {value}"),
    gettext_noop("{field} is not after {value}"),
    gettext_noop("{field} is after {value}"),
    gettext_noop("{field} is not before {value}"),
)
LAST = (gettext_noop("{field} is within the last {value}"), gettext_noop("{field} is not within the last {value}"))
NEXT = (gettext_noop("{field} is within the next {value}"), gettext_noop("{field} is not within the next {value}"))


def dates() -> dict[str, Operator]:
    """Return the operators of dates. Today is the first of the last and of the next days."""
    last = row(
        DAYS,
        _last_days,
        lambda days, x, bind: f"({x} <= {bind.today} AND {x} > {bind.today} - {bind(days, 'int')})",
        LAST[0],
    )
    coming = row(
        DAYS,
        _next_days,
        lambda days, x, bind: f"({x} >= {bind.today} AND {x} < {bind.today} + {bind(days, 'int')})",
        NEXT[0],
    )
    return {
        **equals(DATE, "date"),
        **ordered(DATE, "date", WORDS),
        **between(DATE, "date"),
        "withinLast": last,
        "notWithinLast": last.turned(LAST[1]),
        "withinNext": coming,
        "notWithinNext": coming.turned(NEXT[1]),
        "anniversaryWithin": row(
            AROUND, _anniversary, _anniversary_sql, gettext_noop("{field}: the anniversary is at most {value} away")
        ),
    }


def _last_days(days: int, find: Finder[date]) -> Reading:
    def reading(fact: Fact, when: When) -> bool:
        day = find(fact)
        return day is not None and 0 <= (when.today - day).days < days

    return reading


def _next_days(days: int, find: Finder[date]) -> Reading:
    def reading(fact: Fact, when: When) -> bool:
        day = find(fact)
        return day is not None and 0 <= (day - when.today).days < days

    return reading


def _anniversary(days: int, find: Finder[date]) -> Reading:
    def reading(fact: Fact, when: When) -> bool:
        day = find(fact)
        if day is None:
            return False
        # Around New Year the nearest anniversary is the year before's or the next one's.
        year = when.today.year
        return any(abs((_in_year(day, one) - when.today).days) <= days for one in (year, year - 1, year + 1))

    return reading


def _in_year(day: date, year: int) -> date:
    """Return the anniversary in a year: of 29 February the 28th where there is no 29th, as PostgreSQL has it."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _anniversary_sql(days: int, x: str, bind: Bind) -> str:
    def away(later: int) -> str:
        years = f"(extract(year FROM {bind.today}) - extract(year FROM {x}))::int + ({later})"
        return f"abs(({x} + make_interval(years => {years}))::date - {bind.today})"

    return f"least({away(0)}, {away(-1)}, {away(1)}) <= {bind(days, 'int')}"


def moments() -> dict[str, Operator]:
    """Return the operators of moments. A day is 24 hours here; intervals hold their begin, not their end."""
    last = row(
        DAYS,
        _last_hours,
        lambda days, x, bind: f"({x} <= {bind.now} AND {x} > {bind.now} - {bind(timedelta(days), 'interval')})",
        LAST[0],
    )
    inside = row(
        pair(MOMENT),
        _inside,
        lambda said, x, bind: f"({x} >= {bind(said[0], 'timestamptz')} AND {x} < {bind(said[1], 'timestamptz')})",
        gettext_noop("{field} is between: {value}"),
    )
    return {
        **ordered(MOMENT, "timestamptz", WORDS),
        "between": inside,
        "notBetween": inside.turned(gettext_noop("{field} is not between: {value}")),
        "withinLast": last,
        "notWithinLast": last.turned(LAST[1]),
    }


def _last_hours(days: int, find: Finder[datetime]) -> Reading:
    span, none = timedelta(days), timedelta(0)

    def reading(fact: Fact, when: When) -> bool:
        moment = find(fact)
        return moment is not None and none <= when.now - moment < span

    return reading


def _inside(said: tuple[datetime, datetime], find: Finder[datetime]) -> Reading:
    begin, end = said

    def reading(fact: Fact, _: When) -> bool:
        moment = find(fact)
        return moment is not None and begin <= moment < end

    return reading


def times() -> dict[str, Operator]:
    """Return the operators of times of day: from the first until before the second, over midnight if that is less."""
    inside = row(TIMES, _hours, _hours_sql, gettext_noop("{field} is between: {value}"))
    return {"between": inside, "notBetween": inside.turned(gettext_noop("{field} is not between: {value}"))}


def _hours(said: tuple[int, int], find: Finder[int]) -> Reading:
    begin, end = said
    over_midnight = end < begin

    def reading(fact: Fact, _: When) -> bool:
        minute = find(fact)
        if minute is None:
            return False
        return (minute >= begin or minute < end) if over_midnight else begin <= minute < end

    return reading


def _hours_sql(said: tuple[int, int], x: str, bind: Bind) -> str:
    joint = "OR" if said[1] < said[0] else "AND"
    return f"({x} >= {bind(said[0], 'int')} {joint} {x} < {bind(said[1], 'int')})"
