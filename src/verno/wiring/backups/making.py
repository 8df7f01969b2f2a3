"""Making a backup while everything runs: a head of history, the database, the heads filed so far, what it all is."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from verno import __version__
from verno.kit import config, db, secrets
from verno.kit.db import Connection
from verno.kit.embedded import archive, base, cluster
from verno.kit.errors import VernoError
from verno.sealing import heads
from verno.sealing import service as sealing
from verno.verify import service as verify
from verno.wiring.backups import dumps, folders, forgetting
from verno.wiring.backups.types import FORMAT, Found, Kind, Manifest, Sealed
from verno.workspace import audit, queries
from verno.workspace.audit import Actor
from verno.workspace.types import Program

KEYS = "keys/secret.key"
HEADS = "heads"
ACTION = "backup.make"


def make(place: Path, *, with_keys: bool, by: Actor, now: Callable[[], datetime]) -> Found:
    """Make a whole backup in a folder of ``place``; raises ``VernoError``, and leaves nothing then.

    Tills go on meanwhile. Without ``with_keys`` the master secret is not in it: sealed personal data cannot be read by
    whoever has the backup alone, the shop itself included.
    """
    with _alone(place):
        began = now()
        name = f"{folders.PREFIX}{began:%Y%m%dT%H%M%SZ}"
        if (place / name).exists():
            message = f"{place / name} is there already: one backup a second"
            raise VernoError(message)
        draft = place / f".{name}"
        draft.mkdir(mode=0o700)
        try:
            found = folders.write(_fill(draft, began, with_keys=with_keys, now=now), draft)
            final = folders.settle(draft, name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    _note(name, found, by, now())
    return Found(final, found)


def thin_out(place: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups of this database, and the log that none of them needs."""
    life = _life()
    ours = [found for found in folders.whole(place) if found.manifest.life == life]
    gone, kept = ours[:-keep], ours[-keep:]
    for found in gone:
        shutil.rmtree(found.path.rename(found.path.with_name(f".{found.path.name}")))  # a half of one is none
    if life and kept and kept[0].manifest.first:
        archive.drop_before(archive.folder(place, life), kept[0].manifest.first)
    return [found.path for found in gone]


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one backup at a time be made in a folder; what an interrupted one has left there goes."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        gate = (place / ".lock").open("w")
    except OSError as error:
        message = f"cannot write into {place}: {error.strerror}"
        raise VernoError(message) from error
    with gate:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"another backup is being made in {place}"
            raise VernoError(message) from error
        for left in place.glob(f".{folders.PREFIX}*"):
            shutil.rmtree(left)
        yield


def _fill(draft: Path, began: datetime, *, with_keys: bool, now: Callable[[], datetime]) -> Manifest:
    embedded = config.database_url() is None
    with db.transaction() as conn:
        programs = queries.programs(conn)
    sealed = tuple(_seal(program, draft, now()) for program in programs)
    with db.connect_across_programs() as conn:
        counts = verify.counts(conn)
    database = draft / folders.DATABASE
    database.mkdir()
    if embedded:
        base.take(cluster.local(), database)
    else:
        dumps.take(database)
    _copy_heads(draft)
    forgetting.copied(draft)
    if with_keys:
        _write_keys(draft)
    with psycopg.connect(db.owner_url()) as owner:
        server, transactions, migrations = owner.info.server_version, _transactions(owner), _migrations(owner)
    return Manifest(
        format=FORMAT,
        kind=Kind.BASE if embedded else Kind.DUMP,
        began_at=began,
        finished_at=now(),
        verno=__version__,
        server=server,
        migrations=migrations,
        life=_life(),
        first=base.first_segment(database) if embedded else None,
        transactions=transactions,
        zone=programs[0].timezone if programs else "UTC",
        key=heads.fingerprint(heads.public_key()),
        with_keys=with_keys,
        counts=counts,
        heads=sealed,
        files=folders.sums(draft),
    )


def _seal(program: Program, draft: Path, now: datetime) -> Sealed:
    """Seal a program's history and put the head into the backup, under a name that no other has."""
    head = sealing.seal_now(program, now=now).head
    file = Path("now") / f"{program.id}.json"
    (draft / "now").mkdir(exist_ok=True)
    (draft / file).write_text(heads.document(head))
    return Sealed(program.id, file.as_posix(), head.count, head.hash)


def _copy_heads(draft: Path) -> None:
    filed = config.home() / HEADS
    if filed.is_dir():
        shutil.copytree(filed, draft / HEADS, ignore=shutil.ignore_patterns(".*"))


def _write_keys(draft: Path) -> None:
    path = draft / KEYS
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_text(secrets.master())


def _life() -> str | None:
    return None if config.database_url() else cluster.local().life()


def _transactions(owner: Connection) -> int:
    row = owner.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    return int(row[0]) if row else 0


def _migrations(owner: Connection) -> tuple[str, ...]:
    rows = owner.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
    return tuple(name for (name,) in rows)


def _note(name: str, made: Manifest, by: Actor, now: datetime) -> None:
    """Write into every program's audit that all its data were copied; the doctor looks there for the last one."""
    detail = f"{made.kind}{'+keys' if made.with_keys else ''}".replace("+", ".")
    with db.transaction() as conn:
        programs = queries.programs(conn)
    for program in programs:
        with db.transaction(program.id) as conn:
            audit.record(conn, program.id, by, ACTION, ("backup", name), detail=detail, now=now)
