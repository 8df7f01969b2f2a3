"""Warming a mail domain up: of a new one, receivers take a little advertising the first day, and more with each.

A row a domain and day counts the advertising letters that left, or are about to. Whoever claims takes places there, as
turns are taken, and what does not leave gives its place back. A step is climbed by a day on which at least half of its
letters left: a day without a broadcast tells receivers nothing. Beyond the last step nothing is counted.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from verno.kit import batches, config
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.messaging.channels.email import domain

SQL = Statements("verno.messaging")

STEPS = (200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
"""Advertising letters of a day, step by step; past the last one the domain is warm."""


class Day(msgspec.Struct, frozen=True):
    """A day of a program that warms its domain up, and when the next one begins."""

    on: date
    ends: datetime


class Room(msgspec.Struct):
    """What is left of one day, locked until the commit. ``known``: messages that have their place already."""

    left: int
    known: frozenset[str]
    used: int = 0


class Places:
    """Places of letters in their domain's day, taken for a batch of claimed messages."""

    def __init__(self, conn: Connection, messages: Sequence[tuple[str, str]]) -> None:
        """Take what is claimed: (holder id, message id). Nothing is read before the first that has to ask."""
        self._conn, self._messages = conn, messages
        self._domain = domain.domain(config.mail_from())
        self._rooms: dict[date, Room | None] = {}

    def has_room(self, day: Day, message_id: str) -> bool:
        """Tell whether a letter may leave on a day."""
        room = self._room(day.on)
        return room is None or room.left > 0 or message_id in room.known

    def take(self, day: Day, message_id: str) -> tuple[str, date] | None:
        """Take a place; returns domain and day to keep with the letter's turn, None where nothing is counted."""
        room = self._room(day.on)
        if room is None:
            return None
        if message_id not in room.known:
            room.left -= 1
            room.used += 1
        return self._domain, day.on

    def write(self) -> None:
        """Write what was taken."""
        for day, room in sorted(self._rooms.items()):
            if room is not None and room.used:
                self._conn.execute(SQL["warm"], {"domain": self._domain, "day": day, "used": room.used})

    def _room(self, day: date) -> Room | None:
        if day not in self._rooms:
            self._rooms[day] = self._open(day)
        return self._rooms[day]

    def _open(self, day: date) -> Room | None:
        asked = {"domain": self._domain, "day": day, "steps": list(STEPS)}
        row = self._conn.execute(SQL["warm_day"], asked).fetchone()
        if row is None:
            return None
        most, taken = row
        rows = batches.rows([{"holder_id": holder, "id": id_} for holder, id_ in self._messages])
        found = self._conn.execute(SQL["warmed_already"], asked | {"rows": rows}).fetchall()
        return Room(most - taken, frozenset([id_ for (id_,) in found]))


def days(conn: Connection, day: date, letters: int) -> tuple[int, int]:
    """Return on how many days so many more letters would leave, and how many of them on ``day``. Nothing is locked."""
    asked = {"domain": domain.domain(config.mail_from()), "day": day, "steps": list(STEPS)}
    climbed, today = conn.execute(SQL["warmth"], asked).fetchone() or (0, 0)
    rooms = [today, *STEPS[climbed + 1 :]] if climbed < len(STEPS) else []
    count, rest = 1, letters
    for room in rooms:
        if rest <= room:
            break
        rest -= room
        count += 1
    return count, min(letters, today) if rooms else letters
