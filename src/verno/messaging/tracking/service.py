"""Verbs of tracking: count what a reader did, and find where a link leads."""

from datetime import datetime

from verno.kit import db
from verno.kit.db import Connection
from verno.messaging.facts import SQL
from verno.messaging.tracking.links import Followed, Short
from verno.messaging.types import State

MOST_URL = 2000


def named(short: Short) -> Followed | None:
    """Return what a text's short link names; None where the message is gone."""
    with db.across_programs() as conn:  # it names neither its program nor its member
        rows = conn.execute(SQL["texted_message"], {"tail": short.tail}).fetchall()
    # Of two that end alike nobody can know which is meant.
    if len(rows) != 1:
        return None
    program_id, holder_id, message_id = rows[0]
    return Followed(program_id, holder_id, message_id, short.link)


def destination(conn: Connection, followed: Followed) -> str | None:
    """Return where a link of a message leads: an address of the version that it was written from; None when nowhere."""
    asked = {"holder": followed.holder_id, "id": followed.message_id, "link": followed.link}
    row = conn.execute(SQL["destination"], asked).fetchone()
    return row[0] if row else None


def click(conn: Connection, followed: Followed, url: str, *, now: datetime) -> None:
    """Count that a link was followed."""
    asked = {
        "program": followed.program_id,
        "holder": followed.holder_id,
        "id": followed.message_id,
        "link": followed.link,
        "url": url[:MOST_URL],
        "state": State.CLICKED,
        "now": now,
    }
    conn.execute(SQL["count_click"], asked)
    conn.execute(SQL["note_reading"], asked)


def opening(conn: Connection, followed: Followed, *, now: datetime) -> None:
    """Count that a pixel was fetched: unreliable, since some mail programs always fetch it and many never do."""
    asked = {
        "program": followed.program_id,
        "holder": followed.holder_id,
        "id": followed.message_id,
        "state": State.OPENED,
        "now": now,
    }
    if conn.execute(SQL["count_opening"], asked).rowcount:
        conn.execute(SQL["note_reading"], asked)
