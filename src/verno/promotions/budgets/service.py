"""The verb of budgets that the worker has: to forget what is long over."""

from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.promotions.queries import SQL

KEPT = timedelta(days=800)
"""Since a period began: a year's has been over for more than another by then. ``verify`` looks at younger ones."""
FORGET_LIMIT = 2000
"""Counters dropped in one transaction."""


def forget(conn: Connection, *, now: datetime, limit: int = FORGET_LIMIT) -> int:
    """Drop counters of periods that began 800 days ago and were not touched since; returns how many.

    A return that comes later hands back nothing that anybody could still take; what is counted for ever stays.
    """
    row = conn.execute(SQL["forget_budgets"], {"before": now - KEPT, "limit": limit}).fetchone()
    return int(row[0]) if row else 0
