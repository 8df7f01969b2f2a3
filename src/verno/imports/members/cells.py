"""What cells of members' files say: dates as people write them, phones that a spreadsheet took for numbers, yes and no.

What is wrong is told without the value: a phone in the column of dates would else stand in somebody's log.
"""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from verno.imports import columns, xlsx
from verno.members.types import AttributeKind, MemberKind
from verno.web.sheets import is_quoted

YES = frozenset({"yes", "y", "true", "1", "+", "да", "д", "истина", "согласен", "согласна", "есть"})
NO = frozenset({"no", "n", "false", "0", "-", "нет", "н", "ложь", "не согласен", "не согласна"})
KINDS = {
    **dict.fromkeys(("person", "individual", "b2c", "физлицо", "физ лицо", "физическое лицо"), MemberKind.PERSON),
    **dict.fromkeys(
        ("company", "firm", "b2b", "юрлицо", "юр лицо", "юридическое лицо", "ооо", "ип"), MemberKind.COMPANY
    ),
}
BETWEEN = ";"
"""Stands between the values of a list."""
MAX_DIGITS = 18
"""Digits of a whole number; of "1e999999999" nobody could write out the digits."""
MONTH_FIRST = frozenset({"US", "PH", "PW", "FM", "MH"})
"""Countries where 12/31/1990 is written; elsewhere the day comes first."""
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_LOCAL = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?$", re.ASCII)
_TENTH = re.compile(r"\.0+$")


def text(cell: object) -> str:
    """Read text; a whole number is its digits."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | Decimal):
        said = str(int(cell)) if cell == cell.__trunc__() else str(cell)
    elif isinstance(cell, date):
        said = cell.isoformat()
    else:
        said = str(cell).strip()
    return said


def of_sheet(cell: object) -> object:
    """Return a cell of a CSV file without what keeps spreadsheets from running it; a formula is no value."""
    if not isinstance(cell, str):
        return cell
    said = cell.strip()
    if said.startswith("="):
        message = "holds a formula: save its value in its place"
        raise ValueError(message)
    return said[1:] if is_quoted(said) else said


def phone(cell: object) -> str:
    """Read a phone, also one that a spreadsheet keeps as a number."""
    if isinstance(cell, float):
        cell = Decimal(repr(cell))
    if isinstance(cell, date | bool):
        message = "is no phone number"
        raise ValueError(message)  # noqa: TRY004 one exception says that a cell is wrong
    said = text(cell)
    if _ROUNDED.fullmatch(said):
        message = "was rounded by a spreadsheet: format the column as text and fill it in again"
        raise ValueError(message)
    return _TENTH.sub("", said)


def flag(cell: object) -> bool:
    """Read a yes or a no."""
    said = text(cell).casefold()
    if said in YES:
        return True
    if said in NO:
        return False
    message = "must be yes or no"
    raise ValueError(message)


def kind(cell: object) -> str:
    """Read whether it is a person or a company."""
    said = " ".join(text(cell).casefold().replace(".", " ").split())
    if said not in KINDS:
        message = "must be person or company"
        raise ValueError(message)
    return KINDS[said].value


def locale(cell: object) -> str:
    """Read a language."""
    said = text(cell)
    return {"русский": "ru", "английский": "en", "russian": "ru", "english": "en"}.get(said.casefold(), said)


def day(cell: object, country: str) -> str:
    """Read a date: 1990-12-31, 31.12.1990, 31/12/1990, or the number that a spreadsheet keeps for it."""
    return moment(cell, country)[:10]


def moment(cell: object, country: str) -> str:
    """Read a date or a time as ISO 8601; without an offset it is the program's clock."""
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        cell = xlsx.serial_date(float(cell))
    if isinstance(cell, date):
        return _MIDNIGHT.sub("", cell.isoformat())
    said = _MIDNIGHT.sub("", text(cell))
    local = _LOCAL.fullmatch(said)
    return _local(local, country) if local else _iso(said)


def attribute(cell: object, kind_: AttributeKind | None, country: str) -> str | int | bool | list[str] | None:
    """Read an attribute of a type; without one a number of a workbook is a whole number, all else is text.

    A list is one where the file has lists, or a text of values with semicolons between them.
    """
    if kind_ is AttributeKind.LIST or (kind_ is None and isinstance(cell, list)):
        return _values(cell)
    if isinstance(cell, list | dict):
        message = "must be one value"
        raise ValueError(message)  # noqa: TRY004 one exception says that a cell is wrong
    if kind_ is AttributeKind.BOOLEAN or (kind_ is None and isinstance(cell, bool)):
        return flag(cell)
    if kind_ is AttributeKind.DATE:
        return day(cell, country)
    if kind_ is AttributeKind.INTEGER or (kind_ is None and isinstance(cell, int)):
        return _whole(cell)
    return text(cell)


def _values(cell: object) -> list[str]:
    values = cell if isinstance(cell, list) else text(cell).split(BETWEEN)
    if isinstance(cell, dict) or any(not isinstance(one, str | int) for one in values):
        message = "must be a list of texts"
        raise ValueError(message)
    return [said for one in values if (said := text(one))]


def _whole(cell: object) -> int:
    try:
        number = Decimal(str(cell).strip().replace("\u00a0", "").replace(" ", "").replace(",", "."))
        if number.is_finite() and number.adjusted() < MAX_DIGITS and number == number.to_integral_value():
            return int(number)
    except (InvalidOperation, OverflowError):
        pass
    message = "must be a whole number"
    raise ValueError(message)


def _iso(said: str) -> str:
    message = "must be a date such as 1990-12-31 or 31.12.1990"
    try:
        found = date.fromisoformat(said) if len(said) == columns.LENGTH_OF_A_DATE else datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(message) from None
    return found.isoformat()


def _local(found: re.Match[str], country: str) -> str:
    first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
    day_, month = (second, first) if mark == "/" and country in MONTH_FIRST else (first, second)
    try:
        if found[5] is None:
            return date(year, month, day_).isoformat()
        return datetime(year, month, day_, int(found[5]), int(found[6]), int(found[7] or 0)).isoformat()  # noqa: DTZ001
    except ValueError:
        message = "is a date that no calendar has"
        raise ValueError(message) from None
