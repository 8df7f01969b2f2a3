"""Verbs of promotions."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions.queries import SQL
from verno.promotions.types import NotPublished, StoredRulebook
from verno.rules import checks, stored
from verno.rules.fields import Known
from verno.rules.types import Rulebook
from verno.workspace.types import Unit

NOTHING_KNOWN = Known()


def publish(
    conn: Connection,
    program_id: str,
    rulebook: Rulebook,
    *,
    units: Sequence[Unit],
    known: Known = NOTHING_KNOWN,
    effective_from: datetime,
    now: datetime,
) -> StoredRulebook | NotPublished:
    """Store a rulebook that holds from ``effective_from`` on, with what points of the ``units`` are worth now.

    ``known`` is what its conditions may name.
    """
    rulebook = valued(rulebook, units)
    reasons = checks.problems(rulebook, known, [unit.code for unit in units])
    if reasons:
        return NotPublished(tuple([str(one) for one in reasons]))
    id_ = new_id(now=now)
    row = conn.execute(
        SQL["publish"],
        {
            "id": id_,
            "program": program_id,
            "body": stored.write(rulebook),
            "effective_from": effective_from,
            "now": now,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    return StoredRulebook(id_, row[0], effective_from, rulebook)


def valued(rulebook: Rulebook, units: Sequence[Unit]) -> Rulebook:
    """Return a rulebook with the worth and the decimals of the program's units, which it keeps for ever."""
    return replace(
        rulebook,
        worth={unit.code: unit.spend_value for unit in units if unit.spend_value is not None},
        scales={unit.code: unit.scale for unit in units},
    )
