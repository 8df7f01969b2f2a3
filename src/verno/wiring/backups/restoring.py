"""Restoring: all is checked first, the database is recovered aside, and it enters the home whole and silent."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg import sql

from verno.kit import config, db, outbox, quarantine, secrets
from verno.kit.db import Connection
from verno.kit.embedded import archive, base, cluster, programs
from verno.kit.embedded.base import EndedEarly
from verno.kit.embedded.cluster import Cluster
from verno.kit.errors import VernoError
from verno.messaging import service as messaging
from verno.sealing import heads
from verno.wiring.backups import dumps, folders
from verno.wiring.backups.making import HEADS, KEYS
from verno.wiring.backups.types import Found, Kind, Restored, Wanted
from verno.workspace import audit, queries
from verno.workspace.audit import Actor

SOURCE = Path(__file__).resolve().parents[2]


def restore(source: Path, wanted: Wanted, *, by: Actor, now: datetime) -> Restored:
    """Restore a backup into this home, or a dump into the database of ``VERNO_DATABASE_URL``; raises ``VernoError``.

    Nothing is touched before the backup is known to be whole and to fit. What was there is set aside, never removed.
    """
    candidates = folders.candidates(source)
    to = _moment(wanted.to, candidates[-1].manifest.zone)
    if to is not None and to > now:
        message = f"{to:%Y-%m-%d %H:%M:%S} UTC lies in the future"
        raise VernoError(message)
    found, wanted = folders.choose(candidates, to), msgspec.structs.replace(wanted, to=to)
    _refuse_stranger(found)
    _refuse_without_key(found, wanted)
    folders.check(found)
    if found.manifest.kind is Kind.DUMP:
        return _restore_dump(found, wanted, by=by, now=now)
    if config.database_url():
        message = "this is a backup of the embedded database: unset VERNO_DATABASE_URL to restore it"
        raise VernoError(message)
    return _restore_base(found, wanted, cluster.local(), by=by, now=now)


def shortfall(found: Found, counted: dict[str, int]) -> list[str]:
    """Return what a restored database has less of than its backup said; nothing is ever less later."""
    return [
        f"{counted.get(name, 0):,} {name} instead of {count:,}"
        for name, count in found.manifest.counts.items()
        if counted.get(name, 0) < count
    ]


def _restore_base(found: Found, wanted: Wanted, home: Cluster, *, by: Actor, now: datetime) -> Restored:
    manifest = found.manifest
    ours = programs.major(home.reachable_programs())
    if manifest.server // 10000 != ours:
        message = f"the backup is of PostgreSQL {manifest.server // 10000}, the programs here are of version {ours}"
        raise VernoError(message)
    with _alone(home):
        if (home.data / "PG_VERSION").exists() and not wanted.replace:
            message = f"there is a database in {home.data} already: restore into another VERNO_HOME, or say --replace"
            raise VernoError(message)
        broken: str | None = None
        data, log = home.data.with_name("data.restoring"), home.data.with_name("log.restoring")
        try:
            broken = _stage(found, log)
            if broken and wanted.to is None:
                message = f"the log of the backup is damaged: {broken}; --to restores a moment before that"
                raise VernoError(message)
            base.unpack(found.path / folders.DATABASE, data)
            with base.recovering(home, data, log=log, to=wanted.to) as conn:
                until = _until(conn) or manifest.finished_at
                _give_passwords(conn, home)
                _silence(conn, found, until, by=by, now=now)
            aside = _enter(home, data, now)
        except EndedEarly as error:
            message = (
                f"the log does not reach {wanted.to}: {broken or 'it ends before'}; without --to all of it is taken"
            )
            raise VernoError(message) from error
        finally:
            shutil.rmtree(data, ignore_errors=True)
            shutil.rmtree(log, ignore_errors=True)
        _bring_files(found)
    return Restored(found, wanted.to, until, aside)


def _restore_dump(found: Found, wanted: Wanted, *, by: Actor, now: datetime) -> Restored:
    if not config.database_url():
        message = "this is a dump: set VERNO_DATABASE_URL to the empty database that it goes into"
        raise VernoError(message)
    if wanted.to is not None:
        message = "a dump holds one moment: --to needs the server's own point-in-time recovery"
        raise VernoError(message)
    dumps.refuse(found)
    dumps.put_back(found)
    with psycopg.connect(db.owner_url(), autocommit=True) as conn:
        _silence(conn, found, found.manifest.began_at, by=by, now=now)
    _bring_files(found)
    return Restored(found, None, found.manifest.began_at, None)


def _moment(asked: datetime | None, zone: str) -> datetime | None:
    if asked is None:
        return None
    return (asked if asked.tzinfo else asked.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _refuse_stranger(found: Found) -> None:
    known = {f"{path.parents[1].name}.{path.stem}" for path in SOURCE.glob("*/migrations/0*.py")}
    apps = {name.partition(".")[0] for name in known}
    newer = [name for name in found.manifest.migrations if name.partition(".")[0] in apps and name not in known]
    if newer:
        message = f"the backup was made by version {found.manifest.verno}, which is newer: it knows {newer[0]}"
        raise VernoError(message)


def _refuse_without_key(found: Found, wanted: Wanted) -> None:
    """Refuse a home whose master secret is another one, and one that has none unless that is said to be meant."""
    if secrets.known():
        if heads.fingerprint(heads.public_key()) != found.manifest.key and not wanted.without_keys:
            message = (
                "the master secret here is not the one of the backup: bring that one (its key is"
                f" {found.manifest.key}), or say --without-keys: personal data stay unreadable then, for ever"
            )
            raise VernoError(message)
    elif not found.manifest.with_keys and not wanted.without_keys:
        message = (
            f"the master secret is not in the backup: put it into {secrets.file()} or VERNO_SECRET_KEY first,"
            " or say --without-keys: personal data stay unreadable then, for ever"
        )
        raise VernoError(message)


@contextmanager
def _alone(home: Cluster) -> Iterator[None]:
    """Keep other commands from starting the database; raises ``VernoError`` when one has it running."""
    home.base.mkdir(parents=True, exist_ok=True)
    with (home.base / "start.lock").open("w") as gate:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "another command is about to start the database of this home"
            raise VernoError(message) from error
        if home.answers():
            message = "the database of this home runs: stop it first"
            raise VernoError(message)
        yield


def _stage(found: Found, log: Path) -> str | None:
    manifest = found.manifest
    kept = archive.folder(found.path.parent, manifest.life or "")
    return archive.stage(kept, log, first=manifest.first or "", had=base.own_segments(found.path / folders.DATABASE))


def _until(conn: Connection) -> datetime | None:
    """Return the moment of the last transaction that was recovered."""
    row = conn.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    return row[0] if row else None


def _give_passwords(conn: Connection, home: Cluster) -> None:
    for role in cluster.ROLES:
        change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(home.password()))
        conn.execute(change)


def _silence(conn: Connection, found: Found, until: datetime, *, by: Actor, now: datetime) -> None:
    """Let nothing leave, before anything of ours runs on what was restored; and write into the audit who did it."""
    with conn.transaction():
        quarantine.impose(conn, restored_to=until, now=now)
        outbox.skip_lost(conn)
        messaging.give_up_restored(conn, now=now)
        for program in queries.programs(conn):
            audit.record(conn, program.id, by, "backup.restore", ("backup", found.path.name), now=now)


def _enter(home: Cluster, data: Path, now: datetime) -> Path | None:
    """Make what was recovered the home's database, and begin its own life; returns where the old one is now."""
    aside = None
    if home.data.exists():
        aside = home.data.with_name(f"data.before-{now:%Y%m%dT%H%M%SZ}")
        home.data.rename(aside)
    (home.base / "life").unlink(missing_ok=True)
    data.rename(home.data)
    return aside


def _bring_files(found: Found) -> None:
    """Bring what lies beside the database: heads that are not filed here, and the master secret if it came along."""
    for path in sorted((found.path / HEADS).rglob("*.json")):
        target = config.home() / HEADS / path.relative_to(found.path / HEADS)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    if found.manifest.with_keys and not secrets.known():
        secrets.file().touch(mode=0o600)
        shutil.copyfile(found.path / KEYS, secrets.file())
