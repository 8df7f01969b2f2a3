"""Base backups of the embedded server, and how one becomes a database again.

A recovering server listens in a folder of its own, where nobody else finds it, and believes whoever gets in: the
passwords of the installation that made the backup are not in the backup.
"""

import gzip
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from verno.kit.embedded import archive, cluster, user
from verno.kit.embedded.cluster import Cluster
from verno.kit.errors import VernoError

ARCHIVES = ("base.tar.gz", "pg_wal.tar.gz")
"""The files of a base backup: the data, and the log that was written meanwhile."""
LABEL = "backup_label"
START_SECONDS = 60.0
"""How long a recovering server may be silent before it is taken for dead; it answers while it recovers."""
ENDED_EARLY = "recovery ended before configured recovery target was reached"


class EndedEarly(VernoError):
    """The log does not reach the moment that was asked for."""


def take(of: Cluster, target: Path) -> None:
    """Copy the running server's data into ``target``, everything committed by the end of the copying included."""
    done = subprocess.run(  # noqa: S603 a program of PostgreSQL's
        [
            *(of.reachable_programs() / "pg_basebackup", "--pgdata", target, "--format", "tar", "--gzip"),
            *("--wal-method", "stream", "--checkpoint", "fast", "--no-manifest", "--no-password"),
            *("--host", of.socket, "--username", "verno_owner", "--label", "verno backup"),
        ],
        env={"PGPASSWORD": of.password(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"pg_basebackup failed: {done.stderr.strip()}"
        raise VernoError(message)


def first_segment(backup: Path) -> str:
    """Return the log's segment that recovery begins with, as the backup's label says; raises ``VernoError``."""
    with _opened(backup / ARCHIVES[0]) as data:
        for entry in data:
            if entry.name.removeprefix("./") == LABEL:
                file = data.extractfile(entry)
                found = re.search(r"\(file ([0-9A-F]{24})\)", file.read().decode() if file else "")
                if found:
                    return found[1]
    message = f"{backup / ARCHIVES[0]} has no {LABEL}: it is no base backup"
    raise VernoError(message)


def own_segments(backup: Path) -> list[str]:
    """Return the names of the log's segments that the backup brings itself."""
    with _opened(backup / ARCHIVES[1]) as log:
        return [entry.name.removeprefix("./") for entry in log if entry.isfile()]


def unpack(backup: Path, data: Path) -> None:
    """Lay a backup's files out as the data of a server that does not run."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    for name, where in zip(ARCHIVES, (data, data / "pg_wal"), strict=True):
        with _opened(backup / name) as files:
            files.extractall(where, filter="data")
    (data / "recovery.signal").touch()
    user.give_all(data)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive; pg_basebackup compresses the log in several pieces, which tarfile by itself does not read."""
    with gzip.open(path) as data, tarfile.open(fileobj=data, mode="r|") as files:
        yield files


@contextmanager
def recovering(of: Cluster, data: Path, *, log: Path, to: datetime | None) -> Iterator[psycopg.Connection]:
    """Recover ``data`` through ``log``, to a moment or to its end; gives a connection of the owner's to what came out.

    Raises ``EndedEarly`` when the log ends before the moment, ``VernoError`` when it lies before the backup's end.
    """
    private = Path(tempfile.mkdtemp(prefix="verno-"))
    hba = private / "hba.conf"
    hba.write_text("local all all trust\n")
    user.give_all(private)
    written = of.base / "restore.log"
    target = ["-c", f"recovery_target_time={to.isoformat()}"] if to else []
    command: Sequence[str | Path] = [
        *(of.reachable_programs() / "postgres", "-D", data, "-k", private),
        *("-c", f"hba_file={hba}", "-c", "archive_mode=off", "-c", f"restore_command={archive.fetching(log)}"),
        *("-c", "recovery_target_timeline=current", "-c", "recovery_target_action=promote", *target),
    ]
    uid, gid = user.server_user()
    try:
        with written.open("wb") as out:
            server = subprocess.Popen(  # noqa: S603 PostgreSQL's server
                command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=user.die_with_parent,  # noqa: PLW1509 before any thread
                user=uid,
                group=gid,
            )
        try:
            _wait(server, private, written)
            with psycopg.connect(_url(private, "verno"), autocommit=True) as conn:
                yield conn
        finally:
            cluster.stop(server)
    finally:
        shutil.rmtree(private)


def _wait(server: "subprocess.Popen[bytes]", private: Path, written: Path) -> None:
    """Wait until recovery is over; as long as the server lives and answers, it takes the time that it takes."""
    heard = time.monotonic()
    while True:
        if server.poll() is not None:
            said = written.read_text(errors="replace")
            if ENDED_EARLY in said:
                raise EndedEarly(ENDED_EARLY)
            message = "the backup could not be recovered: " + " / ".join(said.strip().splitlines()[-4:])
            raise VernoError(message)
        try:
            with psycopg.connect(_url(private, "postgres"), connect_timeout=5) as conn:
                row = conn.execute("SELECT pg_is_in_recovery()").fetchone()
            if row == (False,):
                return
            heard = time.monotonic()
        except psycopg.OperationalError as error:
            if "starting up" in str(error) or "not yet accepting" in str(error):
                heard = time.monotonic()
        if time.monotonic() - heard > START_SECONDS:
            message = f"the recovering database has said nothing for {START_SECONDS:.0f} s, see {written}"
            raise VernoError(message)
        time.sleep(0.1)


def _url(private: Path, database: str) -> str:
    return f"postgresql://verno_owner@/{database}?host={private}"
