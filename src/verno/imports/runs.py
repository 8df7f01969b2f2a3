"""How far a file is done, so that an import that was killed goes on from there."""

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from verno.imports.types import Kind
from verno.kit import db, ids
from verno.kit.sql import Statements

SQL = Statements("verno.imports")
READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One file's import: rows up to ``rows_done`` are done, ``refused`` of their items were not taken.

    ``started_at``: when the file was begun for the first time.
    """

    id: str
    rows_done: int
    refused: int
    started_at: datetime


def read_through(path: Path, step: Callable[[int], None]) -> tuple[str, int]:
    """Return a file's SHA-256 and how many lines it has, reading it once."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(READ):
            digest.update(part)
            lines += part.count(b"\n")
            step(len(part))
    return digest.hexdigest(), lines


def open_run(program_id: str, kind: Kind, path: Path, sha256: str, *, now: datetime) -> Run:
    """Begin, or go on."""
    parameters = {
        "id": ids.new_id(now=now),
        "program": program_id,
        "kind": kind,
        "sha256": sha256,
        "name": path.name,
        "now": now,
    }
    with db.transaction(program_id) as conn:
        row = conn.execute(SQL["open_run"], parameters).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    return Run(*row)


def move_run(program_id: str, run: Run, done: "Done", *, finished_at: datetime | None = None) -> None:
    """Store how far it is, with what was counted since the last time."""
    parameters = {
        "id": run.id,
        "rows_done": done.row,
        "accepted": done.accepted,
        "refused": done.refused,
        "finished_at": finished_at,
    }
    with db.transaction(program_id) as conn:
        conn.execute(SQL["move_run"], parameters)


@dataclass(frozen=True, slots=True)
class Done:
    """Everything up to ``row`` is done; the counts are those of the items passed since the last time."""

    row: int
    accepted: int
    refused: int


class Watermark:
    """Items are done in any order, since two lanes take them; tells up to which row all of them are.

    Every item is opened in the file's order and closed once; memory is that of the items in flight.
    """

    def __init__(self, row: int) -> None:
        """Begin after ``row``."""
        self._row = row
        self._next = 0
        self._rows: deque[int] = deque()
        self._closed: dict[int, bool] = {}
        self._guard = threading.Lock()

    def open(self, last_row: int) -> int:
        """Take the next item, which ends at ``last_row``; returns its ticket."""
        with self._guard:
            self._rows.append(last_row)
            return self._next + len(self._rows) - 1

    def close(self, ticket: int, *, taken: bool) -> None:
        """Say that an item is done."""
        with self._guard:
            self._closed[ticket] = taken

    def advance(self) -> Done:
        """Move past all items that are done."""
        counts = [0, 0]
        with self._guard:
            while self._rows and self._next in self._closed:
                counts[self._closed.pop(self._next)] += 1
                self._row = self._rows.popleft()
                self._next += 1
            return Done(self._row, accepted=counts[1], refused=counts[0])
