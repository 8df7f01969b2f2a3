"""The outbox: events written with the fact, read in order by as many readers as care, each with its cursor."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg.rows import class_row

from verno.kit.binary import columns
from verno.kit.db import Connection
from verno.kit.sql import Statements

SQL = Statements("verno.kit")

READ_LIMIT = 1000
"""Events handed to a reader in one transaction."""
LOST = 1_000_000_000
"""More events than the time that a restore takes away can have had: a thousand a second for eleven days.

Nine thousand million restores fit into a number of an event, which leaves the house as text.
"""


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event to write. ``type`` carries a version (``receipt.settled.v1``); fields are only ever added."""

    program_id: str
    holder_id: str | None
    type: str
    body: Mapping[str, object]
    at: datetime


class StoredEvent(NamedTuple):
    """An event as a reader gets it."""

    xid: str
    id: int
    program_id: str
    holder_id: str | None
    type: str
    body: dict[str, object]
    at: datetime


def append(conn: Connection, events: Sequence[NewEvent]) -> None:
    """Write events inside the caller's transaction."""
    if events:
        columns.execute(conn, SQL["append_events"], events)


def consume(
    conn: Connection,
    reader: str,
    handle: Callable[[Connection, Sequence[StoredEvent]], None],
    *,
    now: datetime,
    limit: int = READ_LIMIT,
) -> int:
    """Hand the next events to ``handle`` and move the reader's cursor, all in the caller's transaction.

    What ``handle`` writes through ``conn`` therefore happens exactly once per event. Returns how many events
    were read; 0 also when another process holds this reader.
    """
    conn.execute(SQL["add_cursor"], {"reader": reader})
    cursor = conn.execute(SQL["lock_cursor"], {"reader": reader}).fetchone()
    if cursor is None:
        return 0
    with conn.cursor(row_factory=class_row(StoredEvent)) as rows:
        rows.execute(SQL["read_events"], {"xid": cursor[0], "position": cursor[1], "limit": limit})
        events = rows.fetchall()
    if events:
        handle(conn, events)
        last = events[-1]
        conn.execute(SQL["move_cursor"], {"reader": reader, "xid": last.xid, "position": last.id, "now": now})
    return len(events)


def behind(conn: Connection) -> list[tuple[str, datetime]]:
    """Return the readers that have events to read, each with the moment of the first one."""
    return conn.execute(SQL["behind"]).fetchall()


def skip_lost(conn: Connection) -> None:
    """Leave out, as the owner, the numbers of events that were written after the moment that was restored.

    They were given out: receivers order a member's events by them, and would put aside those that came later with the
    same or lower numbers.
    """
    conn.execute(SQL["skip_lost"], {"lost": LOST})


def beat(conn: Connection, part: str, *, now: datetime) -> None:
    """Record that a long-running part is alive."""
    conn.execute(SQL["beat"], {"part": part, "now": now})


def last_beat(conn: Connection, part: str) -> datetime | None:
    """Return when a part last said that it is alive."""
    row = conn.execute(SQL["last_beat"], {"part": part}).fetchone()
    return row[0] if row else None
