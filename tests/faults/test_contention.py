"""Contention is invisible (P10): commits that the database takes back, and one account that everybody's sales touch."""

import json
import os
import time
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.cli.commands import get
from tests.faults.conftest import Open, open_shop
from tests.faults.effort import either
from tests.faults.servers import Answer, Caller, Server, serving
from verno.kit import db
from verno.verify import service as verify

CLIENTS = 64
SALES = either(quick=8, long=200)
"""Sales of each client."""
LEAST_PER_SECOND = 150
SERIALIZATION, DEADLOCK = 20, 2
"""Commits in a hundred that fail with 40001, and with 40P01."""

TRIGGER = f"""
CREATE FUNCTION test_take_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE dice int := abs(hashint8(pg_current_xact_id()::text::bigint)) % 100;
BEGIN
    IF dice < {SERIALIZATION} THEN
        RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
    ELSIF dice < {SERIALIZATION + DEADLOCK} THEN
        RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
    END IF;
    RETURN NULL;
END $$;
"""
"""Whether a transaction fails is decided by its number: a whole commit fails, or none of it."""
TABLES = ("ledger_transfer", "ledger_operation", "members_member", "kit_event")


@pytest.fixture
def shop(database: str, crowd: None) -> Open:
    return open_shop(CLIENTS, points=1000)


@pytest.fixture
def server(shop: Open) -> Iterator[Server]:
    with serving() as running:
        yield running


def arm() -> None:
    """Have the database fail commits; the triggers fire at the very end of a transaction."""
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute(TRIGGER)
        for table in TABLES:
            owner.execute(
                f"CREATE CONSTRAINT TRIGGER test_take_back AFTER INSERT OR UPDATE ON {table}"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_take_back()"
            )


@pytest.mark.timeout(600)
def test_commits_that_the_database_takes_back_are_invisible(shop: Open, server: Server) -> None:
    arm()

    def till(who: int) -> list[Answer]:
        with Caller(server.port, shop.key) as caller:
            sales = [caller.post("/v1/receipts", receipt(shop, who, turn)) for turn in range(SALES)]
            made = caller.post("/v1/members", {"external_id": f"new-{who}"})
            return [*sales, made]

    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = [answer for told in threads.map(till, range(CLIENTS)) for answer in told]
    assert Tally(answer.status for answer in answers) == {201: len(answers)}
    with db.connect() as conn:
        report = verify.run(conn)
        assert report.ok, report.problems
        assert report.checked["receipts"] == CLIENTS * SALES
        assert report.checked["transfers"] == CLIENTS * SALES + CLIENTS, "one a receipt, and the gifts"
        assert rows(conn, "SELECT count(*) FROM members_member") == [(2 * CLIENTS,)]
        events = rows(conn, "SELECT type, count(*), count(DISTINCT body::text) FROM kit_event GROUP BY 1")
        assert ("receipt.settled.v1", CLIENTS * SALES, CLIENTS * SALES) in events
    tried_again = retries(server)
    assert tried_again["SerializationFailure"] > 0, tried_again


def test_one_account_that_all_points_come_from_holds_nobody_up(shop: Open, server: Server) -> None:
    """The program's own account has no cached balance and is never locked."""

    def till(who: int) -> int:
        with Caller(server.port, shop.key) as caller:
            return sum(caller.post("/v1/receipts", shop.sale(f"{who}-{n}", who)).status == 201 for n in range(SALES))

    with ThreadPoolExecutor(CLIENTS) as threads:
        began = time.monotonic()
        done = sum(threads.map(till, range(CLIENTS)))
        took = time.monotonic() - began
    assert done == CLIENTS * SALES
    assert done / took >= LEAST_PER_SECOND


def receipt(shop: Open, who: int, turn: int) -> dict[str, object]:
    """Return a sale, and every second time one that points pay."""
    return shop.sale(f"{who}-{turn}", who) if turn % 2 else shop.spend(f"{who}-{turn}", who, 1)


def retries(server: Server) -> Tally[str]:
    """Add up what the server's processes say that they have tried again after; each answers for itself."""
    heard = {json.dumps(json.loads(get(server.port, "/healthz")[1])["retries"]) for _ in range(40)}
    return sum((Tally(json.loads(one)) for one in heard), Tally())


def rows(conn: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return list(conn.execute(query).fetchall())
