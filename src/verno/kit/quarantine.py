"""After a restore nothing leaves the house until a person says so: what was sent since the backup would leave twice.

The state is rows of the database. Whatever brings something out asks for them in the very statement that takes the
next things to send (``messaging/sql/send.sql``), so that no process has to be told. Nor does the worker listen at
providers (``wiring/chores.py``): what it hears is gone from there, and the house that works would miss it.
"""

from datetime import datetime
from typing import NamedTuple

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.kit.sql import Statements

SQL = Statements("verno.kit")


class Quarantine(NamedTuple):
    """Since when nothing leaves, and the moment that was restored."""

    since: datetime
    restored_to: datetime


def impose(conn: Connection, *, restored_to: datetime, now: datetime) -> None:
    """Let nothing leave any more; as the owner, before anything of ours runs on what was restored."""
    conn.execute(SQL["impose"], {"id": new_id(now=now), "to": restored_to, "now": now})


def standing(conn: Connection) -> Quarantine | None:
    """Return the quarantine that stands, or None."""
    row = conn.execute(SQL["standing"]).fetchone()
    return Quarantine(*row) if row else None


def release(conn: Connection, *, now: datetime) -> list[str]:
    """Let things leave again, in the caller's transaction; returns the ids of what was released."""
    return [id_ for (id_,) in conn.execute(SQL["release"], {"now": now}).fetchall()]
