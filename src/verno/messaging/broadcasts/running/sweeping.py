"""After a cancel: what is queued is withheld with its reason, stretch by stretch."""

from datetime import datetime

from verno.kit import batches
from verno.kit.db import Connection
from verno.messaging.broadcasts.types import Broadcast
from verno.messaging.facts import SQL

STRETCH = 5_000


def sweep(conn: Connection, broadcast: Broadcast, *, now: datetime) -> int:
    """Take the next stretch back, in the caller's transaction; returns how many members it had, 0 when it is over."""
    conn.execute(SQL["by_key"])
    conn.execute(SQL["lock_shared"], {"id": broadcast.id})
    row = conn.execute(SQL["lock_cancelled"], {"id": broadcast.id}).fetchone()
    if row is None:
        return 0
    parameters = {"id": broadcast.id, "after": row[0], "limit": STRETCH}
    holders = [holder for (holder,) in conn.execute(SQL["next_recipients"], parameters).fetchall()]
    told = {"id": broadcast.id, "holders": batches.rows(holders), "occasion": broadcast.occasion, "now": now}
    if holders:
        conn.execute(SQL["withhold_cancelled"], told)
        conn.execute(SQL["cancel_recipients"], told)
    is_over = len(holders) < STRETCH
    swept_to = holders[-1] if holders else row[0]
    conn.execute(SQL["sweep_on"], {"id": broadcast.id, "swept_to": swept_to, "is_over": is_over, "now": now})
    return len(holders)
