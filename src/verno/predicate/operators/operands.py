"""What operators take: how an operand is read from JSON, strictly, and how it is told to people."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from verno.kit.money import format_scaled
from verno.predicate.types import MAX_AROUND, MAX_DAYS, MAX_LIST, MAX_NUMBER, MAX_PATH, MAX_TEXT, Field, Json, Language
from verno.predicate.words import DATE_FORMAT, NO, WEEKDAYS, YES

T = TypeVar("T")
O = TypeVar("O", int, date, datetime)  # noqa: E741 what has an order

DAY_MINUTES = 24 * 60
_TIME = re.compile(r"([0-9]{2}):([0-5][0-9])")


class Bad(ValueError):
    """An operand that cannot be read: the end of a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Operand(Generic[T]):
    """``read`` raises ``Bad``; ``tell`` says a value in words."""

    read: Callable[[Json, Field], T]
    tell: Callable[[T, Field, Language], str]


def _whole(least: int, most: int, what: str) -> Callable[[Json, Field], int]:
    def read(value: Json, _: Field) -> int:
        # A bool is an int to Python, but not to anybody else.
        if type(value) is not int or not least <= value <= most:
            message = f"must be {what}, {least} to {most}"
            raise Bad(message)
        return value

    return read


def _read_nothing(value: Json, _: Field) -> None:
    if value is not None and value != "":
        message = "must be left out"
        raise Bad(message)


def _read_text(value: Json, _: Field) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT or not _storable(value):
        message = f"must be a text of 1 to {MAX_TEXT} characters"
        raise Bad(message)
    return value


def _storable(text: str) -> bool:
    """Tell whether PostgreSQL takes the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read_code(value: Json, field: Field) -> str:
    code = _read_text(value, field)
    if field.choices is not None and code not in field.choices:
        message = "must be one of the field's choices"
        raise Bad(message)
    return code


def _read_flag(value: Json, _: Field) -> bool:
    if not isinstance(value, bool):
        message = "must be true or false"
        raise Bad(message)
    return value


def _read_date(value: Json, _: Field) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        message = "must be a date, as 2026-11-26"
        raise Bad(message)
    return found


def _read_moment(value: Json, _: Field) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        known = found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        known = None
    if known is None:
        message = "must be a time with an offset, as 2026-11-26T10:00:00+03:00"
        raise Bad(message)
    return known


def _read_minute(value: Json, _: Field) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minute <= DAY_MINUTES:
        message = "must be a time of day, as 09:30, from 00:00 to 24:00"
        raise Bad(message)
    return minute


def _read_times(value: Json, field: Field) -> tuple[int, int]:
    begin, end = _both(value, field, _read_minute)
    if begin in (end, DAY_MINUTES):
        message = "must be two different times, the first before 24:00"
        raise Bad(message)
    return begin, end


def _read_path(value: Json, field: Field) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PATH:
        message = f"must be a path of 1 to {MAX_PATH} names, from the root down"
        raise Bad(message)
    return tuple([_read_text(name, field) for name in value])


def _both(value: Json, field: Field, read: Callable[[Json, Field], T]) -> tuple[T, T]:
    match value:
        case [low, high]:
            return read(low, field), read(high, field)
        case _:
            message = "must be a list of two values"
            raise Bad(message)


def pair(one: Operand[O]) -> Operand[tuple[O, O]]:
    """Return the operand of two of these, the lower first."""

    def read(value: Json, field: Field) -> tuple[O, O]:
        low, high = _both(value, field, one.read)
        if high < low:
            message = "must be two values, the lower first"
            raise Bad(message)
        return low, high

    return Operand(read, lambda value, *of: " … ".join(one.tell(each, *of) for each in value))


def several(one: Operand[T], most: int = MAX_LIST) -> Operand[tuple[T, ...]]:
    """Return the operand of a list of these."""

    def read(value: Json, field: Field) -> tuple[T, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            message = f"must be a list of 1 to {most}"
            raise Bad(message)
        return tuple([one.read(each, field) for each in value])

    return Operand(read, lambda value, *of: ", ".join(one.tell(each, *of) for each in value))


def _tell_text(value: str, _: Field, __: Language) -> str:
    return value


def _tell_number(value: int, field: Field, language: Language) -> str:
    return format_scaled(value, field.decimals, language.locale)


def _tell_days(value: int, _: Field, language: Language) -> str:
    return language.ngettext("%(count)s day", "%(count)s days", value) % {"count": value}


def _tell_date(value: date, _: Field, language: Language) -> str:
    return language.gettext(DATE_FORMAT).format(
        year=f"{value.year:04d}", month=f"{value.month:02d}", day=f"{value.day:02d}"
    )


def _tell_moment(value: datetime, field: Field, language: Language) -> str:
    there = value.astimezone(language.zone)
    return f"{_tell_date(there.date(), field, language)} {there:%H:%M} {there.tzname()}"


def _tell_code(value: str, field: Field, language: Language) -> str:
    label = (field.choices or {}).get(value)
    return language.gettext(label) if label else value


def _tell_minute(value: int, _: Field, __: Language) -> str:
    return f"{value // 60:02d}:{value % 60:02d}"


NOTHING = Operand(_read_nothing, lambda *_: "")
NUMBER = Operand(_whole(-MAX_NUMBER, MAX_NUMBER, "a whole number"), _tell_number)
COUNT = Operand(_whole(0, MAX_NUMBER, "a whole number"), _tell_number)
TEXT = Operand(_read_text, _tell_text)
CODE = Operand(_read_code, _tell_code)
FLAG = Operand(_read_flag, lambda value, _, language: language.gettext(YES if value else NO))
DATE = Operand(_read_date, _tell_date)
MOMENT = Operand(_read_moment, _tell_moment)
DAYS = Operand(_whole(1, MAX_DAYS, "a number of days"), _tell_days)
AROUND = Operand(_whole(0, MAX_AROUND, "a number of days"), _tell_days)
WEEKDAY = Operand(
    _whole(1, 7, "a day of the week, Monday first"), lambda value, _, language: language.gettext(WEEKDAYS[value - 1])
)
MINUTE = Operand(_read_minute, _tell_minute)
TIMES = Operand(_read_times, lambda value, *of: " … ".join(_tell_minute(each, *of) for each in value))
PATH = Operand(_read_path, lambda value, *_: " / ".join(value))
