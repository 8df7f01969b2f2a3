"""Waiting for what other tests hold up: the outbox reads below the oldest transaction of the whole server."""

import time

from verno.kit import db

PATIENCE = 60.0


def until_readable() -> None:
    """Wait until every event written so far lies below the oldest running transaction, other workers' included."""
    deadline = time.monotonic() + PATIENCE
    with db.transaction() as conn:
        while True:
            row = conn.execute(
                "SELECT coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) FROM kit_event"
            ).fetchone()
            if row == (True,):
                return
            assert time.monotonic() < deadline, "a transaction somewhere does not end"
            time.sleep(0.02)
