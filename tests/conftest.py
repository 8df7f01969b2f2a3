"""One PostgreSQL on /dev/shm for the run, one migrated template, one clone per worker and per test that commits.

``conn`` gives a transaction that is rolled back; ``database`` gives a clone of its own, for tests that commit,
start processes or call the server. Safety switches of PostgreSQL stay on.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest

SHM = Path("/dev/shm")
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

_run = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster once for the run (in the controller), clone the template once per worker."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "verno.wiring.settings"
    if not hasattr(config, "workerinput"):
        _start_cluster()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    _use(_clone(f"worker_{worker}"))
    import django

    django.setup()
    _tests_enter_their_program()


def pytest_runtest_setup() -> None:
    """Count the ids of each test from the beginning.

    Tests hold the clock, and what is done in one held moment is in order as long as the count of ids does not wrap.
    """
    from verno.kit import ids

    ids._batches = count()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the controller started."""
    if not hasattr(config, "workerinput"):
        _run.close()


def _start_cluster() -> None:
    from verno.kit.embedded import cluster

    for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL", "VERNO_SMTP_URL", "VERNO_SECRET_KEY", "VERNO_BACKUPS"):
        os.environ.pop(name, None)
    base = Path(tempfile.mkdtemp(prefix="verno-test-", dir=SHM if SHM.is_dir() else None))
    base.chmod(0o755)
    _run.callback(shutil.rmtree, base, ignore_errors=True)
    os.environ["VERNO_HOME"] = str(base)
    _run.enter_context(cluster.local().running())
    import django

    django.setup()
    from django.db import connections

    from verno.wiring.migrate import migrate

    migrate()
    connections.close_all()


def _clone(name: str) -> str:
    """Make a database out of the migrated template; about 0.1 s."""
    from verno.kit.embedded import cluster

    with psycopg.connect(cluster.local().url("verno_owner", "postgres"), autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE verno')
    return name


def _use(name: str) -> None:
    from verno.kit.embedded import cluster

    os.environ["VERNO_DATABASE_URL"] = cluster.local().url("verno", name)
    os.environ["VERNO_OWNER_URL"] = cluster.local().url("verno_owner", name)


def _point_django(name: str) -> None:
    from django.conf import settings
    from django.db import connections

    connections.close_all()
    for alias in connections:
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


def _forget() -> None:
    """Drop what this process remembers of another database."""
    from verno.api import receipts
    from verno.intake import context
    from verno.intake.groups import GroupCommit
    from verno.kit.clock import clock

    context.forget()
    receipts.group_commit = GroupCommit(clock.now)


def _tests_enter_their_program() -> None:
    """Let a test's own transactions and connections see the program that was made first.

    Only where the call stands in a test: what the application opens has to enter a program by itself, here too.
    """
    from verno.kit import db
    from verno.kit.db import GUARDED

    oldest = "SELECT id::text FROM workspace_program ORDER BY created_at, id LIMIT 1"
    transaction, connect, connect_for_batches = db.transaction, db.connect, db.connect_for_batches

    def by_a_test() -> bool:
        return str(sys._getframe(2).f_globals.get("__name__", "")).startswith("tests.")

    @contextmanager
    def looking() -> Iterator[psycopg.Connection]:
        with transaction() as conn:
            found = conn.execute(oldest).fetchone()
            if found:
                db.enter(conn, found[0])
            yield conn

    def staying(conn: psycopg.Connection) -> psycopg.Connection:
        found = conn.execute(oldest).fetchone()
        conn.commit()
        if found:
            db.stay_in(conn, found[0])
        return conn

    def test_transaction(program_id: str | None = None) -> AbstractContextManager[psycopg.Connection]:
        return looking() if program_id is None and by_a_test() else transaction(program_id)

    def test_connect(address: str | None = None, *, role: str = GUARDED) -> psycopg.Connection:
        conn = connect(address, role=role)
        return staying(conn) if by_a_test() and role == GUARDED else conn

    def test_connect_for_batches(program_id: str | None = None) -> psycopg.Connection:
        conn = connect_for_batches(program_id)
        return staying(conn) if program_id is None and by_a_test() else conn

    db.transaction = test_transaction  # type: ignore[assignment]
    db.connect = test_connect
    db.connect_for_batches = test_connect_for_batches


@pytest.fixture(scope="session")
def _session_connection() -> Iterator[psycopg.Connection]:
    from verno.kit import db

    conn = db.connect()
    yield conn
    conn.close()


@pytest.fixture
def conn(_session_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give a connection with the application's rights whose changes are rolled back."""
    yield _session_connection
    _session_connection.rollback()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give this test a database of its own; environment, pool and Django point to it. Yields its address."""
    from verno.kit import db

    before = {name: os.environ[name] for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL")}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    old_name = f"worker_{worker}"
    name = _clone(f"test_{worker}_{abs(hash(request.node.nodeid)):x}")
    db.close_pool()
    _use(name)
    _point_django(name)
    _forget()
    yield os.environ["VERNO_DATABASE_URL"]
    db.close_pool()
    _point_django(old_name)
    os.environ.update(before)
    with psycopg.connect(before["VERNO_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
