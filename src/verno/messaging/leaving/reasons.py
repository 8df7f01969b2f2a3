"""Why people leave: withdrawals by topic, channel and reason, how much they had been sent, and what at last."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.types import Departure
from verno.messaging.facts import SQL

BEFORE = timedelta(days=30)
MOST = 20_000
"""Departures that one report looks at; of more, the newest."""
MOST_WORDS = 30
MOST_BROADCASTS = 20


class Group(msgspec.Struct, frozen=True):
    """Those who left a topic on a channel for one reason ('' for none given), and the messages that they had got."""

    topic: str
    channel: str
    reason: str
    members: int
    messages: int


class Last(msgspec.Struct, frozen=True):
    """Those who left after a broadcast on that topic and channel, the last one that they had got in the 30 days before.

    ``audience``: ``everybody``, ``list`` or ``condition``.
    """

    broadcast_id: str
    name: str
    audience: str
    reason: str
    members: int


class Report(msgspec.Struct, frozen=True):
    """The groups, the largest first; (topic, channel, words) of those who said more, the newest first."""

    groups: tuple[Group, ...]
    broadcasts: tuple[Last, ...]
    words: tuple[tuple[str, str, str], ...]
    full: bool


def report(conn: Connection, program_id: str, since: datetime, until: datetime) -> Report:
    """Return why people left from ``since`` until before ``until``."""
    found = members.departures(conn, program_id, since, until, most=MOST)
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    words: dict[tuple[str, str], tuple[str, str, str]] = {}
    after: Counter[tuple[str, str, str, str]] = Counter()
    for chunk in batches.batched(found, batches.MAX_BATCH):
        last = _last(conn, program_id, chunk)
        for n, (one, messages) in enumerate(zip(chunk, _pressure(conn, chunk), strict=True)):
            code, _, said = (one.reason or "").partition(": ")
            if n in last:
                after[*last[n], code] += 1
            key = (one.topic, one.channel, code)
            before = sums.get(key, (0, 0))
            sums[key] = (before[0] + 1, before[1] + messages)
            if said and len(words) < MOST_WORDS:
                words.setdefault((one.holder_id, said), (one.topic, one.channel, said))
    groups = [Group(*key, *figures) for key, figures in sums.items()]
    groups.sort(key=lambda one: (-one.members, one.topic, one.channel, one.reason))
    lasts = [Last(*key, times) for key, times in after.most_common(MOST_BROADCASTS)]
    return Report(tuple(groups), tuple(lasts), tuple(words.values()), len(found) == MOST)


def _last(conn: Connection, program_id: str, departures: Sequence[Departure]) -> dict[int, tuple[str, str, str]]:
    """Return (id, name, audience) of the last broadcast before each departure, by its place; few have none."""
    rows = [
        {
            "n": n,
            "holder_id": one.holder_id,
            "topic": one.topic,
            "channel": one.channel,
            "since": one.at - BEFORE,
            "until": one.at,
        }
        for n, one in enumerate(departures)
    ]
    asked = {"rows": batches.rows(rows), "program": program_id}
    return {n: (id_, name, kind) for n, id_, name, kind in conn.execute(SQL["last_broadcasts"], asked).fetchall()}


def _pressure(conn: Connection, departures: Sequence[Departure]) -> list[int]:
    rows = [
        {"n": n, "holder_id": one.holder_id, "since": one.at - BEFORE, "until": one.at}
        for n, one in enumerate(departures)
    ]
    found: dict[int, int] = dict(conn.execute(SQL["pressure"], {"rows": batches.rows(rows)}).fetchall())
    return [found.get(n, 0) for n in range(len(departures))]
