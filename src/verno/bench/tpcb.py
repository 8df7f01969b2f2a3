"""pgbench's TPC-B: the yardstick. The same server, 64 clients, prepared statements."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from verno.kit import db
from verno.kit.embedded import programs
from verno.kit.errors import VernoError

SCALE = 10
CLIENTS = 64
THREADS = 2
_RATE = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


def prepare() -> None:
    """Make the tables."""
    _run("-i", "-q", "-s", str(SCALE))


def measure(seconds: int) -> float:
    """Return transactions a second."""
    told = _run("-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(seconds))
    found = _RATE.search(told)
    if found is None:
        message = f"pgbench did not tell its rate: {told[-300:]}"
        raise VernoError(message)
    return float(found[1])


def _run(*options: str) -> str:
    environment = dict(os.environ)
    for name, value in conninfo_to_dict(db.owner_url()).items():
        if name in _VARIABLES and value is not None:
            environment[_VARIABLES[name]] = str(value)  # the password must not be seen in the list of processes
    done = subprocess.run([_program(), *options], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        message = f"pgbench failed: {done.stderr.strip()[-300:]}"
        raise VernoError(message)
    return done.stdout


def _program() -> Path:
    """Return pgbench: the one beside the server's programs, else one on the path."""
    beside = programs.folder() / "pgbench"
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("pgbench")
    if found is None:
        message = "pgbench was not found; it comes with PostgreSQL (Debian: postgresql-contrib)"
        raise VernoError(message)
    return Path(found)
