"""After a cancel: what is queued is withheld with its reason, stretch by stretch."""

from datetime import datetime, timedelta

from verno.kit import batches
from verno.kit.db import Connection
from verno.messaging.broadcasts.types import Broadcast
from verno.messaging.facts import SQL

STRETCH = 5_000
EVERY = timedelta(minutes=1)
"""How often it is asked whether what was being handed over has left, or come back."""


def sweep(conn: Connection, broadcast: Broadcast, *, now: datetime) -> int:
    """Take the next stretch back, in the caller's transaction; returns how many members it had, 0 when there is none.

    While a message of it is being handed over, it is not over: one that comes back would leave at its next turn.
    """
    conn.execute(SQL["by_key"])
    conn.execute(SQL["lock_shared"], {"id": broadcast.id})
    row = conn.execute(SQL["lock_cancelled"], {"id": broadcast.id}).fetchone()
    if row is None:
        return 0
    swept_to, looked_at = row
    asked = {"id": broadcast.id, "occasion": broadcast.occasion, "limit": STRETCH, "now": now}
    holders = _holders(conn, "next_recipients", asked | {"after": swept_to})
    if not holders and swept_to is not None and looked_at is not None and now < looked_at + EVERY:
        return 0
    _withhold(conn, asked, holders)
    is_last = len(holders) < STRETCH
    if is_last and not holders and swept_to is not None:
        holders = _holders(conn, "came_back", asked)
        _withhold(conn, asked, holders)
        is_over = len(holders) < STRETCH and not _is_leaving(conn, asked)
    else:
        swept_to = holders[-1] if holders else swept_to
        is_over = is_last and not _is_leaving(conn, asked)
    conn.execute(SQL["sweep_on"], asked | {"swept_to": swept_to, "is_over": is_over, "looked": is_last})
    return len(holders)


def _holders(conn: Connection, statement: str, asked: dict[str, object]) -> list[str]:
    return [holder for (holder,) in conn.execute(SQL[statement], asked).fetchall()]


def _withhold(conn: Connection, asked: dict[str, object], holders: list[str]) -> None:
    if holders:
        told = asked | {"holders": batches.rows(holders)}
        conn.execute(SQL["withhold_cancelled"], told)
        conn.execute(SQL["cancel_recipients"], told)


def _is_leaving(conn: Connection, asked: dict[str, object]) -> bool:
    return conn.execute(SQL["still_leaving"], asked).fetchone() is not None
