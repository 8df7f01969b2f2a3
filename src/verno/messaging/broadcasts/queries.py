"""Reads of broadcasts: which there are, where each stands. What they brought is in ``results``."""

from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.messaging.broadcasts import reading
from verno.messaging.broadcasts.types import Broadcast, NewBroadcast, Progress, RecipientState, Version
from verno.messaging.facts import SQL

PAGE = 50


def broadcasts(
    conn: Connection,
    program_id: str,
    *,
    state: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = PAGE,
) -> list[Broadcast]:
    """Return a page of a program's broadcasts, the newest first, before the row (created_at, id) when given."""
    at, id_ = before or (None, None)
    return reading.broadcasts(
        conn,
        "broadcasts",
        {"program": program_id, "state": state, "before_at": at, "before_id": id_, "limit": limit},
    )


def broadcast(conn: Connection, program_id: str, broadcast_id: str) -> Broadcast | None:
    """Return one broadcast, or None."""
    if not is_id(broadcast_id):
        return None
    found = reading.broadcasts(conn, "broadcast", {"program": program_id, "id": broadcast_id})
    return found[0] if found else None


def versions(conn: Connection, program_id: str, broadcast_id: str) -> list[Version]:
    """Return the edits of a broadcast, the newest first."""
    rows = conn.execute(SQL["broadcast_versions"], {"program": program_id, "id": broadcast_id}).fetchall()
    return [
        Version(version, msgspec.convert(wanted, NewBroadcast, strict=False), at, by)
        for version, wanted, at, by in rows
    ]


def progress(conn: Connection, program_id: str, broadcast_id: str) -> Progress:
    """Return the frozen audience by state, counted from its rows."""
    rows = conn.execute(SQL["recipient_counts"], {"program": program_id, "id": broadcast_id}).fetchall()
    by_state: dict[str, int] = {}
    withheld: dict[str, int] = {}
    written = 0
    for state, reason, is_written, count in rows:
        by_state[state] = by_state.get(state, 0) + count
        if state == RecipientState.WITHHELD:
            withheld[reason or ""] = withheld.get(reason or "", 0) + count
        written += count if is_written else 0
    return Progress(by_state, withheld, written)
