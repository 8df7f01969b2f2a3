"""Rows to receipts, goods and balances: the same shapes, with the same limits, as the API's bodies."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from verno.catalogue.types import NewGoods
from verno.imports.balances import NewBalance
from verno.imports.columns import MEMBER, Fields, Layout
from verno.imports.tables import Table
from verno.imports.types import Item, Kind, RowError
from verno.intake.types import MAX_LINES, Receipt
from verno.web import wire

Key: TypeAlias = tuple[object, object, object]

SHAPES: Mapping[Kind, type[Receipt | NewGoods | NewBalance]] = {
    Kind.RECEIPTS: Receipt,
    Kind.GOODS: NewGoods,
    Kind.BALANCES: NewBalance,
}
WORDS = {
    "at": "must be a time such as 2026-11-22T10:00:00+03:00, or without an offset for the place's clock",
    "quantity": "must be a number such as 2 or 0.250: not negative, at most three decimals, a point before them",
}
"""Fields whose pattern is better told by an example."""

_LINE = re.compile(r"lines\[(\d+)\]\.?(.*)")


def items(kind: Kind, table: Table) -> Iterator[Item]:
    """Return what a table holds; refuses its header at once (``VernoError``), before the first row is read."""
    layout = Layout(kind, table.columns)
    stream = ((row.number, *layout.read(row)) for row in table.rows)
    return _receipts(layout, stream) if kind is Kind.RECEIPTS else _singles(SHAPES[kind], stream)


Stream: TypeAlias = Iterator[tuple[int, Fields, Fields, RowError | None]]
"""Row number, fields of the item, fields of the receipt's line, what is wrong."""


def _singles(shape: type[object], stream: Stream) -> Iterator[Item]:
    for number, found, _, wrong in stream:
        if wrong is not None:
            yield Item((number,), None, wrong)
            continue
        try:
            yield Item((number,), msgspec.convert(_nested(found), shape))
        except msgspec.ValidationError as error:
            yield Item((number,), None, RowError(number, *_reason(error)))


class _Group:
    """The adjacent rows of one receipt."""

    def __init__(self, key: Key, layout: Layout) -> None:
        self.key = key
        self._layout = layout
        self.rows: list[int] = []
        self._head: Fields = {}
        self._seen: Fields | None = None
        self._lines: list[Fields] = []
        self._error: RowError | None = None

    def add(self, number: int, head: Fields, line: Fields) -> None:
        """Take a row. Fields of the receipt may be left blank in all rows but the first."""
        if len(self.rows) > MAX_LINES:
            self.rows[-1] = number  # one too many already; more would only cost memory
            return
        self.rows.append(number)
        self._lines.append(line)
        if head is self._seen:
            return
        self._seen = head
        for field, value in head.items():
            if self._head.setdefault(field, value) != value:
                self.fail(RowError(number, self._layout.column_of[field], "differs from the receipt's first row"))

    def fail(self, error: RowError) -> None:
        """Remember the first error."""
        self._error = self._error or error

    def item(self) -> Item:
        """Return the receipt, or what is wrong with it."""
        rows = tuple(self.rows)
        if self._error is not None:
            return Item(rows, None, self._error)
        body = {**_nested(self._head), "lines": self._lines}
        try:
            return Item(rows, msgspec.convert(body, Receipt))
        except msgspec.ValidationError as error:
            return Item(rows, None, self._located(error))

    def _located(self, error: msgspec.ValidationError) -> RowError:
        field, message = _reason(error)
        found = _LINE.match(field)
        if found:
            return RowError(self.rows[int(found[1])], found[2], message)
        return RowError(self.rows[0], self._layout.column_of.get(field, field), message)


def _receipts(layout: Layout, stream: Stream) -> Iterator[Item]:
    """Gather adjacent rows of one (place, series, number).

    A row of which not even the number can be told may belong to the receipt before it or to the one after it: both
    are refused, since half a receipt is worse than none.
    """
    group: _Group | None = None
    torn: RowError | None = None
    for number, head, line, wrong in stream:
        key = (head.get("place"), head.get("series"), head.get("number"))
        if wrong is not None and key[2] is None:
            torn = wrong
            if group is not None:
                group.fail(RowError(group.rows[0], "", f"row {number} beside it cannot be read"))
                yield group.item()
                group = None
            yield Item((number,), None, wrong)
            continue
        if group is None or group.key != key:
            if group is not None:
                yield group.item()
            group = _Group(key, layout)
        group.add(number, head, line)
        if torn is not None:
            group.fail(RowError(number, "", f"row {torn.row} beside it cannot be read"))
            torn = None
        if wrong is not None:
            group.fail(wrong)
    if group is not None:
        yield group.item()


def _nested(fields: Fields) -> Fields:
    """Return the fields with those that say who in an object of their own."""
    member = {field[len(MEMBER) :]: value for field, value in fields.items() if field.startswith(MEMBER)}
    if not member:
        return fields
    return {field: value for field, value in fields.items() if not field.startswith(MEMBER)} | {"member": member}


def _reason(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return the field and the reason in words."""
    field, message = wire.shape_problem(error).errors[0]
    last = field.rpartition(".")[2]
    return field, WORDS.get(last, message) if "is required" not in message else message
