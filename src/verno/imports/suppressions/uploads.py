"""A short list that one request holds: looked at first, then handed back as it was seen, and taken over.

Between the two nothing is kept here: the page holds the file in a box that only the same person's next request opens.
"""

import base64
import binascii
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from verno.imports import service
from verno.imports.problems import Code, NotRead, Problem
from verno.imports.types import Asked, Kind, Progress, Rehearsal, Summary
from verno.kit import db, secrets
from verno.kit.errors import BrokenInvariant
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.types import Program

MAX_UPLOAD = 1024 * 1024
"""Bytes of a list that a page takes; longer ones are for the command on the server."""
MAX_ROWS = 20_000
"""Rows of it: a workbook of few bytes may hold a great many."""
KEPT = timedelta(hours=12)
"""For how long what was looked at can be taken over."""
ACTION = "suppressions.bring"


class List(msgspec.Struct, frozen=True):
    """A list as it came, and what its sender said of it."""

    data: bytes
    asked: Asked
    seen_at: datetime
    fresh: int = 0
    """How many addresses it would add or change, by the dry run."""


def rehearse(program: Program, given: List) -> tuple[Rehearsal, List]:
    """Say what taking a list over would do; raises ``NotRead`` for one that cannot be read, or is too long."""
    with _as_file(given) as path:
        found = service.rehearse_suppressions(
            program, path, progress=_up_to(MAX_ROWS), now=given.seen_at, asked=given.asked
        )
    return found, msgspec.structs.replace(given, fresh=found.new + found.changed)


def take(program: Program, given: List, *, by: Actor, now: datetime) -> Summary:
    """Take over a list that was looked at; again, it changes nothing."""
    with db.transaction(program.id) as conn:
        audit.record(conn, program.id, by, ACTION, ("messages", "list"), now=now, detail=str(given.fresh))
    with _as_file(given) as path:
        return service.import_file(
            program,
            Kind.SUPPRESSIONS,
            path,
            progress=_up_to(MAX_ROWS),
            tell=lambda _: None,
            now=now,
            asked=given.asked,
        )


def boxed(given: List, bound_to: str) -> str:
    """Return a list sealed, for whom it is bound to."""
    sealed = secrets.seal(secrets.key("upload"), msgspec.msgpack.encode(given), f"suppressions/{bound_to}")
    return base64.b64encode(sealed).decode()


def unboxed(box: str, bound_to: str, *, now: datetime) -> List | None:
    """Return what a box holds; None for one that is another's, no box at all, or too old."""
    try:
        data = secrets.unseal(secrets.key("upload"), base64.b64decode(box, validate=True), f"suppressions/{bound_to}")
    except (binascii.Error, BrokenInvariant, ValueError):
        return None
    found = msgspec.msgpack.decode(data, type=List)
    return found if now - found.seen_at < KEPT else None


@contextmanager
def _as_file(given: List) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="verno-import-") as folder:
        path = Path(folder) / "list"
        path.write_bytes(given.data)
        yield path


def _up_to(most: int) -> Progress:
    """Return a bar that shows nothing, and ends reading when there are more rows."""

    def progress(title: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:  # noqa: ARG001 a bar has a title
        return _counting(most if unit == "rows" else None)

    return progress


@contextmanager
def _counting(most: int | None) -> Iterator[Callable[[int], None]]:
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if most is not None and done > most:
            raise NotRead(Problem(Code.LONG_LIST, {"most": most}))

    yield step
