"""The database: one pool per process, one transaction per door, bounded retries of what may be retried."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from verno.kit import config
from verno.kit.embedded import cluster
from verno.kit.errors import TryAgain, Unavailable, VernoError

DatabaseError = psycopg.Error
Connection: TypeAlias = psycopg.Connection[TupleRow]
T = TypeVar("T")

APPLICATION = "verno_app"
GUARDED = "verno_program"
"""The role that the application runs as, of which ``verno_app`` is the unguarded self (docs/adr/0012)."""
PROGRAM_SETTING = "verno.program"
"""The setting that says, in a session or a transaction, whose rows are seen; without it none are."""

RETRIES: Counter[str] = Counter()
"""What this process's transactions were tried again after, and how often; ``/healthz`` shows it."""

POOL_SECONDS = 0.9
"""How long a door waits for a connection before it answers 503."""
LOCK_SECONDS = 1.1
"""How long it then waits for a lock. Together they stay below the 2.5 s within which everybody is answered, whatever
somebody else has locked; without the second, each door that had a connection would keep it as long as the lock."""
IDLE_SECONDS = 300
"""A process that is stopped, or hangs, within a transaction gives its locks up after so long."""
POOL_SIZE = 12
MAX_TRIES = 8
MAX_RETRY_SECONDS = 2.0

RETRYABLE = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation, TryAgain)
"""What a whole transaction may be tried again after. A unique violation counts, since the second try reads the
row that won and answers from it."""


class WouldWait(VernoError):
    """The database was to be asked where nobody may wait for it (``unwaiting``)."""


class _Here(threading.local):
    may_wait = True


_here = _Here()


@contextmanager
def unwaiting() -> Iterator[None]:
    """Let ``transaction`` raise ``WouldWait`` in this thread: an event loop waits for nobody."""
    _here.may_wait = False
    try:
        yield
    finally:
        _here.may_wait = True


set_json_loads(msgspec.json.decode)
"""Columns of JSON are read six times as fast as the standard library would."""

_pool: ConnectionPool[Connection] | None = None
_guard = threading.Lock()


def url() -> str:
    """Return the address of the application's database."""
    return config.database_url() or cluster.local().url("verno")


def owner_url() -> str:
    """Return the address that migrations use."""
    if config.database_url():
        return config.owner_url() or url()
    return cluster.local().url("verno_owner")


def connect_across_programs() -> Connection:
    """Open a connection that sees the rows of all programs: for whoever checks them all."""
    return connect(role=APPLICATION)


def become_application(conn: Connection, role: str = GUARDED) -> None:
    """Lay down all rights but the application's over one program; runs once on each new connection."""
    conn.execute(f"SET ROLE {role}")
    conn.commit()


def enter(conn: Connection, program_id: str) -> None:
    """See and write the rows of this program until the transaction ends; without it there are none to see."""
    conn.execute("SELECT set_config(%s, %s, true)", (PROGRAM_SETTING, program_id))


_stays_in: WeakKeyDictionary[Connection, str] = WeakKeyDictionary()


def stay_in(conn: Connection, program_id: str) -> None:
    """Let an idle connection see this program until it is told another: one round trip when that changes, else none."""
    if _stays_in.get(conn) != program_id:
        conn.execute("SELECT set_config(%s, %s, false)", (PROGRAM_SETTING, program_id))
        conn.commit()
        _stays_in[conn] = program_id


def see_all(conn: Connection) -> None:
    """See the rows of all programs until the transaction ends: for what no program asks for, and said by name."""
    conn.execute(f"SET LOCAL ROLE {APPLICATION}")


def _prepare_for_doors(conn: Connection) -> None:
    """Make a pooled connection the application's, and impatient."""
    conn.execute(
        f"SET ROLE {GUARDED}; SET lock_timeout = '{LOCK_SECONDS}s';"
        f" SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
    )
    conn.commit()


BY_KEY = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
"""Every statement of a batch is a handful of look-ups by key. The planner cannot know how short a batch is, and right
after a large import it has no figures at all; measured, it then reads whole tables for fourteen rows. Their plans are
kept (generic), and their SQL leaves the planner one way only: docs/adr/0009."""


def connect_for_batches(program_id: str | None = None) -> Connection:
    """Open a connection for set-based posting: look-ups go by index, whatever the planner believes of the tables.

    It stays in ``program_id``; whoever serves several says ``stay_in``.
    """
    conn = connect()
    conn.execute(BY_KEY)
    conn.execute("SET plan_cache_mode = force_generic_plan")
    conn.commit()
    if program_id is not None:
        stay_in(conn, program_id)
    return conn


def connect(address: str | None = None, *, role: str = GUARDED) -> Connection:
    """Open a connection of its own with the application's rights; raises ``Unavailable``."""
    try:
        conn = psycopg.connect(address or url(), connect_timeout=5)
        become_application(conn, role)
    except psycopg.OperationalError as error:
        message = f"the database does not answer: {str(error).strip().splitlines()[0]}"
        raise Unavailable(message) from error
    return conn


def pool() -> ConnectionPool[Connection]:
    """Return this process's pool, opened on first use."""
    global _pool  # noqa: PLW0603 one pool per process is the point
    with _guard:
        if _pool is None:
            _pool = ConnectionPool(
                url(),
                min_size=1,
                max_size=POOL_SIZE,
                timeout=POOL_SECONDS,
                configure=_prepare_for_doors,
                check=ConnectionPool.check_connection,
                reconnect_timeout=5,
                kwargs={"connect_timeout": 5},
                open=True,
            )
        return _pool


def close_pool() -> None:
    """Close this process's pool, so that a test or a command may leave the server behind."""
    global _pool  # noqa: PLW0603 see pool()
    with _guard:
        if _pool is not None:
            _pool.close()
            _pool = None


@contextmanager
def transaction(program_id: str | None = None) -> Iterator[Connection]:
    """Give a pooled connection inside one transaction: committed at the end, rolled back on an exception.

    It sees the rows of ``program_id``; without it none until ``enter``. Raises ``Unavailable`` when no connection or no
    lock is to be had in time, or the server goes away.
    """
    if not _here.may_wait:
        raise WouldWait
    try:
        with pool().connection() as conn:
            if program_id is not None:
                enter(conn, program_id)
            yield conn
    except (PoolTimeout, psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
        if isinstance(error, RETRYABLE):
            raise
        message = "the database does not answer; try again"
        raise Unavailable(message) from error


@contextmanager
def across_programs() -> Iterator[Connection]:
    """Give a transaction that sees the rows of all programs; the callers are few and a test names them."""
    with transaction() as conn:
        see_all(conn)
        yield conn


def retrying(work: Callable[[], T]) -> T:
    """Run ``work`` (a whole transaction without outside effects), again when the database asks for it.

    At most eight tries and two seconds, with jitter; the last error is raised.
    """
    deadline = time.monotonic() + MAX_RETRY_SECONDS
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return work()
        except RETRYABLE as error:
            if attempt == MAX_TRIES or time.monotonic() > deadline:
                raise
            with _guard:
                RETRIES[type(error).__name__] += 1
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 jitter, not secrecy
    message = "unreachable"
    raise AssertionError(message)
