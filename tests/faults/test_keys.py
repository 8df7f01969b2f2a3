"""One key, one effect, one answer, for ever (P5): crowds, other bodies, lost answers, another year."""

import json
import os
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.faults.conftest import Open, open_shop
from tests.faults.proxy import between
from tests.faults.servers import Answer, Caller, Server, serving
from verno.api import receipts
from verno.api.receipts import Call, Reply
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.verify import service as verify

CLIENTS = 64
MEMBERS = 20
POINTS = 10
"""What each member has, and each door takes to the last: who asks again must not hear that nothing is left."""
TABLES = (
    *("ledger_transfer", "ledger_operation", "ledger_lot", "ledger_lot_move", "ledger_hold"),
    *("intake_receipt", "intake_receipt_claim", "kit_event"),
)
Ask = Callable[[Caller], Answer]
Door = Callable[[Open, Caller, str, int], Ask]
"""Prepares a call under a name for a member, and returns what makes it."""


@pytest.fixture
def shop(database: str, crowd: None) -> Iterator[Open]:
    """A shop whose books are in order afterwards."""
    made = open_shop(MEMBERS, points=POINTS)
    made.set("transfers.between_members", value=True)
    yield made
    with db.connect() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems


@pytest.fixture
def server(shop: Open) -> Iterator[Server]:
    with serving() as running:
        yield running


def sale(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    return lambda one: one.post("/v1/receipts", shop.sale(name, who))


def spend(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    return lambda one: one.post("/v1/receipts", shop.spend(name, who, POINTS))


def hold(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    return lambda one: one.post("/v1/receipts", shop.spend(name, who, POINTS, hold=True))


def capture(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    assert hold(shop, caller, name, who)(caller).status == 201
    return lambda one: one.post(f"/v1/receipts/msk-1~~{name}:capture", {"fiscal_number": "7"})


def cancel(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    assert hold(shop, caller, name, who)(caller).status == 201
    return lambda one: one.post(f"/v1/receipts/msk-1~~{name}:cancel", {})


def give_back(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    assert sale(shop, caller, name, who)(caller).status == 201
    original = {"place": "msk-1", "number": name}
    body = {"number": f"back-{name}", "place": "msk-1", "at": NOW.isoformat(), "original": original}
    return lambda one: one.post("/v1/returns", body)


def claim(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    stranger = shop.sale(name, who, member={"external_id": "nobody"})
    assert caller.post("/v1/receipts", stranger).json()["status"] == "unmatched"
    return lambda one: one.post(f"/v1/receipts/msk-1~~{name}:claim", {"member": {"external_id": f"m-{who}"}})


def adjust(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    body = {"unit": "points", "points": -POINTS, "reason": "correction"}
    path = f"/v1/members/{shop.members[who]}/adjustments"
    return lambda one: one.post(path, body, **{"Idempotency-Key": name})


def send(shop: Open, caller: Caller, name: str, who: int) -> Ask:
    body = {"to": {"external_id": f"m-{MEMBERS - 1}"}, "unit": "points", "points": POINTS}
    path = f"/v1/members/{shop.members[who]}/transfers"
    return lambda one: one.post(path, body, **{"Idempotency-Key": name})


DOORS: tuple[Door, ...] = (sale, spend, hold, capture, cancel, give_back, claim, adjust, send)


def test_sixty_four_clients_with_one_key_get_one_answer_at_every_door(shop: Open, server: Server) -> None:
    for number, door in enumerate(DOORS):
        with Caller(server.port, shop.key) as caller:
            ask = door(shop, caller, f"one-{number}", number)
        before = effects()
        answers = crowd_of(server, shop, ask)
        assert len({answer.body for answer in answers}) == 1, door.__name__
        replays = Tally(answer.headers.get("idempotent-replay") for answer in answers)
        assert replays == {None: 1, "true": CLIENTS - 1}, door.__name__
        assert {answer.status for answer in answers} <= {200, 201}
        assert effects() - before == once(server, shop, door, number), door.__name__


def crowd_of(server: Server, shop: Open, ask: Ask) -> list[Answer]:
    """Ask the same 64 times at one moment."""
    gate = threading.Barrier(CLIENTS)

    def client(_: int) -> Answer:
        with Caller(server.port, shop.key) as caller:
            gate.wait()
            return ask(caller)

    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(client, range(CLIENTS)))


def once(server: Server, shop: Open, door: Door, number: int) -> Tally[str]:
    """Let the same happen once to another member; return its effects."""
    with Caller(server.port, shop.key) as caller:
        ask = door(shop, caller, f"control-{number}", len(DOORS) + number)
        before = effects()
        assert ask(caller).status in {200, 201}
    return effects() - before


def test_the_same_key_with_another_amount_is_refused(shop: Open, server: Server) -> None:
    with Caller(server.port, shop.key) as caller:
        first = caller.post("/v1/receipts", shop.sale("one", 0, 10_000))
        for other in (shop.sale("one", 0, 10_001), shop.sale("one", 1), shop.sale("one", 0, till="7")):
            refused = caller.post("/v1/receipts", other)
            assert (refused.status, refused.json().get("type")) == (422, "idempotency-mismatch")
        assert caller.post("/v1/receipts", shop.sale("one", 0, 10_000)).body == first.body
    assert effects()["intake_receipt"] == effects()["kit_event"] == 1


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
    assert effects()["intake_receipt"] == effects()["kit_event"] == 2
    answered_as_stored(shop, "lost")


def test_a_commit_whose_answer_was_lost_on_the_way_is_found_at_every_door(shop: Open) -> None:
    """The server lives on, and cannot know: it asks again over another line, or has the caller ask again."""
    with (
        between(os.environ["VERNO_DATABASE_URL"]) as proxy,
        serving(VERNO_DATABASE_URL=proxy.address) as server,
        Caller(server.port, shop.key) as caller,
    ):
        for number, door in enumerate(DOORS):
            ask = door(shop, caller, f"lost-{number}", number)
            before = effects()
            proxy.lose_next_commit(lambda: None)
            told = [ask(caller) for _ in range(3)]
            assert proxy.lost.is_set(), door.__name__
            assert {answer.status for answer in told} <= {200, 201, 503}, door.__name__
            assert told[-1].headers.get("idempotent-replay") == "true", door.__name__
            assert len({answer.body for answer in told if answer.status != 503}) == 1, door.__name__
            assert effects() - before == once(server, shop, door, number), door.__name__


def test_the_same_answer_after_four_hundred_days(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    first = post(shop, shop.key)
    monkeypatch.setattr(clock, "read", lambda: system_now() + timedelta(days=400))
    assert post(shop, shop.key).status == 401, "API keys live for a year"
    again = post(shop, shop.another_key())
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert effects()["intake_receipt"] == effects()["kit_event"] == 1


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


def effects() -> Tally[str]:
    """Count what has happened, table by table."""
    with db.connect() as conn:
        row = conn.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)).fetchone()
    assert row
    return Tally(dict(zip(TABLES, row, strict=True)))
