"""Reads of promotions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.promotions.types import Pause, Paused, Standing, StoredRulebook
from verno.rules import stored

SQL = Statements("verno.promotions")
NONE: Mapping[str, StoredRulebook] = {}


def rulebooks(conn: Connection, program_id: str, *, known: Mapping[str, StoredRulebook] = NONE) -> list[StoredRulebook]:
    """Return a program's rulebooks, the one that holds latest first; of those ``known`` by id no body is read again.

    What was published is never changed, but it may have been withdrawn: ``at`` leaves those out.
    """
    parameters = {"program": program_id, "known": list(known)}
    found = conn.execute(SQL["rulebooks"], parameters).fetchall()
    return [
        msgspec.structs.replace(known[row[0]], withdrawn_at=row[-1]) if row[2] is None else _rulebook(*row)
        for row in found
    ]


def versions(conn: Connection, program_id: str) -> dict[int, bool]:
    """Return the versions of a program's rulebooks, without the books, and of each whether it was not taken back."""
    return dict(conn.execute(SQL["versions"], {"program": program_id}).fetchall())


def at(books: Sequence[StoredRulebook], moment: datetime) -> StoredRulebook | None:
    """Return the rulebook that holds at ``moment``; ``books`` is sorted as ``rulebooks`` returns it."""
    for book in books:
        if book.effective_from <= moment and book.withdrawn_at is None:
            return book
    return None


def live(books: Sequence[StoredRulebook], now: datetime) -> list[StoredRulebook]:
    """Return the rulebook that holds now, and before it those that will."""
    present = at(books, now)
    return [one for one in books if one is present or (one.effective_from > now and one.withdrawn_at is None)]


def version(books: Sequence[StoredRulebook], number: int) -> StoredRulebook | None:
    """Return the rulebook of a version."""
    return next((book for book in books if book.version == number), None)


def standing(book: StoredRulebook, books: Sequence[StoredRulebook], now: datetime) -> Standing:
    """Return what of a version of ``books``."""
    if book.withdrawn_at is not None:
        return Standing.WITHDRAWN
    if book.effective_from > now:
        return Standing.SCHEDULED
    return Standing.HOLDS if at(books, now) is book else Standing.PAST


def pauses(conn: Connection, program_id: str) -> tuple[Pause, ...]:
    """Return what is paused now, in the order in which it was."""
    cursor = conn.cursor(row_factory=args_row(_pause))
    return tuple(cursor.execute(SQL["pauses"], {"program": program_id}).fetchall())


def _rulebook(
    id_: str,
    version_: int,
    body: object,
    effective_from: datetime,
    title: str,
    published_at: datetime,
    withdrawn_at: datetime | None,
) -> StoredRulebook:
    return StoredRulebook(id_, version_, effective_from, stored.read(body), title, published_at, withdrawn_at)


def _pause(kind: str, code: str, paused_at: datetime, by: str) -> Pause:
    return Pause(Paused(kind), code, paused_at, by)
