"""A hold ends once (P7): captures, releases and the sweep of lapsed holds, all fired at the same holds at once."""

import random
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from tests.faults.effort import either
from verno.kit import db
from verno.ledger import service
from verno.ledger.types import Capture, Earn, Entry, Hold, Operation, Posted, Refusal, Refused, Release, Result, Spend
from verno.verify import service as verify

HOLDS = either(quick=1000, long=5000)
PER_MEMBER = 4
POINTS = 10
"""Points of a hold."""
CLIENTS = 16
ENOUGH_SNAPSHOTS = 5
LATE = NOW + timedelta(hours=1)
"""When every hold has lapsed; the sweep's clock runs ahead of the tills'."""

TOTALS = """
SELECT a.holder_id::text, a.available, a.held, t.net, h.open, l.remaining, l.held
FROM ledger_account a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN credit_account_id = a.id THEN amount ELSE -amount END), 0) AS net
    FROM ledger_transfer WHERE holder_id = a.holder_id
) t
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS open FROM ledger_hold WHERE holder_id = a.holder_id AND state = 'open'
) h
CROSS JOIN LATERAL (
    SELECT coalesce(sum(remaining), 0) AS remaining, coalesce(sum(held), 0) AS held
    FROM ledger_lot WHERE holder_id = a.holder_id
) l
WHERE a.kind = 'member'
"""
"""One statement sees one moment."""


@dataclass(frozen=True)
class Held:
    """A hold that was placed: by operation ``id`` on ``who``'s points, of which ``part`` will be captured."""

    id: str
    who: str
    part: int


@pytest.fixture
def shop(database: str, crowd: None) -> Shop:
    with db.connect() as conn:
        made = make_shop(conn)
        conn.commit()
    return made


def post(conn: psycopg.Connection, shop: Shop, key: str, id_: str, *entries: Entry) -> Result:
    (result,) = service.post(conn, shop.program.id, [Operation(key, id_, entries[0].holder_id, "00", entries)], now=NOW)
    conn.commit()
    return result


