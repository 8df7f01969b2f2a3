"""Reads of promotions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.promotions.types import StoredRulebook
from verno.rules.types import Rulebook

SQL = Statements("verno.promotions")


def rulebooks(conn: Connection, program_id: str) -> list[StoredRulebook]:
    """Return a program's rulebooks, the one that holds latest first."""
    found = conn.execute(SQL["rulebooks"], {"program": program_id}).fetchall()
    return [
        StoredRulebook(id_, version, effective_from, msgspec.convert(body, Rulebook))
        for id_, version, body, effective_from in found
    ]


def at(books: Sequence[StoredRulebook], moment: datetime) -> StoredRulebook | None:
    """Return the rulebook that holds at ``moment``; ``books`` is sorted as ``rulebooks`` returns it."""
    for book in books:
        if book.effective_from <= moment:
            return book
    return None
