"""Columns of each kind of file, named as the API's fields, and how a cell becomes the field's value.

A cell is text (CSV) or what Parquet holds. A blank cell is an absent field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from verno.imports.types import Kind, Row, RowError
from verno.kit.errors import VernoError
from verno.web import wire
from verno.web.problems import Refused

Reader = Callable[[object], object]
Fields: TypeAlias = dict[str, object]

LINE = "line."
"""Begins the names of fields that belong to a receipt's line, not to the receipt."""

_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_PATH = re.compile(r"\s+>\s+")
LONGEST_SHOWN = 40
LENGTH_OF_A_DATE = 10
FIRST_YEAR, LAST_YEAR = 1990, 2999


def text(cell: object) -> object:
    """Read text; a whole number of Parquet is its digits."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool) or not isinstance(cell, int):
        message = "must be text"
        raise ValueError(message)  # noqa: TRY004 one exception says that a cell is wrong
    return str(cell)


def whole(cell: object) -> object:
    """Read a whole number."""
    if isinstance(cell, str) and _WHOLE.fullmatch(cell.strip()):
        return int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, float | Decimal) and cell == cell.__trunc__():
        return int(cell)
    message = f"must be a whole number (of minor units), not {_shown(cell)}"
    raise ValueError(message)


def quantity(cell: object) -> object:
    """Read a decimal number as its text."""
    if isinstance(cell, float):
        return f"{cell:.9f}".rstrip("0").rstrip(".")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return text(cell)


def moment(cell: object) -> object:
    """Read a time; Parquet has times of its own."""
    return cell.isoformat() if isinstance(cell, date | datetime) else text(cell)


def day(cell: object) -> object:
    """Read a date, or a time; Parquet has both of its own."""
    said = str(moment(cell))
    try:
        found = date.fromisoformat(said) if len(said) == LENGTH_OF_A_DATE else datetime.fromisoformat(said)
    except ValueError:
        message = f"must be a date such as 2026-12-31, or a time such as 2026-12-31T10:00:00+03:00, not {_shown(said)}"
        raise ValueError(message) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        message = f"must lie between {FIRST_YEAR} and {LAST_YEAR}"
        raise ValueError(message)
    return said


def parsed(cell: object) -> object:
    """Read JSON as strictly as the API does; nested columns of Parquet are taken as they are."""
    if isinstance(cell, dict | list):
        return cell
    try:
        return wire.decode(str(cell).encode())
    except Refused as error:
        message = f"is not the JSON we read: {error.problem.detail}"
        raise ValueError(message) from error


def path(cell: object) -> object:
    """Read a category's path: ``Dairy > Milk``, or a JSON list."""
    if isinstance(cell, str) and not cell.lstrip().startswith("["):
        return [step for step in _PATH.split(cell.strip()) if step]
    return parsed(cell)


MEMBER = "member."
"""Begins the names of fields that say who."""

_MEMBER = {
    alias: (f"{MEMBER}{kind}", text)
    for kind in ("id", "card", "phone", "email", "external_id")
    for alias in (f"member.{kind}", f"member_{kind}", kind)
    if alias != "id"  # of what? the receipt has none of the caller's
}

COLUMNS: Mapping[Kind, Mapping[str, tuple[str, Reader]]] = {
    Kind.RECEIPTS: {
        **{name: (name, text) for name in ("number", "series", "place", "till", "cashier", "fiscal_number", "channel")},
        "at": ("at", moment),
        **_MEMBER,
        "attributes": ("attributes", parsed),
        "payments": ("payments", parsed),
        "sku": ("line.sku", text),
        "quantity": ("line.quantity", quantity),
        "amount": ("line.amount", whole),
        "discount": ("line.discount", whole),
        "line.attributes": ("line.attributes", parsed),
        "line_attributes": ("line.attributes", parsed),
    },
    Kind.GOODS: {
        "sku": ("sku", text),
        "name": ("name", text),
        "category": ("category", path),
        "cost": ("cost", whole),
        "attributes": ("attributes", parsed),
    },
    Kind.BALANCES: {
        **_MEMBER,
        "member": (f"{MEMBER}external_id", text),
        "unit": ("unit", text),
        "points": ("points", whole),
        **{name: (name, day) for name in ("earned_at", "active_from", "expires_at")},
        "reference": ("reference", text),
    },
}
"""Column of a file -> field of the house and how to read a cell. Members have their own: ``members/headers.py``."""

REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    Kind.RECEIPTS: ("number", "place", "at", "sku", "quantity", "amount"),
    Kind.GOODS: ("sku",),
    Kind.BALANCES: ("points",),
}


class Layout:
    """A file's header, found good: reads rows to fields."""

    def __init__(self, kind: Kind, columns: Sequence[str]) -> None:
        """Refuse a header with unknown, missing or double columns; raises ``VernoError`` naming them."""
        known = COLUMNS[kind]
        unknown = [name for name in columns if name not in known]
        missing = [name for name in REQUIRED[kind] if name not in columns]
        fields = [known[name][0] for name in columns if name in known]
        if kind is Kind.BALANCES and not any(field.startswith(MEMBER) for field in fields):
            missing.append("external_id")
        double = sorted({name for name in columns if name in known and fields.count(known[name][0]) > 1})
        problems = [
            f"{words} {', '.join(_shown(name) for name in names)}"
            for words, names in (("unknown", unknown), ("missing", missing), ("given twice", double))
            if names
        ]
        if problems:
            message = (
                f"the columns of the file do not fit: {'; '.join(problems)}. Columns of {kind}: {', '.join(known)}"
            )
            raise VernoError(message)
        readers = [(name, *known[name]) for name in columns]
        self.column_of = {field: name for name, field, _ in readers}
        self._head = [(name, field, reader) for name, field, reader in readers if not field.startswith(LINE)]
        self._line = [(name, field[len(LINE) :], reader) for name, field, reader in readers if field.startswith(LINE)]
        self._last_cells: list[object] = []
        self._last_fields: Fields = {}

    def read(self, row: Row) -> tuple[Fields, Fields, RowError | None]:
        """Return a row's fields, those of its line apart, and what is wrong with it first.

        A receipt's rows repeat its own cells: equal cells give the very object of the row before, which saves half
        of the work of a long file.
        """
        cells = row.cells
        wrong = RowError(row.number, *row.problem) if row.problem else None
        head_cells = [cells.get(name) for name, _, _ in self._head]
        if head_cells == self._last_cells and wrong is None:
            head = self._last_fields
        else:
            head, wrong = _read(self._head, row, wrong)
            self._last_cells, self._last_fields = (head_cells, head) if wrong is None else ([], {})
        line, wrong = _read(self._line, row, wrong)
        return head, line, wrong


def _read(
    readers: Sequence[tuple[str, str, Reader]], row: Row, wrong: RowError | None
) -> tuple[Fields, RowError | None]:
    out: Fields = {}
    for name, field, reader in readers:
        cell = row.cells.get(name)
        if cell is None:
            continue
        try:
            out[field] = reader(cell)
        except (ValueError, OverflowError) as error:
            wrong = wrong or RowError(row.number, name, str(error))
    return out, wrong


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "…"
