"""Which members and contacts a file has named so far: in a file of our own, so that memory stays flat."""

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

DIGEST = 12


class Seen:
    """Rows by what they name, as hashes; gone when it is closed."""

    def __init__(self) -> None:
        """Open a table in a folder of its own."""
        self._folder = tempfile.TemporaryDirectory(prefix="verno-import-")
        self._db = sqlite3.connect(Path(self._folder.name) / "seen", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE seen (what BLOB PRIMARY KEY, row INTEGER, who BLOB) WITHOUT ROWID")

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        self._db.close()
        self._folder.cleanup()

    def rows(self, what: Sequence[Sequence[str]]) -> list[tuple[int, bytes] | None]:
        """Return for each thing the row that named it last, and for whom."""
        ask = "SELECT row, who FROM seen WHERE what = ?"
        return [self._db.execute(ask, (_digest(one),)).fetchone() for one in what]

    def add(self, named: Iterable[tuple[Sequence[str], int, str]]) -> None:
        """Remember what rows name (thing, row, for whom); the newest row counts."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
            ((_digest(what), row, owner(who)) for what, row, who in named),
        )
        self._db.execute("COMMIT")


def owner(who: str) -> bytes:
    """Return how an external id is kept."""
    return _digest((who,))


def _digest(parts: Sequence[str]) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()
