"""Receipts that were taken before, as steps and returns need them: found, locked, and what became of them so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec
from psycopg import Cursor
from psycopg.rows import TupleRow

from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.settling.judging import off_by_line, points_by_unit
from verno.intake.settling.remembering import Stored
from verno.intake.sums import kept
from verno.intake.types import ById, ByNumber, LineQuantity, Payment, Spent, Target
from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.kit.ids import is_id
from verno.promotions.types import StoredRulebook
from verno.rules.types import Fired

NOTHING = Spent({}, 0, [])

HELD, SETTLED, CANCELLED, UNMATCHED, CLAIMED = "held", "settled", "cancelled", "unmatched", "claimed"
RESOLVE, CLAIM = "resolve", "claim"

Kind = TypeVar("Kind", bound=msgspec.Struct)
Name = TypeVar("Name", int, str)


class Row(msgspec.Struct, frozen=True):
    """A receipt as it is stored. ``owner_id`` is whose points it moves now, ``lines_holder_id`` who has its lines.

    ``family`` are all whom merges, standing or undone, tie to the holder, each with whom they are now: among their
    points the receipt's may be. ``amounts`` are those of the lines in their order, read with the lock of a held receipt
    (else None).
    """

    position: int
    id: str
    holder_id: str
    owner_id: str
    lines_holder_id: str
    place_id: str
    series: str
    number: str
    at: datetime
    status: str
    amount: int
    line_count: int
    rulebook_id: str | None
    verdict: list[Fired]
    spent: Spent | None
    points_value: int
    given: dict[str, int] | None
    hold_expires_at: datetime | None
    claim_code: str | None
    fiscal_number: str | None
    cashier: str | None
    till: str | None
    family: dict[str, str]
    amounts: list[int] | None
    channel: str | None
    payments: list[Payment]
    attributes: dict[str, object]
    facts: Stored | None
    taken_off: int

    @property
    def merged_ids(self) -> tuple[str, ...]:
        """Return the family but for the owner."""
        return tuple([id_ for id_ in self.family if id_ != self.owner_id])

    @property
    def homes(self) -> tuple[tuple[str, str], ...]:
        """Return those of the family who are somebody else than the owner now, each with whom they are."""
        return tuple([(id_, now_id) for id_, now_id in self.family.items() if now_id != self.owner_id])


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What a line was of, and what the till said of it."""

    sku: str
    till_discount: int
    attributes: dict[str, object]


class Step(msgspec.Struct, frozen=True):
    """A step that was taken before. ``kept`` are captured thousandths by line, None when it was all."""

    receipt_id: str
    slot: str
    kind: str
    fingerprint: str
    answer: str
    at: datetime
    kept: dict[int, int] | None
    earned: dict[str, int] | None
    spent: dict[str, int] | None
    points_value: int
    verdict: list[Fired]
    fiscal_number: str | None
    cashier: str | None


class Back(msgspec.Struct, frozen=True):
    """A return that was taken before: thousandths by line, points by unit, money given back in minor units."""

    original_id: str
    id: str
    number: str
    at: datetime
    lines: dict[int, int]
    refund: int
    points_value: int
    taken: dict[str, int]
    put: dict[str, int]


@dataclass(slots=True)
class Sold:
    """One receipt: its row, and, once ``look_closer`` was asked, its lines, steps and returns."""

    row: Row
    lines: list[kept.Line] = field(default_factory=list)
    things: dict[int, Thing] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    returns: list[Back] = field(default_factory=list)

    @property
    def spent(self) -> Spent:
        """Return what points paid when the receipt was taken."""
        return self.row.spent or NOTHING

    @property
    def to_pay(self) -> int:
        """Return what was left to pay in money when the receipt was taken."""
        return self.row.amount - self.row.taken_off - self.row.points_value

    def earned(self) -> dict[str, int]:
        """Return what was given, by unit: planned, while the receipt is held."""
        capture = self.steps.get(RESOLVE)
        if capture is not None and capture.earned is not None:
            return dict(capture.earned)
        return dict(self.row.given) if self.row.given is not None else points_by_unit(self.row.verdict)

    def verdict(self) -> list[Fired]:
        """Return what rules made of the receipt, or of the part of it that was captured."""
        capture = self.steps.get(RESOLVE)
        return self.row.verdict if capture is None or capture.earned is None else capture.verdict

    def points_spent(self) -> dict[str, int]:
        """Return what was spent, by unit: planned, while the receipt is held."""
        capture = self.steps.get(RESOLVE)
        if capture is not None and capture.spent is not None:
            return dict(capture.spent)
        return dict(self.spent.points)

    def captured(self) -> dict[int, int]:
        """Return what was sold of each line, in thousandths: all of it, or what was captured."""
        capture = self.steps.get(RESOLVE)
        quantities = kept.all_of(self.lines)
        if capture is None or capture.kept is None:
            return quantities
        return {line: capture.kept.get(line, 0) for line in quantities}

    def left(self) -> dict[int, int]:
        """Return what is left of each line, in thousandths: captured, and not come back."""
        quantities = self.captured()
        for back in self.returns:
            for line, quantity in back.lines.items():
                quantities[line] -= quantity
        return quantities


def target(text: str) -> Target | None:
    """Read the name of a receipt in an address: our id, or ``place~series~number``; None for what is neither."""
    if is_id(text):
        return ById(text)
    parts = text.split("~", 2)
    # No text of the database holds NUL: nothing is called so, and asking would be an error.
    return ByNumber(*parts) if len(parts) == 3 and "\0" not in text else None  # noqa: PLR2004 place, series, number


