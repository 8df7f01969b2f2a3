"""Reads of promotions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.promotions.types import StoredRulebook
from verno.rules import stored

SQL = Statements("verno.promotions")
NONE: Mapping[str, StoredRulebook] = {}


def rulebooks(conn: Connection, program_id: str, *, known: Mapping[str, StoredRulebook] = NONE) -> list[StoredRulebook]:
    """Return a program's rulebooks, the one that holds latest first; those that are ``known`` by id are not read again.

    What was published is never changed.
    """
    parameters = {"program": program_id, "known": list(known)}
    found = conn.execute(SQL["rulebooks"], parameters).fetchall()
    return [
        known[id_] if body is None else StoredRulebook(id_, version, effective_from, stored.read(body))
        for id_, version, body, effective_from in found
    ]


def at(books: Sequence[StoredRulebook], moment: datetime) -> StoredRulebook | None:
    """Return the rulebook that holds at ``moment``; ``books`` is sorted as ``rulebooks`` returns it."""
    for book in books:
        if book.effective_from <= moment:
            return book
    return None
