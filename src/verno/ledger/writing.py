"""Writes what the planner decided, in one round trip whatever the batch's size."""

from collections.abc import Sequence
from functools import lru_cache
from typing import LiteralString

from msgspec import Struct

from verno.kit import batches
from verno.kit.binary import columns
from verno.kit.db import Connection
from verno.ledger.loading import SQL
from verno.ledger.planner import Plan


def write(conn: Connection, program_id: str, made: Plan) -> None:
    """Write a plan in the caller's transaction."""
    parts = {name: rows for name, rows in _parts(made).items() if rows}
    program = {"program": program_id}
    if len(made.operations) == 1:
        conn.execute(_together(tuple(parts)), {**program, **{name: batches.rows(rows) for name, rows in parts.items()}})
        return
    with conn.pipeline():
        for name, rows in parts.items():
            columns.execute(conn, SQL[name], rows, program)


def _parts(made: Plan) -> dict[str, Sequence[Struct]]:
    """Return the rows by the statement that writes them, in order. A statement's rows are a parameter of its name."""
    fresh_holds = {hold.id for hold in made.holds}
    return {
        "write_operations": made.operations,
        "write_transfers": made.transfers,
        "write_lots": made.lots,
        "change_lots": list(made.changed_lots.values()),
        "write_moves": made.moves,
        "write_holds": made.holds,
        "write_hold_lots": made.hold_lots,
        "end_holds": [hold for hold in made.ended_holds.values() if hold.id not in fresh_holds],
        "move_accounts": list(made.accounts.values()),
    }


@lru_cache(maxsize=64)
def _together(names: tuple[str, ...]) -> LiteralString:
    """Return several writes as one statement: for a single operation, statements are what it costs.

    It touches one member, so it stays on one shard.
    """
    parts = [f"{name} AS (\n{SQL[name]}\n)" for name in names[:-1]]
    # Made of this package's own statements and names: literal in the sense of PEP 675.
    return ("WITH " if parts else "") + ",\n".join(parts) + "\n" + SQL[names[-1]]