def lock(conn: Connection, context: Context, targets: Sequence[Target | None]) -> list[Sold | None]:
    """Lock the receipts that are named, in the order of their ids; None for a name that no receipt has.

    One round trip. Several names of one receipt get one object. Raises ``TryAgain`` for a receipt that was claimed
    while the lock was waited for: its other row counts now.
    """
    rows = [_named(context, position, name) for position, name in enumerate(targets) if name is not None]
    known = [row for row in rows if row is not None]
    if not known:
        return [None] * len(targets)
    found: list[Sold | None] = [None] * len(targets)
    met: dict[str, Sold] = {}
    parameters = {"rows": batches.rows(known), "program": context.program.id}
    for values in conn.execute(SQL["lock_sold"], parameters).fetchall():
        row = as_row(values)
        if row.status == CLAIMED and isinstance(targets[row.position], ById | ByNumber):
            message = "the receipt has just been claimed"
            raise TryAgain(message)
        found[row.position] = met.setdefault(row.id, Sold(row))
    books = {one.row.rulebook_id for one in met.values() if one.row.rulebook_id}
    context.catch_up(conn, books, {one.row.place_id for one in met.values()})
    return found


def settled_of(conn: Connection, context: Context, holder_ids: Sequence[str]) -> list[Sold]:
    """Return the settled receipts of some holders, those of a holder one after the other; without a lock."""
    parameters = {"holders": batches.rows(list(holder_ids)), "program": context.program.id}
    found = [Sold(as_row(values)) for values in conn.execute(SQL["settled_of"], parameters).fetchall()]
    books = {one.row.rulebook_id for one in found if one.row.rulebook_id}
    context.catch_up(conn, books, {one.row.place_id for one in found})
    return found


def as_row(values: Sequence[object]) -> Row:
    """Return a row of ``lock_sold`` or ``one_sold`` as a record."""
    return msgspec.convert(dict(zip(Row.__struct_fields__, values, strict=True)), Row, str_keys=True)


def _named(context: Context, position: int, name: Target) -> dict[str, object] | None:
    if isinstance(name, ById):
        return {"position": position, "id": name.id} if is_id(name.id) else None
    if isinstance(name, ByNumber):
        store = context.stores.get(name.place)
        if store is None:
            return None
        return {"position": position, "place_id": store.id, "series": name.series, "number": name.number}
    return {"position": position, "code": name.code}


def look_closer(conn: Connection, receipts: Iterable[Sold]) -> None:
    """Read the lines, steps and returns of receipts: one round trip, none for none."""
    by_id = {one.row.id: one for one in receipts}
    if not by_id:
        return
    asked = batches.rows(
        [
            {"holder_id": one.row.holder_id, "lines_holder_id": one.row.lines_holder_id, "id": id_}
            for id_, one in by_id.items()
        ]
    )
    with conn.pipeline():
        lines = conn.execute(SQL["sold_lines"], {"rows": asked})
        steps = conn.execute(SQL["sold_steps"], {"rows": asked})
        returns = conn.execute(SQL["sold_returns"], {"rows": asked})
    for one in by_id.values():
        one.lines, one.things, one.steps, one.returns = [], {}, {}, []
    parts: dict[str, dict[int, int]] = {
        id_: dict(enumerate(one.spent.lines, 1)) for id_, one in by_id.items() if one.spent.lines
    }
    off = {id_: off_by_line(one.row.verdict) for id_, one in by_id.items() if one.row.taken_off}
    for receipt_id, line, quantity, amount, *thing in lines.fetchall():
        paid = parts.get(receipt_id, {}).get(line, 0)
        one = by_id[receipt_id]
        one.lines.append(kept.Line(line, quantity, amount, paid, off.get(receipt_id, {}).get(line, 0)))
        one.things[line] = Thing(*thing)
    for step in _typed(steps, Step):
        by_id[step.receipt_id].steps[step.slot] = step
    for back in _typed(returns, Back):
        by_id[back.original_id].returns.append(back)


def _typed(cursor: Cursor[TupleRow], kind: type[Kind]) -> list[Kind]:
    names = kind.__struct_fields__
    return [msgspec.convert(dict(zip(names, values, strict=True)), kind, str_keys=True) for values in cursor.fetchall()]


def rulebook(context: Context, row: Row) -> StoredRulebook | None:
    """Return the rulebook that a receipt was judged by."""
    return next((book for book in context.rulebooks if book.id == row.rulebook_id), None)


def chosen(lines: Sequence[kept.Line], wanted: Sequence[LineQuantity]) -> dict[int, int] | str:
    """Return the thousandths by line that are named, or, as text, what is wrong with the names.

    A line of quantity 0 is named whole by quantity "0".
    """
    by_number = {line.line: line for line in lines}
    out: dict[int, int] = {}
    for one in wanted:
        line = by_number.get(one.line)
        if line is None:
            return f"the sale has no line {one.line}"
        if one.line in out:
            return f"line {one.line} is named twice"
        out[one.line] = kept.thousandths(one.quantity) if line.quantity else kept.counted(line)
    return {line: quantity for line, quantity in out.items() if quantity}


def without_zeros(numbers: Mapping[Name, int]) -> dict[Name, int]:
    """Return what there is of lines or units, without those of which there is nothing."""
    return {name: number for name, number in numbers.items() if number}
