"""Moments to leave at, booked in the database: each message of a paced channel gets one of its own.

A row a channel says when the provider is free again; whoever claims n messages moves it on by n steps, and lets each
leave at its step. So any number of workers keeps one pace, evenly, without counting. What may wait books half a second
ahead at most, what cannot wait goes behind that: a crowd costs a code half a second, however many workers it has.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import ceil

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.messaging.facts import SQL

AHEAD_SECONDS: Mapping[bool, float] = {False: 0.5, True: 5.0}
"""How far ahead messages are booked, those of the urgent lane (True) and the others."""
SHORTEST_WAIT = 0.05
MOST_HOLD_SECONDS = 86_400
"""A provider that wants to be left alone for more than a day has made a slip: somebody asks again after so long."""
FORGET_LIMIT = 10_000
HOLD = "hold"
"""Where a channel keeps until when it is held; addresses have keyed hashes in this place."""

Weighed = tuple[str, int]
"""A message to book for: its address's keyed hash, and the parts that the provider counts."""


class Pace(msgspec.Struct, frozen=True):
    """A channel's pace: messages a second from all workers, None for as many as come; the rest of one address."""

    channel: str
    per_second: int | None = None
    address_seconds: float = 0.0


def room(conn: Connection, pace: Pace, *, urgent: bool) -> tuple[int | None, float]:
    """Return how many parts may be booked now, None for any number; and, of none, after how many seconds to ask.

    The provider's row stays locked until the caller commits, so that two do not take the same room.
    """
    row = conn.execute(SQL["pace_ahead"], {"key": pace.channel}).fetchone()
    ahead = max(float(row[0]), 0.0) if row else 0.0
    if pace.per_second is None:
        return (None, 0.0) if ahead == 0 else (0, max(ahead, SHORTEST_WAIT))
    left = AHEAD_SECONDS[urgent] - ahead
    if left > 0:
        return ceil(left * pace.per_second), 0.0
    return 0, max(ahead - AHEAD_SECONDS[urgent] / 2, SHORTEST_WAIT)


def book(conn: Connection, pace: Pace, messages: Sequence[Weighed]) -> list[float]:
    """Book a moment for each message; returns in how many seconds each comes, in order.

    A message takes as many steps as it has parts. Two messages to one address keep its rest between them. One round
    trip. The rows stay locked until the caller commits, which is at once.
    """
    steps: dict[str, float] = {}
    wanted: Counter[str] = Counter()
    if pace.per_second is not None:
        steps[pace.channel] = 1 / pace.per_second
        wanted[pace.channel] = sum(parts for _, parts in messages)
    if pace.address_seconds:
        for address, _ in messages:
            key = _key(pace, address)
            steps[key] = pace.address_seconds
            wanted[key] += 1
    if not messages or not wanted:
        return [0.0] * len(messages)
    rows = [{"key": key, "seconds": steps[key] * wanted[key]} for key in sorted(wanted)]
    found = conn.execute(SQL["book_pace"], {"rows": batches.rows(rows)}).fetchall()
    free = {key: float(until) - steps[key] * wanted[key] for key, until in found}
    out: list[float] = []
    for address, parts in messages:
        moments = [0.0]
        for key, taken in ((pace.channel, parts), (_key(pace, address), 1)):
            if key in free:
                moments.append(free[key])
                free[key] += steps[key] * taken
        out.append(max(moments))
    return out


def hold(conn: Connection, channel: str, seconds: int) -> None:
    """Let nobody ask a provider for so long: it said that we are too fast.

    Nothing is booked before, and what was booked already asks once more (``held``) before it leaves.
    """
    for key in (channel, f"{channel}/{HOLD}"):
        conn.execute(SQL["hold_pace"], {"key": key, "seconds": min(seconds, MOST_HOLD_SECONDS)})


def held(conn: Connection, channel: str) -> Callable[[], float]:
    """Ask for how many seconds more a provider wants to be left alone; the answer is read when it is called for.

    So whoever pipelines waits for it no longer than for the next answer.
    """
    asked = conn.execute(SQL["pace_held"], {"key": f"{channel}/{HOLD}"})

    def answer() -> float:
        row = asked.fetchone()
        return max(float(row[0]), 0.0) if row else 0.0

    return answer


def holds(conn: Connection) -> list[tuple[str, datetime]]:
    """Return the channels whose providers want to be left alone for more than a minute, and until when."""
    return conn.execute(SQL["pace_holds"]).fetchall()


def forget(conn: Connection) -> int:
    """Drop the rows of addresses whose rest is over, a batch; returns how many went."""
    return conn.execute(SQL["forget_paces"], {"limit": FORGET_LIMIT}).rowcount


def _key(pace: Pace, address: str) -> str:
    return f"{pace.channel}/{address}"
