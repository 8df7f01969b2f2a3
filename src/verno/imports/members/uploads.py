"""Files of members that were uploaded: checked by the worker first, imported once somebody says so, then gone.

The file and what lies beside it are sealed. A worker that dies leaves a lease that runs out, and the next one goes on
where the import was; nobody is doubled.
"""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from psycopg.types.json import Jsonb

from verno.imports import problems, service
from verno.imports.members.files import CHANGES, ERRORS
from verno.imports.problems import Code, NotRead, Problem
from verno.imports.runs import SQL
from verno.imports.types import Asked, Kind
from verno.kit import db, ids, secrets
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.types import Program

MAX_UPLOAD = 20 * 1024 * 1024
"""Bytes of a file that is uploaded; larger ones are for the command on the server."""
MAX_BESIDE = 5 * 1024 * 1024
"""Bytes that are kept of the list of refusals, and of the changes."""
CUT = "there are more: the list ends here"
LEASE = timedelta(minutes=2)
SECONDS_BETWEEN = 2.0
MAX_CLAIMS = 5
"""How often a worker takes a file up. One that ends the worker, or breaks it, each time is given up."""
IDLE, OLD = timedelta(days=1), timedelta(days=30)
ACTION = "members.import"
ENDINGS = frozenset({".csv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".parquet"})
GIVEN_UP = (Problem(Code.GIVEN_UP, {"tries": MAX_CLAIMS}),)
log = logging.getLogger(__name__)


class Upload(msgspec.Struct, frozen=True):
    """An uploaded file as its page shows it."""

    id: str
    name: str
    size: int
    columns: dict[str, str]
    state: str
    rows: int
    total: int | None
    report: dict[str, object] | None
    problem: str | None
    has_errors: bool
    has_changes: bool
    created_at: datetime

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Tell why it failed."""
        return problems.from_text(self.problem) if self.problem else ()

    @property
    def is_moving(self) -> bool:
        """Tell whether the worker has it, or will."""
        return self.state in {"to-check", "checking", "to-import", "importing"}


def add(
    conn: Connection, program_id: str, name: str, data: bytes, columns: dict[str, str], *, by: Actor, now: datetime
) -> str:
    """Keep a file to be checked; returns its id. The caller has seen that it is no larger than ``MAX_UPLOAD``."""
    id_ = ids.new_id(now=now)
    values = {
        "id": id_,
        "program": program_id,
        "name": Path(name).name.lstrip(".")[:200] or "file",
        "size": len(data),
        "sealed": _seal(id_, data),
        "columns": Jsonb(columns),
        "by": f"{by.kind}:{by.id}",
        "now": now,
    }
    conn.execute(SQL["add_upload"], values)
    audit.record(conn, program_id, by, "members.upload", ("import", id_), now=now)
    return id_


def uploads(conn: Connection, program_id: str, id_: str | None = None) -> list[Upload]:
    """Return the newest uploads, or the one."""
    rows = conn.execute(SQL["uploads"], {"program": program_id, "id": id_}).fetchall()
    return [Upload(*row) for row in rows]


def beside(conn: Connection, program_id: str, id_: str, part: str) -> bytes | None:
    """Return the ``errors`` or the ``changes`` of an upload as a CSV file."""
    row = conn.execute(SQL["upload_file"], {"program": program_id, "id": id_, "part": part}).fetchone()
    return _unseal(id_, row[0]) if row and row[0] is not None else None


def start(conn: Connection, program_id: str, id_: str, *, by: Actor, now: datetime) -> bool:
    """Have a checked file imported; False when it is not there to be."""
    done = conn.execute(SQL["start_upload"], {"program": program_id, "id": id_, "now": now}).rowcount
    if done:
        audit.record(conn, program_id, by, ACTION, ("import", id_), now=now)
    return bool(done)


def cancel(conn: Connection, program_id: str, id_: str, *, now: datetime) -> bool:
    """Let a file go that is not being imported yet."""
    return bool(conn.execute(SQL["cancel_upload"], {"program": program_id, "id": id_, "now": now}).rowcount)


def work(program: Program, *, stopping: Callable[[], bool], now: datetime) -> int:
    """Check or import the next file, and forget old ones; returns how many files were done.

    A file that breaks the worker is left until its lease is over, so that other programs' files have their turn.
    """
    with db.transaction(program.id) as conn:
        old = {"program": program.id, "old": now - OLD, "idle": now - IDLE}
        conn.execute(SQL["forget_uploads"], old)
        asked = {"program": program.id, "until": now + LEASE, "now": now}
        row = conn.execute(SQL["claim_upload"], asked).fetchone()
    if row is None:
        return 0
    claim = _Claim(*row)
    with tempfile.TemporaryDirectory(prefix="verno-import-") as folder:
        path = Path(folder) / _name(claim.name)
        try:
            return _try(program, claim, path, stopping, now=now)
        except Exception as error:  # noqa: BLE001 whatever it is: the next round tries again, and other files are not held up
            log.warning("upload %s, try %s of %s: %s", claim.id, claim.claims, MAX_CLAIMS, type(error).__name__)
            if claim.claims >= MAX_CLAIMS:
                _finish(program, claim.id, "failed", None, GIVEN_UP, path)
            return 0


class _Claim(msgspec.Struct, frozen=True):
    """What a worker has taken up; ``errors`` are what an earlier one was refused, sealed."""

    id: str
    name: str
    columns: dict[str, str]
    state: str
    sealed: bytes
    errors: bytes | None
    claims: int


def _try(program: Program, claim: _Claim, path: Path, stopping: Callable[[], bool], *, now: datetime) -> int:
    if claim.claims > MAX_CLAIMS:  # nobody was left to say so
        _finish(program, claim.id, "failed", None, GIVEN_UP, path)
        return 1
    path.write_bytes(_unseal(claim.id, claim.sealed))
    dry = claim.state == "checking"
    if claim.errors is not None and not dry:
        path.with_name(path.name + ERRORS).write_bytes(_unseal(claim.id, claim.errors))
    try:
        _one(program, claim.id, path, Asked(claim.columns), stopping, dry=dry, now=now)
    except _Stopped:
        with db.transaction(program.id) as conn:
            conn.execute(SQL["give_back_upload"], {"id": claim.id, "now": clock.now()})
        return 0
    except NotRead as error:
        _finish(program, claim.id, "failed", None, error.problems, path)
    return 1


def _name(name: str) -> str:
    """Return what the file is called while it is worked on: its own name may be too long for a disk."""
    ending = Path(name).suffix.lower()
    return f"upload{ending}" if ending in ENDINGS else "upload"


class _Stopped(Exception):
    """The worker is to end."""


def _one(
    program: Program, id_: str, path: Path, asked: Asked, stopping: Callable[[], bool], *, dry: bool, now: datetime
) -> None:
    @contextmanager
    def progress(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG001 a bar has a title
        done, told = 0, time.monotonic()

        def step(count: int) -> None:
            nonlocal done, told
            if stopping():
                raise _Stopped
            done += count
            if unit == "rows" and time.monotonic() - told > SECONDS_BETWEEN:
                told = time.monotonic()
                moved = {"id": id_, "rows": done, "total": total, "until": clock.now() + LEASE}
                with db.transaction(program.id) as conn:
                    conn.execute(SQL["move_upload"], moved)

        yield step

    def keep() -> None:
        with db.transaction(program.id) as conn:
            conn.execute(SQL["keep_errors"], {"id": id_, "errors": _kept(id_, path.with_name(path.name + ERRORS))})

    if dry:
        found = service.rehearse_members(program, path, progress=progress, now=now, asked=asked)
        _finish(program, id_, "checked", msgspec.to_builtins(found), (), path)
        return
    done = service.import_file(
        program, Kind.MEMBERS, path, progress=progress, tell=lambda _: None, now=now, asked=asked, keep=keep
    )
    _finish(program, id_, "done", msgspec.to_builtins(done), (), path)


def _finish(
    program: Program, id_: str, state: str, report: dict[str, object] | None, why: Sequence[Problem], path: Path
) -> None:
    if report is not None:
        report.pop("errors", None)
        report.pop("notes", None)
    values = {
        "id": id_,
        "state": state,
        "report": None if report is None else Jsonb(report),
        "problem": problems.to_text(why) if why else None,
        "errors": _kept(id_, path.with_name(path.name + ERRORS)),
        "changes": _kept(id_, path.with_name(path.name + CHANGES)),
        "now": clock.now(),
    }
    with db.transaction(program.id) as conn:
        conn.execute(SQL["finish_upload"], values)


def _kept(id_: str, path: Path) -> bytes | None:
    """Return a file sealed, cut off at a whole line, which says so, where it is long; None where there is none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        data = file.read(MAX_BESIDE + 1)
    if len(data) > MAX_BESIDE:
        columns = data[: data.index(b"\n")].count(b",")
        data = data[: data.rindex(b"\n", 0, MAX_BESIDE) + 1] + b"," * columns + f"{CUT}\r\n".encode()
    return _seal(id_, data)


def _seal(id_: str, data: bytes) -> bytes:
    return secrets.seal(secrets.key("upload"), data, id_)


def _unseal(id_: str, box: bytes) -> bytes:
    return secrets.unseal(secrets.key("upload"), bytes(box), id_)
