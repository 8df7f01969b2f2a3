"""Nobody spends a point twice (P2): sixty-four tills, one member, a thousand points, through every door there is."""

import random
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.faults.conftest import Open, give, open_shop
from tests.faults.effort import either
from tests.faults.servers import Answer, Caller, Server, serving
from verno.kit import db
from verno.kit.clock import clock
from verno.ledger import service as ledger
from verno.verify import service as verify

CLIENTS = 64
POINTS = 1000
PRICE = 100
ROUNDS = either(quick=4, long=50)
GIFT = 307
"""What is given on top, and ends in mid-crowd."""
P99_SECONDS = 3.0
SEED = either(quick=2, long=random.randrange(2**31))

STANDS = """
SELECT a.available, a.held, (SELECT coalesce(sum(t.amount), 0)::bigint FROM ledger_transfer t
    WHERE t.holder_id = a.holder_id AND t.kind = 'expire')
FROM ledger_account a WHERE a.holder_id = %s
"""

Door = Callable[[Caller, Open, int, str], tuple[Answer, int]]
"""Tries to take ``PRICE`` points from a member under a name; returns the last answer and how many points it took."""


@pytest.fixture
def shop(database: str, crowd: None) -> Open:
    made = open_shop(ROUNDS + 1, points=POINTS)
    made.set("transfers.between_members", True)
    return made


@pytest.fixture
def server(shop: Open) -> Iterator[Server]:
    with serving() as running:
        yield running


def rush(server: Server, shop: Open, doors: Sequence[Door], who: int) -> list[tuple[Answer, int, float]]:
    """Send 64 clients through doors at one moment: answers, points taken, seconds."""
    gate = threading.Barrier(CLIENTS)

    def client(number: int) -> tuple[Answer, int, float]:
        with Caller(server.port, shop.key) as caller:
            caller.get("/healthz")
            gate.wait()
            began = time.monotonic()
            answer, taken = doors[number](caller, shop, who, f"{who}-{number}")
            return answer, taken, time.monotonic() - began

    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(client, range(CLIENTS)))


def spend(caller: Caller, shop: Open, who: int, name: str) -> tuple[Answer, int]:
    answer = caller.post("/v1/receipts", shop.spend(name, who, PRICE))
    return answer, PRICE * (answer.status == 201)


def hold_and_capture(caller: Caller, shop: Open, who: int, name: str) -> tuple[Answer, int]:
    answer = caller.post("/v1/receipts", shop.spend(name, who, PRICE, hold=True))
    if answer.status != 201:
        return answer, 0
    answer = caller.post(f"/v1/receipts/msk-1~~{name}:capture", {})
    assert answer.status == 200, answer
    return answer, PRICE


def hold_and_cancel(caller: Caller, shop: Open, who: int, name: str) -> tuple[Answer, int]:
    answer = caller.post("/v1/receipts", shop.spend(name, who, PRICE, hold=True))
    if answer.status != 201:
        return answer, 0
    answer = caller.post(f"/v1/receipts/msk-1~~{name}:cancel", {})
    assert answer.status == 200, answer
    return answer, 0


def adjust(caller: Caller, shop: Open, who: int, name: str) -> tuple[Answer, int]:
    body = {"unit": "points", "points": -PRICE, "reason": "correction"}
    answer = caller.post(f"/v1/members/{shop.members[who]}/adjustments", body, **{"Idempotency-Key": name})
    return answer, PRICE * (answer.status == 201)


def send(caller: Caller, shop: Open, who: int, name: str) -> tuple[Answer, int]:
    body = {"to": {"external_id": f"m-{ROUNDS}"}, "unit": "points", "points": PRICE}
    answer = caller.post(f"/v1/members/{shop.members[who]}/transfers", body, **{"Idempotency-Key": name})
    return answer, PRICE * (answer.status == 201)


@pytest.mark.timeout(900)
def test_sixty_four_tills_spend_exactly_what_there_is(shop: Open, server: Server) -> None:
    waits: list[float] = []
    for who in range(ROUNDS):
        done = rush(server, shop, [spend] * CLIENTS, who)
        assert Tally(kind(answer) for answer, _, _ in done) == {"201": 10, "insufficient-points": 54}
        assert stands(shop, who) == (0, 0, 0), "nothing is left over"
        waits += [seconds for _, _, seconds in done]
    assert sorted(waits)[int(0.99 * len(waits))] < P99_SECONDS


DOORS: tuple[Door, ...] = (spend, hold_and_capture, hold_and_cancel, adjust, send)


@pytest.mark.timeout(900)
def test_mixed_doors_take_no_more_than_there_is_while_points_expire(shop: Open, server: Server) -> None:
    dice = random.Random(SEED)
    had = POINTS + GIFT
    for who in range(ROUNDS):
        with db.connect() as conn:
            give(conn, shop.shop, [shop.members[who]], GIFT, expires_at=clock.now() + timedelta(seconds=0.3))
        with sweeping(shop):
            done = rush(server, shop, dice.choices(DOORS, k=CLIENTS), who)
        heard = Tally(kind(answer) for answer, _, _ in done)
        assert heard.keys() <= {"200", "201", "insufficient-points"}, f"seed {SEED}: {heard}"
        taken = sum(points for _, points, _ in done)
        available, held, expired = stands(shop, who)
        assert (available, held) == (had - taken - expired, 0), f"seed {SEED}: {heard}"


def stands(shop: Open, who: int) -> tuple[int, int, int]:
    """Return what a member has, what is held, and what has expired; the books must be in order."""
    with db.connect() as conn:
        report = verify.run(conn)
        assert report.ok, report.problems
        row = conn.execute(STANDS, (shop.members[who],)).fetchone()
    assert row
    return row[0], row[1], row[2]


@contextmanager
def sweeping(shop: Open) -> Iterator[None]:
    """Let the sweep of what time changes run all the while."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            with db.connect() as conn:
                ledger.settle_due(conn, shop.shop.program.id, now=clock.now())
                conn.commit()

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(sweep)
        try:
            yield
        finally:
            over.set()
        running.result()


def kind(answer: Answer) -> str:
    """Return an answer in a word."""
    return str(answer.status) if answer.status < 400 else str(answer.json()["type"])
