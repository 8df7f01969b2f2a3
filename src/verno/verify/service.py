"""Run all checks on one snapshot of the database."""

import time

from psycopg.pq import TransactionStatus
from psycopg.rows import scalar_row

from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.verify.types import Problem, Report

SQL = Statements("verno.verify")

SHOWN = 20
"""Problems listed of one check; more of a kind rarely tell more, and all are counted."""

CHECKS = (
    "account_balance",
    "account_debt",
    "account_lots",
    "account_next_change",
    "account_plain",
    "account_clearing",
    "transfer_sides",
    "transfer_operation",
    "transfer_moves",
    "transfer_reverses",
    "transfer_recovers",
    "lot_source",
    "lot_remaining",
    "lot_held",
    "lot_move_ends",
    "lot_restores",
    "lot_spent_in_life",
    "lot_expired_in_time",
    "hold_lots",
    "hold_ended",
    "receipt_claim",
    "receipt_points",
    "receipt_holder",
    "receipt_lines",
    "receipt_steps",
    "return_points",
    "budget_sums",
    "budget_uses",
    "progress_counts",
    "progress_tiers",
    "statement_balance",
    "statement_opening",
)
"""The checks in the order they run: each the name of a statement in ``sql/`` that returns what is wrong."""


def run(conn: Connection) -> Report:
    """Check everything in one repeatable-read, read-only transaction, so that work at the till goes on meanwhile.

    Inside a transaction of the caller's its own snapshot is used, and the caller ends it.
    """
    started = time.monotonic()
    ours = conn.info.transaction_status == TransactionStatus.IDLE
    if ours:
        conn.execute(SQL["begin_snapshot"])
    try:
        conn.execute(SQL["be_generous"])
        found = [problem for check in CHECKS for problem in _check(conn, check)]
        checked = counts(conn)
    finally:
        if ours:
            conn.rollback()
    return Report(
        checked=checked,
        problems=tuple(problem for _, problem in found),
        totals={problem.check: total for total, problem in found},
        seconds=round(time.monotonic() - started, 3),
    )


def counts(conn: Connection) -> dict[str, int]:
    """Return how much there is to check, as ``run`` tells it."""
    return conn.cursor(row_factory=scalar_row).execute(SQL["counts"]).fetchone() or {}


def _check(conn: Connection, check: str) -> list[tuple[int, Problem]]:
    rows = conn.execute(SQL[check], {"shown": SHOWN}).fetchall()
    return [(total, Problem(check.replace("_", "-"), what, where)) for total, what, where in rows]
