"""One key, one effect, one answer, for ever (P5): crowds, other bodies, lost answers, another year."""

import json
import os
import threading
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from tests.faults.conftest import Open, open_shop
from tests.faults.proxy import between
from tests.faults.servers import Answer, Caller, Server, serving
from verno.api import receipts
from verno.api.receipts import Call, Reply
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.verify import service as verify

CLIENTS = 64


@pytest.fixture
def shop(database: str, crowd: None) -> Open:
    return open_shop(2)


@pytest.fixture
def server(shop: Open) -> Iterator[Server]:
    with serving() as running:
        yield running


def test_sixty_four_clients_with_one_key_get_one_answer(shop: Open, server: Server) -> None:
    gate = threading.Barrier(CLIENTS)

    def client(_: int) -> Answer:
        with Caller(server.port, shop.key) as caller:
            gate.wait()
            return caller.post("/v1/receipts", shop.sale("one", 0))

    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(client, range(CLIENTS)))
    assert Tally(answer.status for answer in answers) == {201: 1, 200: CLIENTS - 1}
    assert len({answer.body for answer in answers}) == 1
    assert {answer.headers.get("idempotent-replay") for answer in answers if answer.status == 200} == {"true"}
    assert effects() == {"receipts": 1, "transfers": 1, "events": 1}


def test_the_same_key_with_another_amount_is_refused(shop: Open, server: Server) -> None:
    with Caller(server.port, shop.key) as caller:
        first = caller.post("/v1/receipts", shop.sale("one", 0, 10_000))
        for other in (shop.sale("one", 0, 10_001), shop.sale("one", 1), shop.sale("one", 0, till="7")):
            refused = caller.post("/v1/receipts", other)
            assert (refused.status, refused.json().get("type")) == (422, "idempotency-mismatch")
        assert caller.post("/v1/receipts", shop.sale("one", 0, 10_000)).body == first.body
    assert effects() == {"receipts": 1, "transfers": 1, "events": 1}


def test_a_server_killed_between_commit_and_answer_left_an_answer(shop: Open) -> None:
    with (
        between(os.environ["VERNO_DATABASE_URL"]) as proxy,
        serving(VERNO_DATABASE_URL=proxy.address) as server,
        Caller(server.port, shop.key) as caller,
    ):
        assert caller.post("/v1/receipts", shop.sale("before", 0)).status == 201
        proxy.lose_next_commit(server.kill)
        assert caller.post("/v1/receipts", shop.sale("lost", 0)).status == 0
    assert proxy.lost.is_set()
    assert effects() == {"receipts": 2, "transfers": 2, "events": 2}
    answered_as_stored(shop, "lost")


def test_a_commit_whose_answer_was_lost_on_the_way_is_found(shop: Open) -> None:
    """The server lives on, and cannot know: it asks again over another line."""
    with between(os.environ["VERNO_DATABASE_URL"]) as proxy, serving(VERNO_DATABASE_URL=proxy.address) as server:
        with Caller(server.port, shop.key) as caller:
            assert caller.post("/v1/receipts", shop.sale("before", 0)).status == 201
            proxy.lose_next_commit(lambda: None)
            told = caller.post("/v1/receipts", shop.sale("lost", 0))
            assert told.status in {200, 503}
        assert proxy.lost.is_set()
    assert effects() == {"receipts": 2, "transfers": 2, "events": 2}
    assert told.status == 503 or told.body == stored("lost")
    answered_as_stored(shop, "lost")


def test_the_same_answer_after_four_hundred_days(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    first = post(shop, shop.key)
    monkeypatch.setattr(clock, "read", lambda: system_now() + timedelta(days=400))
    assert post(shop, shop.key).status == 401, "API keys live for a year"
    again = post(shop, shop.another_key())
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert effects() == {"receipts": 1, "transfers": 1, "events": 1}


def post(shop: Open, key: str, number: str = "one") -> Reply:
    """Post through another server: this process, whose clock can be moved."""
    raw = json.dumps(shop.sale(number, 0)).encode()
    return receipts.post_receipt(Call(f"Bearer {key}", "application/json", None, lambda most: raw[:most]))


def answered_as_stored(shop: Open, number: str) -> None:
    """Ask another server twice; both answers are the bytes that lie with the receipt, and nothing more happens."""
    before = effects()
    again = [post(shop, shop.key, number) for _ in range(2)]
    assert [answer.status for answer in again] == [200, 200]
    assert {answer.body for answer in again} == {stored(number)}
    assert effects() == before


def stored(number: str) -> bytes:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        row = owner.execute("SELECT answer FROM intake_receipt WHERE number = %s", (number,)).fetchone()
    assert row
    return row[0].encode() if isinstance(row[0], str) else bytes(row[0])


def effects() -> dict[str, int]:
    """Count what happened; the books must be in order."""
    with db.connect() as conn:
        report = verify.run(conn)
        assert report.ok, report.problems
        ask = partial(count, conn)
        return {"receipts": ask("intake_receipt"), "transfers": ask("ledger_transfer"), "events": ask("kit_event")}


def count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row
    return int(row[0])
