"""Who called a message spam, and has not come back by an act of their own since."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.queries import SQL

Matter: TypeAlias = tuple[str, str, str]
"""(member, topic, channel)."""


def standing(conn: Connection, program_id: str, matters: Collection[Matter]) -> set[Matter]:
    """Return on which matters a complaint stands: a yes by anybody but the member counts for nothing there."""
    if not matters:
        return set()
    rows = [{"holder_id": holder, "topic": topic, "channel": channel} for holder, topic, channel in sorted(matters)]
    return set(conn.execute(SQL["complaints"], {"program": program_id, "rows": batches.rows(rows)}).fetchall())


def complainers(conn: Connection, holder_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Return (member, channel) of those who complained there, and came back to nothing by themselves."""
    return set(conn.execute(SQL["complainers"], {"ids": batches.rows(list(holder_ids))}).fetchall())


def came_back(conn: Connection, channel: str, since: Mapping[str, datetime]) -> set[tuple[str, str]]:
    """Return (member, topic) of what members agreed to by themselves on a channel, after a moment of each."""
    rows = [{"holder_id": holder, "since": at} for holder, at in sorted(since.items())]
    return set(conn.execute(SQL["came_back"], {"channel": channel, "rows": batches.rows(rows)}).fetchall())
