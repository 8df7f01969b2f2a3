"""A reader of the outbox that writes down whom each event is to be told, exactly once, however often it is killed."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import batches, db, outbox
from verno.kit.db import Connection
from verno.kit.outbox import StoredEvent
from verno.webhooks.queries import SQL
from verno.webhooks.types import TEST_EVENT

READER = "webhooks"


def step(*, now: datetime) -> int:
    """Write the next events' deliveries in one transaction; returns how many were read, 0 when none are there now."""
    with db.across_programs() as conn:  # a reader of the outbox reads every program's events
        return outbox.consume(conn, READER, lambda conn, events: _note(conn, events, now), now=now)


def _note(conn: Connection, events: Sequence[StoredEvent], now: datetime) -> None:
    rows = [
        {
            "xid": int(event.xid),
            "id": event.id,
            "program_id": event.program_id,
            "type": event.type,
            "at": event.at,
            "whom": event.body.get("webhook") if event.type == TEST_EVENT else None,
        }
        for event in events
    ]
    conn.execute(SQL["add_deliveries"], {"rows": batches.rows(rows), "now": now})
