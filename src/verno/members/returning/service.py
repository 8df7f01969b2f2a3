"""Remembering, for a time, that an address was a member's who was erased: a welcome gift is given once.

Nothing but a hash is kept, under a key of its own: it is compared with nothing else, and finds nobody. Whoever joins
with such an address wears the badge ``returned`` as long as the memory lasts; rules ask for the badge.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.kit import batches, secrets
from verno.kit.db import Connection
from verno.members.queries import SQL

BADGE = "returned"
SOURCE = "erasure"
KINDS = ("email", "phone")
"""A card is the house's own: a new one is another."""


def remember(conn: Connection, program_id: str, holder_ids: Sequence[str], *, days: int, now: datetime) -> int:
    """Keep the hashes of members who are about to be erased for so many days; returns how many, none for 0 days."""
    if not days:
        return 0
    asked = {"ids": batches.rows(list(holder_ids)), "kinds": list(KINDS)}
    found = [digest for (digest,) in conn.execute(SQL["leaving_hashes"], asked).fetchall()]
    rows = [{"hash": mark(program_id, digest)} for digest in found]
    until = now + timedelta(days=days)
    conn.execute(SQL["remember_gone"], {"program": program_id, "until": until, "rows": batches.rows(rows)})
    return len(rows)


def forget(conn: Connection, *, now: datetime) -> int:
    """Drop what is remembered long enough; returns how many hashes went."""
    return conn.execute(SQL["forget_gone"], {"now": now}).rowcount


def mark(program_id: str, digest: str) -> str:
    """Return the hex hash that is kept of an address, of the one that it is found by."""
    return secrets.mac("tombstone", f"{program_id}\0{digest}".encode()).hex()
