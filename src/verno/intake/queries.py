"""Reads of intake."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from psycopg import Cursor
from psycopg.rows import TupleRow, args_row

from verno.intake.context import Context
from verno.intake.returns.types import Return
from verno.intake.types import Receipt
from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.rules.types import Fired
from verno.workspace.types import Store

SQL = Statements("verno.intake")


class Numbered(Protocol):
    """Anything that carries a receipt and its store."""

    receipt: Receipt
    store: Store


class NumberedReturn(Protocol):
    """Anything that carries a return and the store where it was made."""

    wanted: Return
    store: Store


class ReceiptView(msgspec.Struct, frozen=True):
    """A stored receipt as a person reads it: minor units, points in the unit's smallest step.

    ``points_value`` is what points paid of it, in minor units; its lines lie under ``lines_holder_id``.
    """

    id: str
    number: str
    series: str
    place: str
    place_name: str
    till: str | None
    cashier: str | None
    at: datetime
    status: str
    amount: int
    discount: int
    line_count: int
    points: int
    fired: list[Fired]
    points_value: int
    hold_expires_at: datetime | None
    lines_holder_id: str


class ReturnView(msgspec.Struct, frozen=True):
    """A return of a sale: ``refund`` in minor units, points by unit that were taken back and put back."""

    original_id: str
    number: str
    place: str
    at: datetime
    status: str
    refund: int
    taken: dict[str, int]
    put: dict[str, int]


class LineView(msgspec.Struct, frozen=True):
    """A line with the goods it names; ``quantity`` is a decimal string."""

    receipt_id: str
    line: int
    sku: str
    name: str
    category: list[str]
    quantity: str
    amount: int
    discount: int


class ReceiptName(msgspec.Struct, frozen=True):
    """What a transfer says of the receipt or return behind it."""

    id: str
    number: str
    place: str


class RungUp(msgspec.Struct, frozen=True):
    """A receipt or a return as the till made it: where, at which till, by whom. ``amount`` in minor units."""

    id: str
    holder_id: str
    number: str
    place: str
    place_name: str
    till: str | None
    cashier: str | None
    at: datetime
    amount: int


def known(conn: Connection, context: Context, cases: Sequence[Numbered]) -> Cursor[tuple[int, str, str, str | None]]:
    """Ask for (position, id, fingerprint, answer) of the numbers that have been taken before.

    The answer is None where the number is a return's.
    """
    wanted = [
        {"position": i, "place_id": case.store.id, "series": case.receipt.series, "number": case.receipt.number}
        for i, case in enumerate(cases)
    ]
    return conn.execute(SQL["known_receipts"], {"rows": batches.rows(wanted), "program": context.program.id})


def known_returns(conn: Connection, context: Context, cases: Sequence[NumberedReturn]) -> Cursor[TupleRow]:
    """Ask for (position, id, fingerprint, status, answer) of the numbers that have been taken before.

    The status is None where the number is a sale's.
    """
    wanted = [
        {"position": i, "place_id": case.store.id, "series": case.wanted.series, "number": case.wanted.number}
        for i, case in enumerate(cases)
    ]
    return conn.execute(SQL["known_returns"], {"rows": batches.rows(wanted), "program": context.program.id})


def any_parked(conn: Connection, program_id: str) -> Cursor[TupleRow]:
    """Ask whether any return waits for its sale."""
    return conn.execute(SQL["any_parked"], {"program": program_id})


def receipts(
    conn: Connection, holder_id: str, *, before: tuple[datetime, str] | None = None, limit: int = 20
) -> list[ReceiptView]:
    """Return a page of a member's receipts, newest first, before the row (at, id) when given."""
    at, id_ = before or (None, None)
    parameters = {"holder": holder_id, "before_at": at, "before_id": id_, "limit": limit}
    return [_view(row) for row in conn.execute(SQL["receipts_of"], parameters).fetchall()]


def latest(conn: Connection, program_id: str, *, limit: int = 10) -> list[ReceiptView]:
    """Return the receipts recorded last in a program."""
    parameters = {"program": program_id, "limit": limit}
    return [_view(row) for row in conn.execute(SQL["latest_receipts"], parameters).fetchall()]


def lines(conn: Connection, holder_id: str, receipt_ids: Sequence[str]) -> dict[str, list[LineView]]:
    """Return the lines of a member's receipts, by receipt, in order."""
    out: dict[str, list[LineView]] = {id_: [] for id_ in receipt_ids}
    cursor = conn.cursor(row_factory=args_row(LineView))
    for line in cursor.execute(SQL["lines_of"], {"holder": holder_id, "ids": list(receipt_ids)}).fetchall():
        out[line.receipt_id].append(line)
    return out


def returns(conn: Connection, receipt_ids: Sequence[str]) -> dict[str, list[ReturnView]]:
    """Return what came back of receipts, by receipt, in the order it was recorded."""
    out: dict[str, list[ReturnView]] = {}
    cursor = conn.cursor(row_factory=args_row(ReturnView))
    for one in cursor.execute(SQL["returns_of"], {"ids": list(receipt_ids)}).fetchall():
        out.setdefault(one.original_id, []).append(one)
    return out


def captured_since(conn: Connection, holders: Sequence[str], since: datetime) -> list[tuple[str, datetime]]:
    """Return the receipts of some members that were captured since a moment, each with its business time."""
    return conn.execute(SQL["captured_since"], {"holders": batches.rows(holders), "since": since}).fetchall()


def names(conn: Connection, ids: Sequence[str]) -> dict[str, ReceiptName]:
    """Return number and place of the receipts and returns of these ids; other operations' ids are absent.

    Ask for the operations behind a member's own transfers: what was merged came along with the points.
    """
    cursor = conn.cursor(row_factory=args_row(ReceiptName))
    parameters = {"ids": list(ids)}
    return {name.id: name for name in cursor.execute(SQL["receipt_names"], parameters).fetchall()}


def rung_up(conn: Connection, ids: Sequence[str]) -> dict[str, RungUp]:
    """Return where and by whom the receipts and returns of these ids were made; other operations' ids are absent."""
    if not ids:
        return {}
    cursor = conn.cursor(row_factory=args_row(RungUp))
    return {one.id: one for one in cursor.execute(SQL["rung_up"], {"ids": list(ids)}).fetchall()}


def last_zones(conn: Connection, holders: Sequence[str]) -> dict[str, str]:
    """Return the zone of the store where each member bought last; who never bought is absent."""
    if not holders:
        return {}
    return dict(conn.execute(SQL["last_zones"], {"holders": batches.rows(list(holders))}).fetchall())


def _view(row: Sequence[object]) -> ReceiptView:
    fields = dict(zip(ReceiptView.__struct_fields__, row, strict=True))
    return msgspec.convert({**fields, "fired": fields["fired"] or []}, ReceiptView)
