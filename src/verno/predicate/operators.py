"""The operator table: what each kind can be asked, how its operand is read, and its two readings.

A value that is not there matches nothing; an operator whose name says "not" is the exact opposite of its positive one, so
that it does match what is not there. In SQL NULL stands for "does not match" until a NOT is met, which asks IS NOT TRUE;
so plain comparisons stay plain, and indexes can serve them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias, TypeVar

from verno.kit import localtime
from verno.predicate.types import MAX_DAYS, MAX_LIST, MAX_NUMBER, MAX_TEXT, Field, Instant, Json, Kind, Value

T = TypeVar("T")

Asked: TypeAlias = Callable[[Value, Instant, str], bool]
"""(value, when, zone's name) -> whether it matches; the value is there."""
Bind: TypeAlias = Callable[[object, str], str]
"""(parameter, its SQL type) -> the placeholder."""
Written: TypeAlias = Callable[[str, str, Bind], str]
"""(expression, zone's expression, bind) -> SQL. ``NOW`` and ``TODAY`` stand for the moment and the day."""

NOW = "%(now)s::timestamptz"
TODAY = "%(today)s::date"
DAY_MINUTES = 24 * 60
MOST_AROUND = 180


class Bad(ValueError):
    """An operand that an operator cannot read, in a sentence."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An operator with its operand: what it compares with, and both readings."""

    operand: object
    python: Asked
    sql: Written


Operator: TypeAlias = Callable[[Json, Field], Bound]
"""Reads an operand; raises ``Bad``."""


def _operator(
    read: Callable[[Json, Field], T],
    python: Callable[[T, Value, Instant, str], bool],
    sql: Callable[[T, str, str, Bind], str],
) -> Operator:
    def bound(value: Json, field: Field) -> Bound:
        operand = read(value, field)
        return Bound(
            operand,
            lambda found, when, zone: python(operand, found, when, zone),
            lambda expression, zone, bind: sql(operand, expression, zone, bind),
        )

    return bound


# Operands -------------------------------------------------------------------------------------------------------------


def _nothing(value: Json, _: Field) -> None:
    if value not in (None, "", True):
        message = "takes no value"
        raise Bad(message)


def _number(value: Json, _: Field) -> int:
    if type(value) is not int or abs(value) > MAX_NUMBER:
        message = f"must be a whole number, at most {MAX_NUMBER}"
        raise Bad(message)
    return value


def _text(value: Json, _: Field) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT or "\x00" in value or not _encodes(value):
        message = f"must be a text of 1 to {MAX_TEXT} characters"
        raise Bad(message)
    return value


def _encodes(text: str) -> bool:
    return text.isascii() or text.encode("utf-8", "replace").decode() == text


def _code(value: Json, field: Field) -> str:
    code = _text(value, field)
    if field.choices is not None and code not in field.choices:
        message = f"must be one of {', '.join(sorted(field.choices))}"
        raise Bad(message)
    return code


def _flag(value: Json, _: Field) -> bool:
    if not isinstance(value, bool):
        message = "must be true or false"
        raise Bad(message)
    return value


def _date(value: Json, field: Field) -> date:
    try:
        found = date.fromisoformat(_text(value, field))
    except ValueError as error:
        message = "must be a date, as 2026-11-26"
        raise Bad(message) from error
    return found


def _moment(value: Json, field: Field) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value, field))
        known = None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        known = None
    if known is None:
        message = "must be a time with an offset, as 2026-11-26T10:00:00+03:00"
        raise Bad(message)
    return known


def _days(value: Json, field: Field) -> int:
    days = _number(value, field)
    if not 1 <= days <= MAX_DAYS:
        message = f"must be 1 to {MAX_DAYS} days"
        raise Bad(message)
    return days


def _around(value: Json, field: Field) -> int:
    days = _number(value, field)
    if not 0 <= days <= 180:
        message = "must be 0 to 180 days"
        raise Bad(message)
    return days


def _weekday(value: Json, field: Field) -> int:
    day = _number(value, field)
    if not 1 <= day <= 7:
        message = "must be a day of the week, 1 (Monday) to 7"
        raise Bad(message)
    return day


def _minute(value: Json, field: Field) -> int:
    text = _text(value, field)
    hours, mark, minutes = text.partition(":")
    if not (mark and len(text) == 5 and text.isascii() and hours.isdigit() and minutes.isdigit()):
        message = "must be a time of day, as 09:30"
        raise Bad(message)
    found = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or found > DAY_MINUTES:
        message = "must be a time of day, as 09:30"
        raise Bad(message)
    return found


