"""Reads of sealing: where a chain ends, stretches of history, heads and their snapshots."""

from collections.abc import Mapping
from typing import LiteralString, NamedTuple

from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.sealing import chain, heads
from verno.sealing.types import Book, Head, Owner, Position, Stretch, Tip

SQL = Statements("verno.sealing")


class Statement(NamedTuple):
    """The statements of one book, by what they do."""

    tip: LiteralString
    stretch: LiteralString
    add: LiteralString
    blocks: LiteralString
    by_id: LiteralString
    ahead: LiteralString


OF: Mapping[Book, Statement] = {
    Book.TRANSFERS: Statement(
        SQL["tip"], SQL["stretch"], SQL["add_block"], SQL["blocks"], SQL["transfers_by_id"], SQL["transfers_ahead"]
    ),
    Book.CONSENTS: Statement(
        *(SQL["consent_tip"], SQL["consent_stretch"], SQL["add_consent_block"]),
        *(SQL["consent_blocks"], SQL["consents_by_id"], SQL["consents_ahead"]),
    ),
}


def tip(conn: Connection, program_id: str, book: Book = Book.TRANSFERS) -> Tip:
    """Return where a program's chain ends; ``chain.GENESIS`` before the first block."""
    row = conn.execute(OF[book].tip, {"program": program_id}).fetchone()
    if row is None:
        return chain.GENESIS
    number, total, txid, id_, digest = row
    return Tip(number, total, Position(txid, id_), digest)


def stretch(
    conn: Connection,
    program_id: str,
    after: Position,
    through: Position,
    *,
    limit: int | None,
    book: Book = Book.TRANSFERS,
) -> Stretch:
    """Return a book's rows after one position and through another, those whose place in history is certain."""
    parameters = {
        "program": program_id,
        "after_txid": after.txid,
        "after_id": after.id,
        "through_txid": through.txid,
        "through_id": through.id,
        "limit": limit,
    }
    cursor = conn.cursor(binary=True, row_factory=args_row(Stretch))
    found = cursor.execute(OF[book].stretch, parameters).fetchone()
    return found or Stretch(b"", b"", b"")


def horizon(conn: Connection) -> tuple[int, int]:
    """Return the transaction id below which all are over, and the one above all that are over."""
    row = conn.execute(SQL["horizon"]).fetchone()
    return row or (0, 0)


def head(conn: Connection, program_id: str, number: int | None = None) -> Head | None:
    """Return a program's head by number, or its newest one."""
    row = conn.execute(SQL["head"], {"program": program_id, "number": number}).fetchone()
    return heads.parse(row[0]) if row else None


def closing_head(conn: Connection, program_id: str) -> Head | None:
    """Return the newest head that closed a day."""
    row = conn.execute(SQL["closing_head"], {"program": program_id}).fetchone()
    return heads.parse(row[0]) if row else None


def snapshot(conn: Connection, program_id: str, number: int) -> bytes | None:
    """Return the compressed balances behind a head; None when they are not kept any more."""
    row = conn.cursor(binary=True).execute(SQL["snapshot"], {"program": program_id, "number": number}).fetchone()
    return row[0] if row else None


def untold(conn: Connection, program_id: str, since: object) -> tuple[Head, list[Owner]] | None:
    """Return the newest head that closed a day after ``since`` with the owners who were not sent it yet."""
    rows = conn.execute(SQL["untold"], {"program": program_id, "since": since}).fetchall()
    if not rows:
        return None
    return heads.parse(rows[0][1]), [Owner(*row[2:]) for row in rows]
