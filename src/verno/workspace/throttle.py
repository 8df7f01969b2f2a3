"""Guessing is slow: some free tries, then a wait that grows, but never a lock.

A lock by wrong guesses alone would be a weapon against its owner; a wait is not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from verno.kit import secrets
from verno.kit.db import Connection
from verno.workspace.queries import SQL


@dataclass(frozen=True)
class Throttle:
    """The patience with one kind of secret; ``purpose`` keeps the counts of different kinds apart."""

    purpose: str
    first: timedelta
    most: timedelta
    free: int = 5
    window: timedelta = timedelta(minutes=15)

    def try_now(self, conn: Connection, name: str, *, now: datetime) -> timedelta | None:
        """Count a try and return None, or return how long to wait when its secret must not be looked at.

        The count must be committed whatever the try brings: one that is rolled back was a free guess.
        """
        parameters = {
            "what": self._what(name),
            "now": now,
            "window": self.window,
            "free": self.free,
            "first": self.first,
            "most": self.most,
        }
        if conn.execute(SQL["count_try"], parameters).fetchone() is not None:
            return None
        row = conn.execute(SQL["wait_until"], parameters).fetchone()
        return max(row[0] - now, timedelta(seconds=1)) if row else None

    def forget(self, conn: Connection, name: str) -> None:
        """Start counting anew after a secret that was right."""
        conn.execute(SQL["forget_tries"], {"what": self._what(name)})

    def _what(self, name: str) -> bytes:
        """Return a keyed hash: unknown names are counted too, and no table should hold what was typed."""
        return secrets.mac("lookup", f"{self.purpose}\0{name}".encode())
