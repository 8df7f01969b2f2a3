"""Writes what the planner decided, in one round trip whatever the batch's size."""

from collections import ChainMap
from collections.abc import Sequence
from functools import lru_cache
from typing import LiteralString

from verno.kit import batches
from verno.kit.binary.columns import bigints, hexes, moments, new_uuids, texts, uuids, words
from verno.kit.db import Connection
from verno.ledger.loading import SQL
from verno.ledger.planner import Plan
from verno.ledger.types import Lot, LotMove, OperationRow, Transfer


def write(conn: Connection, program_id: str, made: Plan) -> None:
    """Write a plan in the caller's transaction."""
    filled = {name: values for name, values in _parts(made).items() if values}
    program = {"program": program_id}
    if len(made.operations) == 1:
        conn.execute(_together(tuple(filled)), {**program, **ChainMap(*filled.values())})
        return
    with conn.pipeline():
        for name, values in filled.items():
            conn.execute(SQL[name], program | values)


def _parts(made: Plan) -> dict[str, dict[str, object]]:
    """Return the parameters of each statement, in their order; none for one that has nothing to write."""
    fresh_holds = {hold.id for hold in made.holds}
    return {
        "write_operations": _operations(made.operations),
        "write_transfers": _transfers(made.transfers),
        "write_lots": _lots(made.lots),
        "change_lots": _rows("change_lots", list(made.changed_lots.values())),
        "write_moves": _moves(made.moves),
        "write_holds": _rows("write_holds", made.holds),
        "write_hold_lots": _rows("write_hold_lots", made.hold_lots),
        "end_holds": _rows("end_holds", [hold for hold in made.ended_holds.values() if hold.id not in fresh_holds]),
        "move_accounts": _rows("move_accounts", list(made.accounts.values())),
    }


@lru_cache(maxsize=64)
def _together(names: tuple[str, ...]) -> LiteralString:
    """Return several writes as one statement: for a single operation, statements are what it costs.

    It touches one member, so it stays on one shard.
    """
    parts = [f"{name} AS (\n{SQL[name]}\n)" for name in names[:-1]]
    # Made of this package's own statements and names: literal in the sense of PEP 675.
    return ("WITH " if parts else "") + ",\n".join(parts) + "\n" + SQL[names[-1]]


def _rows(name: str, rows: Sequence[object]) -> dict[str, object]:
    """Return few rows, changed ones mostly, as JSON under the statement's name."""
    return {name: batches.rows(rows)} if rows else {}


def _operations(rows: Sequence[OperationRow]) -> dict[str, object]:
    if not rows:
        return {}
    return {
        "operation.key": texts([row.key for row in rows]),
        "operation.id": new_uuids([row.id for row in rows]),
        "operation.holder": uuids([row.holder_id for row in rows]),
        "operation.fingerprint": hexes([row.fingerprint for row in rows]),
    }


def _transfers(rows: Sequence[Transfer]) -> dict[str, object]:
    if not rows:
        return {}
    return {
        "transfer.holder": uuids([row.holder_id for row in rows]),
        "transfer.id": new_uuids([row.id for row in rows]),
        "transfer.unit": uuids([row.unit_id for row in rows]),
        "transfer.debit": uuids([row.debit_account_id for row in rows]),
        "transfer.credit": uuids([row.credit_account_id for row in rows]),
        "transfer.amount": bigints([row.amount for row in rows]),
        "transfer.kind": words([row.kind for row in rows]),
        "transfer.reason": words([row.reason for row in rows]),
        "transfer.at": moments([row.at for row in rows]),
        "transfer.recorded_at": moments([row.recorded_at for row in rows]),
        "transfer.operation": new_uuids([row.operation_id for row in rows]),
        "transfer.reverses": new_uuids([row.reverses_id for row in rows]),
    }


def _lots(rows: Sequence[Lot]) -> dict[str, object]:
    if not rows:
        return {}
    return {
        "lot.holder": uuids([row.holder_id for row in rows]),
        "lot.id": new_uuids([row.id for row in rows]),
        "lot.account": uuids([row.account_id for row in rows]),
        "lot.amount": bigints([row.amount for row in rows]),
        "lot.remaining": bigints([row.remaining for row in rows]),
        "lot.held": bigints([row.held for row in rows]),
        "lot.active_from": moments([row.active_from for row in rows]),
        "lot.expires_at": moments([row.expires_at for row in rows]),
        "lot.awaits": words([row.awaits for row in rows]),
        "lot.restores": new_uuids([row.restores_id for row in rows]),
    }


def _moves(rows: Sequence[LotMove]) -> dict[str, object]:
    if not rows:
        return {}
    return {
        "move.holder": uuids([row.holder_id for row in rows]),
        "move.lot": new_uuids([row.lot_id for row in rows]),
        "move.transfer": new_uuids([row.transfer_id for row in rows]),
        "move.amount": bigints([row.amount for row in rows]),
    }
