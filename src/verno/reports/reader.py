"""A reader of the outbox that counts receipts by month, exactly once each, however often it is killed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit import batches, db, outbox
from verno.kit.db import Connection
from verno.kit.outbox import StoredEvent
from verno.kit.sql import Statements

SQL = Statements("verno.reports")

READER = "reports"
SETTLED = "receipt.settled.v1"
UNMATCHED = "receipt.unmatched.v1"
CLAIMED = "receipt.claimed.v1"
"""A receipt of nobody has found its member: it was counted when it came, its points are new."""


class ReceiptFacts(msgspec.Struct, frozen=True, gc=False):
    """The part of a receipt's event that is counted; what later versions add is not looked at."""

    month: str
    amount: int
    points: dict[str, int] = {}


def step(*, now: datetime) -> int:
    """Count the next events in one transaction; returns how many were read, 0 when there are none for now."""
    with db.across_programs() as conn:  # a reader of the outbox reads every program's events
        return outbox.consume(conn, READER, count, now=now)


def count(conn: Connection, events: Sequence[StoredEvent]) -> None:
    """Add receipts to their months, one row a month however many events."""
    months: dict[tuple[str, str], dict[str, int]] = {}
    for event in events:
        if event.type not in (SETTLED, UNMATCHED, CLAIMED):
            continue
        facts = msgspec.convert(event.body, ReceiptFacts)
        month = months.setdefault(
            (event.program_id, facts.month), {"receipts": 0, "unmatched": 0, "amount": 0, "points": 0}
        )
        month["points"] += sum(facts.points.values())
        if event.type == CLAIMED:
            month["unmatched"] -= 1
            continue
        month["receipts"] += 1
        month["unmatched"] += event.type == UNMATCHED
        month["amount"] += facts.amount
    if months:
        rows = [{"program_id": program, "month": month, **sums} for (program, month), sums in months.items()]
        conn.execute(SQL["add_months"], {"rows": batches.rows(rows)})
