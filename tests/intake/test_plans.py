"""Every statement of a batch goes by key, whatever the planner believes of empty tables (docs/adr/0009)."""

import re

import pytest

from verno.intake.queries import SQL
from verno.kit import db

TYPES = {
    "rows": "json",
    "program": "uuid",
    "status": "text",
    "now": "timestamptz",
    "ids": "uuid[]",
    "limit": "int",
    "id": "uuid",
    "place": "uuid",
    "series": "text",
    "number": "text",
    "code": "text",
}
ARGUMENTS = {"rows": "'[]'", "program": "gen_random_uuid()", "status": "'settled'", "now": "now()", "limit": "10"}
BATCHES = [
    *("known_receipts", "any_parked", "known_returns", "lock_sold", "sold_lines", "sold_steps", "sold_returns"),
    *("move_on", "add_steps", "add_claimed", "own_numbers", "claimed_numbers", "add_claims", "add_returns"),
    *("add_parked", "parked_for", "unpark", "parked_and_there"),
]
BY_HOLDER = "intake_receipt_story"
"""The index of a holder's receipts by time: long for a place's anonymous holder."""


def plan(conn: db.Connection, name: str) -> str:
    """Return the generic plan of a statement."""
    text = str(SQL[name])
    asked = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    for i, one in enumerate(asked, 1):
        text = text.replace(f"%({one})s", f"${i}")
    conn.execute(f"PREPARE {name}_plan ({', '.join(TYPES[one] for one in asked)}) AS {text}")
    arguments = ", ".join(ARGUMENTS.get(one, "NULL") for one in asked)
    rows = conn.execute(f"EXPLAIN (COSTS OFF) EXECUTE {name}_plan ({arguments})").fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("name", [*BATCHES, "one_return"])
def test_statements_of_a_batch_look_up_by_key(database: str, name: str) -> None:
    with db.connect_for_batches() as conn:
        found = plan(conn, name)
    for unwanted in ("Seq Scan", "Hash Join", "Merge Join", BY_HOLDER):
        assert unwanted not in found, found
    assert not re.search(r"Index Cond: \(program_id = \$\d+\)\n\s+Filter: \(\(?id", found), found


def test_every_statement_with_rows_is_among_them() -> None:
    assert {name for name in SQL.names() if "%(rows)s" in SQL[name]} <= set(BATCHES)