def place(shop: Shop, dice: random.Random, *, spare: int) -> list[Held]:
    """Give members points and set all but ``spare`` aside; the holds lapse in no order."""
    held = [
        Held(holder(), who, dice.randint(0, POINTS)) for who in _people(HOLDS // PER_MEMBER) for _ in range(PER_MEMBER)
    ]
    unit = shop.unit.id
    with db.connect() as conn:
        gifts = [
            Operation(f"e/{who}", holder(), who, "00", (Earn(who, unit, POINTS * PER_MEMBER + spare, NOW),))
            for who in dict.fromkeys(one.who for one in held)
        ]
        holds = [
            Operation(
                f"h/{one.id}", one.id, one.who, "00",
                (Hold(one.who, unit, POINTS, NOW, NOW + timedelta(seconds=dice.randint(1, 3000))),),
            )
            for one in held
        ]  # fmt: skip
        done = service.post(conn, shop.program.id, [*gifts, *holds], now=NOW)
        assert all(isinstance(result, Posted) for result in done)
        conn.commit()
    return held


def _people(count: int) -> list[str]:
    return [holder() for _ in range(count)]


class Tills:
    """Connections that take jobs from one shuffled list."""

    def __init__(self, shop: Shop, held: Sequence[Held]) -> None:
        self.shop, self.unit = shop, shop.unit.id
        self.captured: Tally[str] = Tally()
        self.released: Tally[str] = Tally()
        self.reasons: Tally[str] = Tally()
        self.errors: list[psycopg.Error] = []
        self.held = held
        self.lock = threading.Lock()

    def jobs(self, dice: random.Random) -> list[Callable[[psycopg.Connection], None]]:
        jobs: list[Callable[[psycopg.Connection], None]] = []
        for one in self.held:
            jobs += [self.capture(one, "a"), self.capture(one, "b"), self.release(one, "a"), self.release(one, "b")]
        jobs += [self.sweep] * (len(self.held) // PER_MEMBER // 2)
        dice.shuffle(jobs)
        return jobs

    def capture(self, one: Held, tag: str) -> Callable[[psycopg.Connection], None]:
        def job(conn: psycopg.Connection) -> None:
            entry = Capture(one.who, self.unit, one.part, NOW, one.id)
            self.note(self.captured, one, post(conn, self.shop, f"c/{tag}/{one.id}", holder(), entry))

        return job

    def release(self, one: Held, tag: str) -> Callable[[psycopg.Connection], None]:
        def job(conn: psycopg.Connection) -> None:
            entry = Release(one.who, self.unit, NOW, one.id)
            result = post(conn, self.shop, f"r/{tag}/{one.id}", holder(), entry)
            if isinstance(result, Refused) or (isinstance(result, Posted) and result.moved == (POINTS,)):
                self.note(self.released, one, result)

        return job

    def note(self, winners: Tally[str], one: Held, result: Result) -> None:
        with self.lock:
            if isinstance(result, Refused):
                self.reasons[result.reason] += 1
            else:
                winners[one.id] += 1

    def sweep(self, conn: psycopg.Connection) -> None:
        service.settle_due(conn, self.shop.program.id, now=LATE, limit=1)
        conn.commit()

    def run(self, dice: random.Random) -> None:
        jobs = self.jobs(dice)

        def client(number: int) -> None:
            with db.connect() as conn:
                for job in jobs[number::CLIENTS]:
                    try:
                        job(conn)
                    except psycopg.Error as error:
                        conn.rollback()
                        self.errors.append(error)

        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(client, range(CLIENTS)))


@contextmanager
def watched() -> Iterator[list[int]]:
    """Take snapshots all the while: in each, held and available are all there is. Yields their sizes."""
    sizes: list[int] = []
    wrong: list[object] = []
    stop = threading.Event()

    def watch() -> None:
        with db.connect() as conn:
            while not stop.is_set():
                rows = conn.execute(TOTALS).fetchall()
                conn.commit()
                sizes.append(len(rows))
                wrong.extend(
                    row
                    for row in rows
                    for _, available, held, net, open_, remaining, lots in (row,)
                    if not (available + held == net == remaining and held == open_ == lots and available >= 0)
                )

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()
    assert not wrong, wrong[:3]


def states() -> dict[str, tuple[str, int]]:
    """Return (state, captured) of each hold by the operation that placed it."""
    with db.connect() as conn:
        rows = conn.execute("SELECT operation_id::text, state, captured FROM ledger_hold").fetchall()
    return {id_: (state, captured) for id_, state, captured in rows}


@pytest.mark.timeout(600)
def test_of_capture_release_and_time_exactly_one_wins(shop: Shop) -> None:
    dice = random.Random(20261125)
    held = place(shop, dice, spare=100 * POINTS)
    tills = Tills(shop, held)
    with watched() as snapshots:
        tills.run(dice)
    assert not tills.errors, "the database had to refuse what the ledger should have"
    assert len(snapshots) >= ENOUGH_SNAPSHOTS
    ended = states()
    for one in held:
        state, captured = ended[one.id]
        won = (tills.captured[one.id], tills.released[one.id])
        assert won == {"captured": (1, 0), "released": (0, 1), "lapsed": (0, 0)}[state], one
        assert captured == (one.part if state == "captured" else 0)
    assert {state for state, _ in ended.values()} == {"captured", "released", "lapsed"}
    assert tills.reasons.keys() == {Refusal.ALREADY_RESOLVED, Refusal.HOLD_EXPIRED}
    with db.connect() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems


@pytest.mark.timeout(600)
def test_late_captures_and_sales_together_never_spend_more_than_there_is(shop: Shop) -> None:
    """By the setting that holds again: what lapsed is spent of what is available, while others spend it too."""
    dice = random.Random(7)
    held = place(shop, dice, spare=5)
    with db.connect() as conn:
        assert service.settle_due(conn, shop.program.id, now=LATE) == HOLDS // PER_MEMBER
        conn.commit()
    unit = shop.unit.id

    def client(number: int) -> tuple[int, Tally[str]]:
        spent, reasons = 0, Tally[str]()
        with db.connect() as conn:
            for one in held[number::CLIENTS]:
                late = Capture(one.who, unit, POINTS, NOW, one.id, again=True)
                for key, entry in ((f"s/{one.id}", Spend(one.who, unit, POINTS, NOW)), (f"c/{one.id}", late)):
                    try:
                        result = post(conn, shop, key, holder(), entry)
                    except psycopg.Error as error:
                        conn.rollback()
                        reasons[type(error).__name__] += 1
                        continue
                    spent += POINTS if isinstance(result, Posted) else 0
                    reasons[result.reason if isinstance(result, Refused) else "posted"] += 1
        return spent, reasons

    with watched(), ThreadPoolExecutor(CLIENTS) as threads:
        told = list(threads.map(client, range(CLIENTS)))
    spent, reasons = sum(points for points, _ in told), sum((reasons for _, reasons in told), Tally[str]())
    assert spent == HOLDS * POINTS, "each member's 45 points pay for four of their eight sales"
    assert reasons == {"posted": HOLDS, Refusal.INSUFFICIENT_POINTS: HOLDS}
    with db.connect() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems
