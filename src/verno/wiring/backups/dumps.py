"""Dumps of a database of the operator's: its own point-in-time recovery is better, a dump is what we can do.

A dump forgets how far its server had counted transactions, while sealed history and the outbox remember. So it is put
back only into a server that has counted as far (docs/explanation/sealed-history.md).
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg.pq import Conninfo

from verno.kit import db, grants
from verno.kit.embedded import programs
from verno.kit.errors import Unavailable, VernoError
from verno.wiring.backups import folders
from verno.wiring.backups.types import Found

FILE = "database.dump"
EPOCH = 1 << 32


def take(target: Path) -> None:
    """Dump the database into ``target``, as of one moment."""
    _run(["pg_dump", "--format", "custom", "--no-password", "--file", target / FILE])


def refuse(found: Found) -> None:
    """Refuse a database that is not empty, or has not counted as far as the dumped one; raises ``VernoError``."""
    try:
        with psycopg.connect(db.owner_url(), connect_timeout=5) as owner:
            tables = owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
            counted = owner.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    except psycopg.OperationalError as error:
        message = f"the database does not answer: {str(error).strip().splitlines()[0]}"
        raise Unavailable(message) from error
    if tables is None or tables[0]:
        message = "the database of VERNO_DATABASE_URL is not empty: restore into a new one"
        raise VernoError(message)
    if counted is None or counted[0] < found.manifest.transactions:
        epoch = found.manifest.transactions // EPOCH + 1
        message = (
            "this server counts transactions from below what the backup has seen: stop it, run pg_resetwal"
            f" --epoch={epoch} on its data, start it, and restore again (docs/explanation/sealed-history.md)"
        )
        raise VernoError(message)


def put_back(found: Found) -> None:
    """Load a dump into the empty database, all or nothing."""
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        owner.execute(grants.MAKE_ROLE)
        owner.execute(grants.MAKE_GUARDED_ROLE)
    options = ("--no-owner", "--single-transaction", "--exit-on-error", "--no-password", "--dbname", "")
    _run(["pg_restore", *options, found.path / folders.DATABASE / FILE])


def _run(command: Sequence[str | Path]) -> None:
    """Run one of PostgreSQL's programs on the owner's database; its address, password included, in the environment."""
    address = Conninfo.parse(db.owner_url().encode())
    said = {one.envvar.decode(): one.val.decode() for one in address if one.envvar and one.val}
    done = subprocess.run(  # noqa: S603 a program of PostgreSQL's
        [programs.folder() / command[0], *command[1:]],
        env={"PATH": "/usr/bin:/bin", **said},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"{command[0]} failed: {done.stderr.strip()}"
        raise VernoError(message)