def _path(value: Json, field: Field) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= 20:
        message = "must be a path: names from the root down"
        raise Bad(message)
    return tuple([_text(name, field) for name in value])


def _pair(one: Callable[[Json, Field], T]) -> Callable[[Json, Field], tuple[T, T]]:
    def read(value: Json, field: Field) -> tuple[T, T]:
        if not isinstance(value, list) or len(value) != 2:
            message = "must be two values"
            raise Bad(message)
        return one(value[0], field), one(value[1], field)

    return read


def _list(one: Callable[[Json, Field], T]) -> Callable[[Json, Field], list[T]]:
    def read(value: Json, field: Field) -> list[T]:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
            message = f"must be a list of 1 to {MAX_LIST}"
            raise Bad(message)
        return [one(item, field) for item in value]

    return read


# Readings -------------------------------------------------------------------------------------------------------------


def _compared(read: Callable[[Json, Field], T], sql_type: str) -> dict[str, Operator]:
    """Return what every kind with an order can be asked."""

    def less(operand: T, found: Value, *_: object) -> bool:
        return bool(found < operand)

    def up_to(operand: T, found: Value, *_: object) -> bool:
        return bool(found <= operand)

    return {
        "=": _operator(read, lambda o, v, *_: v == o, lambda o, x, _, bind: f"{x} = {bind(o, sql_type)}"),
        "<": _operator(read, less, lambda o, x, _, bind: f"{x} < {bind(o, sql_type)}"),
        "<=": _operator(read, up_to, lambda o, x, _, bind: f"{x} <= {bind(o, sql_type)}"),
        ">": _operator(read, lambda o, v, *_: not up_to(o, v), lambda o, x, _, bind: f"{x} > {bind(o, sql_type)}"),
        ">=": _operator(read, lambda o, v, *_: not less(o, v), lambda o, x, _, bind: f"{x} >= {bind(o, sql_type)}"),
        "between": _operator(
            _pair(read),
            lambda o, v, *_: o[0] <= v <= o[1],
            lambda o, x, _, bind: f"{x} BETWEEN {bind(o[0], sql_type)} AND {bind(o[1], sql_type)}",
        ),
    }


def _one_of(read: Callable[[Json, Field], T], sql_type: str) -> dict[str, Operator]:
    return {
        "=": _operator(read, lambda o, v, *_: v == o, lambda o, x, _, bind: f"{x} = {bind(o, sql_type)}"),
        "in": _operator(
            _list(read), lambda o, v, *_: v in o, lambda o, x, _, bind: f"{x} = ANY ({bind(o, sql_type + '[]')})"
        ),
    }


def _local(moment: Value, zone: str) -> datetime:
    found: datetime = moment.astimezone(localtime.zone(zone))
    return found


def _minutes(moment: Value, zone: str) -> int:
    local = _local(moment, zone)
    return local.hour * 60 + local.minute


def _hours(operand: tuple[int, int], moment: Value, _: Instant, zone: str) -> bool:
    begin, end = operand
    minute = _minutes(moment, zone)
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _hours_sql(operand: tuple[int, int], x: str, zone: str, bind: Bind) -> str:
    begin, end = (bind(minute, "int") for minute in operand)
    local = f"({x} AT TIME ZONE {zone})"
    minute = f"(extract(hour FROM {local}) * 60 + extract(minute FROM {local}))"
    if operand[0] <= operand[1]:
        return f"({minute} >= {begin} AND {minute} < {end})"
    return f"({minute} >= {begin} OR {minute} < {end})"


def _years_later(born: date, year: int) -> date:
    """Return the anniversary in a year; of 29 February the 28th where there is none, as PostgreSQL has it."""
    try:
        return born.replace(year=year)
    except ValueError:
        return born.replace(year=year, day=28)


def _anniversary(days: int, born: Value, when: Instant, _: str) -> bool:
    years = range(max(1, when.today.year - 1), min(9999, when.today.year + 1) + 1)
    return any(abs((_years_later(born, year) - when.today).days) <= days for year in years)


def _anniversary_sql(days: int, x: str, _: str, bind: Bind) -> str:
    years = f"(extract(year FROM {TODAY}) - extract(year FROM {x}))::int + k"
    day = f"({x} + make_interval(years => {years}))::date"
    # Without the first test a value that is not there would be false instead of NULL: the same, but said once.
    return f"EXISTS (SELECT FROM generate_series(-1, 1) AS k WHERE abs({day} - {TODAY}) <= {bind(days, 'int')})"


