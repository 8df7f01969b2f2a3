"""Turns of advertisements at members: reserved in the transaction that claims them, so that two never share one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.messaging.law.caps import LONGEST, Cap, Sent, reached
from verno.messaging.pacing.warming import Day, Places

SQL = Statements("verno.messaging")
AHEAD = timedelta(days=1)
"""So far ahead an advertisement looks for what is more important; all channels together have one turn a day."""


class Turns:
    """The turns that members have given, read and locked for some messages, and those that these take.

    Letters whose domain is being warmed up take a place in its day with their turn, and give both back together.
    """

    def __init__(self, conn: Connection, messages: Sequence[tuple[str, str]], now: datetime) -> None:
        """Lock and read the turns of the members of ``messages`` (holder id, message id) until the commit."""
        self._conn, self._now = conn, now
        self._sent: dict[str, list[tuple[str | None, Sent]]] = {}
        self._taken: list[dict[str, object]] = []
        self._rivals: dict[str, list[str]] = {}
        self._places = Places(conn, messages)
        if not messages:
            return
        holders = batches.rows(sorted({holder for holder, _ in messages}))
        conn.execute(SQL["lock_turns"], {"holders": holders})
        but = batches.rows([id_ for _, id_ in messages])
        parameters = {"holders": holders, "since": now - LONGEST, "but": but}
        for holder, channel, at, occasion in conn.execute(SQL["turns"], parameters).fetchall():
            self._sent.setdefault(holder, []).append((occasion, Sent(channel, at)))
        rows = batches.rows([{"holder_id": holder, "id": id_} for holder, id_ in messages])
        for id_, channel in conn.execute(SQL["rivals"], {"rows": rows, "until": now + AHEAD}).fetchall():
            self._rivals.setdefault(id_, []).append(channel)

    def of(self, holder_id: str, message: Sequence[str], occasion: str, caps: Sequence[Cap]) -> tuple[Sent, ...]:
        """Return the turns that a member has given so far, and the one that waits for what is more important.

        One occasion takes one turn, however many channels it tries. To what these caps will not let leave nobody gives
        way: the member would hear of neither. ``message`` is its id and its channel.
        """
        id_, channel = message
        given = tuple([sent for about, sent in self._sent.get(holder_id, ()) if about != occasion])
        waits = any(reached(caps, one, given, self._now) is None for one in self._rivals.get(id_, ()))
        return (*given, Sent(channel, self._now)) if waits else given

    def has_place(self, day: Day, message_id: str) -> bool:
        """Tell whether an advertising letter may leave on a day of the warm-up."""
        return self._places.has_room(day, message_id)

    def take(
        self, program_id: str, holder_id: str, message_id: str, channel: str, occasion: str, day: Day | None = None
    ) -> None:
        """Reserve a turn, and a place in a ``day`` of the warm-up; whatever is judged after it sees that."""
        warmed = self._places.take(day, message_id) if day is not None else None
        self._sent.setdefault(holder_id, []).append((occasion, Sent(channel, self._now)))
        row: dict[str, object] = {
            "holder_id": holder_id,
            "id": message_id,
            "program_id": program_id,
            "channel": channel,
            "warmed_for": warmed and warmed[0],
            "warmed_on": warmed and warmed[1],
        }
        self._taken.append(row)

    def write(self) -> None:
        """Write what was reserved."""
        self._places.write()
        if self._taken:
            self._conn.execute(SQL["take_turns"], {"rows": batches.rows(self._taken), "now": self._now})


def forget(conn: Connection, *, now: datetime) -> int:
    """Drop turns that no cap looks back to, in all programs that ``conn`` sees; returns how many."""
    return conn.execute(SQL["forget_turns"], {"before": now - LONGEST}).rowcount
