"""Verbs of promotions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions.queries import SQL
from verno.promotions.types import NotPublished, StoredRulebook
from verno.rules import engine
from verno.rules.types import Rulebook


def publish(
    conn: Connection,
    program_id: str,
    rulebook: Rulebook,
    *,
    units: Sequence[str],
    effective_from: datetime,
    now: datetime,
) -> StoredRulebook | NotPublished:
    """Store a rulebook that holds from ``effective_from`` on. ``units`` are the program's unit codes."""
    reasons = engine.problems(rulebook, units)
    if reasons:
        return NotPublished(tuple(reasons))
    id_ = new_id(now=now)
    row = conn.execute(
        SQL["publish"],
        {
            "id": id_,
            "program": program_id,
            "body": msgspec.json.encode(rulebook).decode(),
            "effective_from": effective_from,
            "now": now,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    return StoredRulebook(id_, row[0], effective_from, rulebook)
