"""Hard limits under a crowd: never exceeded at any moment, and no place in them is lost (P8).

500 attempts by 300 members, over connections of their own. A third of what is reserved is cancelled, a third is
captured, often in part, a third is left to lapse. All the while a reader adds up what counts, snapshot after snapshot.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from tests.builders import make_shop
from tests.faults.effort import either
from tests.limits.builders import limit, setup, uneven, use
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id, new_ids
from verno.limits import service
from verno.limits.types import Figures, Limit, Use

CLIENTS = 32
ATTEMPTS = 500
MEMBERS = 300
MOST = 100
BUDGET = 4000
ROUNDS = either(1, 20)

LIVING = """
SELECT limit_id::text, subject, sum(amount)::bigint FROM limits_use
WHERE until IS NULL OR until > %s
GROUP BY limit_id, subject
"""


class Shop:
    """A program with three hard limits: 100 receipts in all, one a member, a budget of points."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        with db.connect() as conn:
            self.program = make_shop(conn).program.id
            wanted = limit("program", most=MOST), limit("member", most=1), limit("program", "spent", most=BUDGET)
            self.limits: tuple[Limit, ...] = setup(conn, self.program, *wanted)
        self.most = {one.id: one.most for one in self.limits}
        self.at = clock.now()
        self.members = new_ids(MEMBERS, now=self.at)
        self.captured: list[Use] = []
        self.answers: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.failures: list[object] = []

    def hold(self, conn: psycopg.Connection, one: Use) -> bool:
        """Reserve in a transaction of its own, as a door does: tried again as a whole when the database asks for it."""

        def once() -> bool:
            with conn.transaction():
                desk = service.open_counters(conn, self.program, self.limits, [one], now=clock.now())
                admitted = desk.admit(one) is None
                desk.write(conn)
            return admitted

        return db.retrying(once)

    def capture(self, conn: psycopg.Connection, one: Use, points: int) -> bool:
        def once() -> bool:
            with conn.transaction():
                actual = {one.operation_id: Figures(1, spent={"points": points})}
                return not service.confirm(conn, self.program, self.limits, actual, now=clock.now())

        return db.retrying(once)

    def cancel(self, conn: psycopg.Connection, one: Use) -> None:
        def once() -> None:
            with conn.transaction():
                service.free(conn, self.program, self.limits, [one.operation_id], now=clock.now())

        db.retrying(once)

    def attempt(self, conn: psycopg.Connection, who: str, what: str, points: int, seconds: float) -> str:
        """Reserve for a member and do ``what`` with it; return what became of it."""
        now = clock.now()
        until = now + timedelta(seconds=seconds if what == "lapse" else 600)
        one = use(who, key=new_id(now=now), at=self.at, spent={"points": points}, until=until)
        if not self.hold(conn, one):
            return "refused"
        if what == "cancel":
            self.cancel(conn, one)
        if what == "capture":
            assert self.capture(conn, one, points // 2 + 1), "a capture in time always passes"
            self.captured.append(one)
        return what

    def client(self, work: Iterator[tuple[str, str, int, float]], guard: threading.Lock) -> None:
        try:
            with db.connect_for_batches() as conn:
                while True:
                    with guard:
                        job = next(work, None)
                    if job is None:
                        return
                    self.answers[self.attempt(conn, *job)] += 1
        except Exception as error:  # noqa: BLE001 the test's own thread must hear of it
            self.failures.append(error)

    def watch(self, stop: threading.Event) -> None:
        """Add up what counts, again and again; keep what was too much."""
        with db.connect() as conn:
            conn.autocommit = True
            while not stop.is_set():
                for limit_id, subject, used in conn.execute(LIVING, (clock.now(),)).fetchall():
                    self.seen["looks"] += 1
                    if used > self.most[limit_id]:
                        self.failures.append((self.most[limit_id], subject, used))

    def living(self) -> dict[tuple[str, str], int]:
        """Return what counts once all reservations of moments are over."""
        with db.connect() as conn:
            rows = conn.execute(LIVING, (clock.now() + timedelta(seconds=1),)).fetchall()
            assert uneven(conn) == []
        return {(limit_id, subject): used for limit_id, subject, used in rows if used}


@pytest.mark.usefixtures("database", "crowd")
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_hard_limits_hold_in_a_crowd_and_lose_no_place(seed: int) -> None:
    shop = Shop(seed)
    everything, each, budget = (one.id for one in shop.limits)
    jobs = iter(
        [
            (shop.draw.choice(shop.members), ("cancel", "capture", "lapse")[i % 3], shop.draw.randint(20, 80), 0.02)
            for i in range(ATTEMPTS)
        ]
    )
    guard, stop = threading.Lock(), threading.Event()
    watcher = threading.Thread(target=shop.watch, args=(stop,))
    clients = [threading.Thread(target=shop.client, args=(jobs, guard)) for _ in range(CLIENTS)]
    watcher.start()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    stop.set()
    watcher.join()
    assert shop.failures == []
    assert shop.seen["looks"] > 100
    assert shop.answers.total() == ATTEMPTS
    assert min(shop.answers[what] for what in ("cancel", "capture", "lapse", "refused")) > 0, shop.answers

    living = shop.living()
    assert living[everything, ""] == len(shop.captured) == shop.answers["capture"]
    assert all(used == 1 for (limit_id, _), used in living.items() if limit_id == each)
    with db.connect() as conn:
        for one in shop.draw.sample(shop.captured, len(shop.captured) // 3):
            shop.cancel(conn, one)
    living = shop.living()
    fill_up(shop, MOST - living[everything, ""], BUDGET - living[budget, ""])


@pytest.mark.usefixtures("database", "crowd")
def test_batches_wait_for_each_other_and_never_in_a_circle() -> None:
    """Nobody tries again here: a deadlock would be a failure. Each batch names few members, in an order of its own."""
    shop = Shop(seed=1)
    with db.connect() as conn:
        wanted = limit("member", most=10**6), limit("program", "spent", most=10**6), limit("till", most=3, hard=False)
        shop.limits = setup(conn, shop.program, *wanted)

    def client(number: int) -> None:
        draw = random.Random(number)
        mine: list[str] = []
        try:
            with db.connect_for_batches() as conn:
                for _ in range(either(15, 150)):
                    uses = [
                        use(draw.choice(shop.members[:9]), key=key, at=shop.at, spent={"points": 1}, till=f"{i % 5}")
                        for i, key in enumerate(new_ids(20, now=clock.now()))
                    ]
                    gone = draw.sample(mine, min(len(mine), 5))
                    with conn.transaction():
                        desk = service.open_counters(conn, shop.program, shop.limits, uses, known=gone, now=clock.now())
                        for operation_id in gone:
                            desk.free(operation_id)
                        assert [desk.admit(one) for one in uses] == [None] * len(uses)
                        desk.write(conn)
                    mine = [*(one for one in mine if one not in gone), *(one.operation_id for one in uses)]
            shop.answers["left"] += len(mine)
        except Exception as error:  # noqa: BLE001 the test's own thread must hear of it
            shop.failures.append(error)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert shop.failures == []
    budget = next(one.id for one in shop.limits if one.measure == "spent")
    assert shop.living()[budget, ""] == shop.answers["left"]


def fill_up(shop: Shop, places: int, points: int) -> None:
    """Whoever has no use left gets one, until not a place and not a point is free: none was lost."""
    served = {subject for _, subject in shop.living()}
    free = [member for member in shop.members if member not in served]
    later = clock.now() + timedelta(seconds=1)
    last = [use(None, at=shop.at, receipts=0, spent={"points": n}) for n in (points + 1, points, 1)]
    uses = [*(use(who, at=shop.at) for who in free[: places + 1]), *last]
    with db.connect() as conn:
        desk = service.open_counters(conn, shop.program, shop.limits, uses, now=later)
        answers = [desk.admit(one) is None for one in uses]
    assert answers == [*[True] * places, False, False, True, False]
    assert places > 0
    assert points > 0