NUMBERS = {**_compared(_number, "bigint"), **_one_of(_number, "bigint")}
TEXTS = {
    **_one_of(_text, "text"),
    "contains": _operator(_text, lambda o, v, *_: o in v, lambda o, x, _, bind: f"strpos({x}, {bind(o, 'text')}) > 0"),
    "beginsWith": _operator(
        _text, lambda o, v, *_: v.startswith(o), lambda o, x, _, bind: f"starts_with({x}, {bind(o, 'text')})"
    ),
    "endsWith": _operator(
        _text,
        lambda o, v, *_: v.endswith(o),
        lambda o, x, _, bind: f"right({x}, {bind(len(o), 'int')}) = {bind(o, 'text')}",
    ),
}
FLAGS = {"=": _operator(_flag, lambda o, v, *_: v is o, lambda o, x, _, bind: f"{x} = {bind(o, 'boolean')}")}
CODES = {
    "hasAny": _operator(
        _list(_code), lambda o, v, *_: any(c in v for c in o), lambda o, x, _, bind: f"{x} && {bind(o, 'text[]')}"
    ),
    "hasAll": _operator(
        _list(_code), lambda o, v, *_: all(c in v for c in o), lambda o, x, _, bind: f"{x} @> {bind(o, 'text[]')}"
    ),
}
DATES = {
    **_compared(_date, "date"),
    "withinLast": _operator(
        _days,
        lambda o, v, when, _: 0 <= (when.today - v).days < o,
        lambda o, x, _, bind: f"({x} <= {TODAY} AND {x} > {TODAY} - {bind(o, 'int')})",
    ),
    "withinNext": _operator(
        _days,
        lambda o, v, when, _: 0 <= (v - when.today).days < o,
        lambda o, x, _, bind: f"({x} >= {TODAY} AND {x} < {TODAY} + {bind(o, 'int')})",
    ),
    "anniversaryWithin": _operator(_around, _anniversary, _anniversary_sql),
}
MOMENTS = {
    **{name: one for name, one in _compared(_moment, "timestamptz").items() if name != "="},
    "withinLast": _operator(
        _days,
        lambda o, v, when, _: when.now - timedelta(days=o) < v <= when.now,
        lambda o, x, _, bind: f"({x} <= {NOW} AND {x} > {NOW} - {bind(24 * o, 'int')} * interval '1 hour')",
    ),
    "weekday": _operator(
        _list(_weekday),
        lambda o, v, _, zone: _local(v, zone).isoweekday() in o,
        lambda o, x, zone, bind: f"extract(isodow FROM {x} AT TIME ZONE {zone})::int = ANY ({bind(o, 'int[]')})",
    ),
    "hours": _operator(_pair(_minute), _hours, _hours_sql),
}
PATHS = {
    "inCategory": _operator(
        _list(_path),
        lambda o, v, *_: any(tuple(v[: len(path)]) == path for path in o),
        lambda o, x, _, bind: "("
        + " OR ".join(f"{x}[1:{len(path)}] = {bind(list(path), 'text[]')}" for path in o)
        + ")",
    ),
}

OPERATORS: Mapping[Kind, Mapping[str, Operator]] = {
    Kind.NUMBER: NUMBERS,
    Kind.TEXT: TEXTS,
    Kind.FLAG: FLAGS,
    Kind.CHOICE: _one_of(_code, "text"),
    Kind.CODES: CODES,
    Kind.DATE: DATES,
    Kind.MOMENT: MOMENTS,
    Kind.PATH: PATHS,
}

NOT_NULL = "notNull"
PRESENT = _operator(_nothing, lambda *_: True, lambda _, x, *__: f"{x} IS NOT NULL")
"""Every kind can be asked whether there is a value at all."""

OPPOSITES = {
    "!=": "=",
    "notIn": "in",
    "notBetween": "between",
    "doesNotContain": "contains",
    "doesNotBeginWith": "beginsWith",
    "doesNotEndWith": "endsWith",
    "hasNone": "hasAny",
    "notInCategory": "inCategory",
    "null": NOT_NULL,
}
"""Negative operators by the positive one each is the opposite of."""


def find(kind: Kind, name: str) -> tuple[Operator, bool] | None:
    """Return the positive operator of a name, and whether its opposite is meant; None when the kind has none."""
    positive = OPPOSITES.get(name, name)
    found = PRESENT if positive == NOT_NULL else OPERATORS.get(kind, {}).get(positive)
    return None if found is None else (found, name in OPPOSITES)
