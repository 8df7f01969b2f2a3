"""Many tills at once: no overspend, one posting for one key, no deadlock (P2, P5, P10)."""

import fcntl
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from tests.engine.bookkeeper import in_short
from verno.kit import config, db
from verno.ledger import service
from verno.ledger.types import Earn, Entry, Operation, Refusal, Spend
from verno.verify import service as verify
from verno.verify.types import Report

CLIENTS = 64
P99_SECONDS = 3.0


@pytest.fixture(autouse=True)
def _one_crowd_at_a_time() -> Iterator[None]:
    """Two crowds of 64 are more than the run's one server has connections for."""
    with (config.home() / "crowd.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def at_once(work: Callable[[psycopg.Connection, int], tuple[str, str]]) -> tuple[list[tuple[str, str]], list[float]]:
    """Run ``work`` on 64 connections of their own that start together; return answers and seconds."""
    gate = threading.Barrier(CLIENTS)
    answers: list[tuple[str, str]] = []
    seconds: list[float] = []

    def client(number: int) -> None:
        with db.connect() as conn:
            gate.wait()
            started = time.monotonic()
            answer = work(conn, number)
            conn.commit()
            seconds.append(time.monotonic() - started)
            answers.append(answer)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, sorted(seconds)


def answer(conn: psycopg.Connection, shop: Shop, operation: Operation) -> tuple[str, str]:
    kind, detail, _ = in_short(service.post(conn, shop.program.id, [operation], now=NOW)[0])
    return kind, detail


def open_shop(*gifts: tuple[str, int]) -> Shop:
    with db.connect() as conn:
        shop = make_shop(conn)
        operations = [
            Operation(f"gift/{who}", holder(), who, "00", (Earn(who, shop.unit.id, points, NOW),))
            for who, points in gifts
        ]
        service.post(conn, shop.program.id, operations, now=NOW)
    return shop


def books() -> Report:
    with db.connect() as conn:
        return verify.run(conn)


def test_sixty_four_tills_cannot_overspend(database: str) -> None:
    who = holder()
    shop = open_shop((who, 1000))

    def spend(conn: psycopg.Connection, number: int) -> tuple[str, str]:
        operation = Operation(f"s{number}", holder(), who, "00", (Spend(who, shop.unit.id, 100, NOW),))
        kind, detail = answer(conn, shop, operation)
        return kind, detail if kind == "refused" else ""

    answers, seconds = at_once(spend)
    assert Counter(answers) == {("posted", ""): 10, ("refused", Refusal.INSUFFICIENT_POINTS): 54}
    assert seconds[int(0.99 * len(seconds))] < P99_SECONDS
    assert books().ok


def test_sixty_four_clients_with_one_key_make_one_posting(database: str) -> None:
    who, id_ = holder(), holder()
    shop = open_shop()
    operation = Operation("the-key", id_, who, "00", (Earn(who, shop.unit.id, 7, NOW),))
    answers, _ = at_once(lambda conn, _: answer(conn, shop, operation))
    assert Counter(answers) == {("posted", id_): 1, ("replayed", id_): 63}
    report = books()
    assert report.ok
    assert report.checked["transfers"] == 1


def test_batches_in_any_order_of_members_end_without_a_deadlock(database: str) -> None:
    old, new = [holder() for _ in range(10)], [holder() for _ in range(10)]
    shop = open_shop(*((who, 10_000) for who in old))

    def mix(conn: psycopg.Connection, number: int) -> tuple[str, str]:
        dice = random.Random(number)
        for turn in range(4):
            people = dice.sample(old + new, 8)
            operations = [
                Operation(f"{number}/{turn}/{who}", holder(), who, "00", (entry(dice, shop, who),)) for who in people
            ]
            service.post(conn, shop.program.id, operations, now=NOW + timedelta(seconds=turn))
            conn.commit()
        return "done", ""

    answers, _ = at_once(mix)
    assert len(answers) == CLIENTS, "a client died of a database error"
    report = books()
    assert report.ok, report.problems


def entry(dice: random.Random, shop: Shop, who: str) -> Entry:
    """Return an earn or a small spend."""
    if dice.random() < 0.5:
        return Earn(who, shop.unit.id, 5, NOW, expires_at=NOW + timedelta(seconds=dice.randrange(1, 5)))
    return Spend(who, shop.unit.id, 1, NOW)
