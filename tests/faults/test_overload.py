"""Overload degrades, it does not hang (P23): a locked table, no connection to be had, a database that refuses."""

import os
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import psycopg
import pytest
from psycopg import sql

from tests.cli.commands import get, wait_for
from tests.faults.conftest import Open, open_shop
from tests.faults.effort import either
from tests.faults.servers import Answer, Caller, Server, serving

CALLERS = either(quick=32, long=64)
LOCKED_SECONDS = either(quick=4.0, long=30.0)
REFUSED_SECONDS = either(quick=3.0, long=60.0)
LONGEST_ANSWER = 2.5
BUSY_MACHINE = 1.0
"""What one answer in a hundred may take longer: the callers' own threads share two cores with all other tests."""
HEALTHY_SECONDS = 5.0
FEW_THREADS = 6
"""Threads that may come and go with a pool's own workers."""
TABLES = {"ledger_account": False, "members_member": False, "intake_receipt_claim": True}
"""Tables that are locked, and whether who only reads a balance does without them."""


@dataclass
class Heard:
    """What all callers heard, and how long each answer took."""

    answers: list[tuple[float, Answer]] = field(default_factory=list)

    def add(self, ask: Callable[[], Answer]) -> None:
        """Ask and note."""
        began = time.monotonic()
        answer = ask()
        self.answers.append((time.monotonic() - began, answer))

    def statuses(self) -> Tally[int]:
        """Count the answers by their status."""
        return Tally(answer.status for _, answer in self.answers)

    def leave_out_readers(self) -> None:
        """Check that who reads was served as ever, and speak of the others from here on."""
        served = [one for one in self.answers if one[1].status == 200]
        assert len(served) > CALLERS
        assert max(seconds for seconds, _ in served) <= LONGEST_ANSWER
        self.answers = [one for one in self.answers if one[1].status != 200]

    def waits(self) -> list[float]:
        """Return how long each answer took, the shortest first."""
        return sorted(seconds for seconds, _ in self.answers)


@pytest.fixture
def shop(database: str, crowd: None) -> Open:
    return open_shop(CALLERS)


@pytest.fixture
def server(shop: Open) -> Iterator[Server]:
    with serving() as running:
        yield running


@contextmanager
def besieged(server: Server, shop: Open) -> Iterator[Heard]:
    """Have 64 callers ask without pause: half of them post sales, the others read."""
    heard = Heard()
    over = threading.Event()

    def call(number: int) -> None:
        with Caller(server.port, shop.key) as caller:
            numbers = (f"{number}-{turn}" for turn in count())
            while not over.is_set():
                if number % 2:
                    heard.add(lambda: caller.post("/v1/receipts", shop.sale(next(numbers), number)))
                else:
                    heard.add(lambda: caller.get(f"/v1/members/{shop.members[number]}/balance"))
                time.sleep(0.05)

    with ThreadPoolExecutor(CALLERS) as threads:
        calls = [threads.submit(call, number) for number in range(CALLERS)]
        try:
            yield heard
        finally:
            over.set()
        for done in calls:
            done.result()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("table", either(quick=list(TABLES)[:1], long=list(TABLES)))
def test_a_locked_table_costs_nobody_more_than_two_and_a_half_seconds(shop: Open, server: Server, table: str) -> None:
    healthy(server, shop)
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(table)))
        with besieged(server, shop) as heard:
            time.sleep(1)
            before = server.threads()
            began = time.monotonic()
            assert get(server.port, "/healthz", timeout=LONGEST_ANSWER)[0] == 200, "alive, though not able"
            time.sleep(max(0.0, began + LOCKED_SECONDS - time.monotonic()))
            assert server.threads() <= before + FEW_THREADS
        owner.rollback()
        if TABLES[table]:
            heard.leave_out_readers()
        refused(heard)
        healthy(server, shop)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["CONNECTION LIMIT 0", "ALLOW_CONNECTIONS false"])
def test_a_database_that_takes_nobody_in_is_503_and_health_returns(shop: Open, server: Server, how: str) -> None:
    """The first is what ``max_connections`` says (SQLSTATE 53300), the second a server that goes down or comes up."""
    healthy(server, shop)
    with elsewhere() as owner:
        owner.execute(f"ALTER DATABASE {name()} {how}")
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name(),))
        with besieged(server, shop) as heard:
            began = time.monotonic()
            assert get(server.port, "/healthz", timeout=LONGEST_ANSWER)[0] == 200
            time.sleep(max(0.0, began + REFUSED_SECONDS - time.monotonic()))
        owner.execute(f"ALTER DATABASE {name()} CONNECTION LIMIT -1 ALLOW_CONNECTIONS true")
        refused(heard)
        healthy(server, shop)


def name() -> str:
    """Return the name of the test's database."""
    return os.environ["VERNO_DATABASE_URL"].rpartition("/")[2].partition("?")[0]


@contextmanager
def elsewhere() -> Iterator[psycopg.Connection]:
    """Give the owner's connection to another database of the server."""
    address = os.environ["VERNO_OWNER_URL"].replace(f"/{name()}?", "/postgres?")
    with psycopg.connect(address, autocommit=True) as conn:
        yield conn


def refused(heard: Heard) -> None:
    """Check that everybody was told to come again, in time."""
    assert heard.statuses() == {503: len(heard.answers)}
    assert all(answer.headers["retry-after"] == "1" for _, answer in heard.answers)
    assert all(answer.json()["retryable"] is True for _, answer in heard.answers)
    assert len(heard.answers) > CALLERS
    waits = heard.waits()
    assert waits[int(0.99 * len(waits))] <= LONGEST_ANSWER + either(quick=BUSY_MACHINE, long=0.0)
    assert waits[-1] <= LONGEST_ANSWER + either(quick=1.3, long=1.0) * BUSY_MACHINE


def healthy(server: Server, shop: Open) -> None:
    """Wait until everything is served again, without anybody's help."""

    def serves() -> bool:
        with Caller(server.port, shop.key) as caller:
            sold = caller.post("/v1/receipts", shop.sale(f"h-{time.monotonic_ns()}", 0)).status
            return (sold, caller.get(f"/v1/members/{shop.members[0]}/balance").status) == (201, 200)

    wait_for("served again", HEALTHY_SECONDS, serves)
