"""Whether a long history costs anything: closed lots, a sweep of a million lots, a table of ten million transfers."""

import multiprocessing as mp
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

import msgspec
import psycopg

from verno.bench.counter.shop import Shop
from verno.kit import db, ids
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation, Spend

CLOSED = (10, 10_000)
ROUNDS = 300
LOTS_AN_ACCOUNT = 10
FILL = 100_000
"""Pairs of transfers written by one statement."""

PAIRS = """
WITH pair AS (
    SELECT %(holders)s::uuid[] AS holders, n, gen_random_uuid() AS earned, gen_random_uuid() AS spent
    FROM generate_series(1, %(count)s) AS n
), side AS (
    SELECT p.earned, p.spent, a.holder_id, a.id AS account, a.program_id, a.unit_id
    FROM pair p JOIN ledger_account a
      ON a.holder_id = p.holders[1 + p.n %% cardinality(p.holders)] AND a.kind = 'member' AND a.unit_id = %(unit)s
), moved AS (
    INSERT INTO ledger_transfer (holder_id, id, program_id, unit_id, debit_account_id, credit_account_id, amount, kind,
                                 reason, at, recorded_at)
    SELECT s.holder_id, s.earned, s.program_id, s.unit_id, i.id, s.account, 7, 'earn', 'bench', %(at)s, %(at)s
    FROM side s JOIN ledger_account i ON i.holder_id = s.program_id AND i.kind = 'issued' AND i.unit_id = s.unit_id
    UNION ALL
    SELECT s.holder_id, s.spent, s.program_id, s.unit_id, s.account, r.id, 7, 'spend', 'bench', %(at)s, %(at)s
    FROM side s JOIN ledger_account r ON r.holder_id = s.program_id AND r.kind = 'redeemed' AND r.unit_id = s.unit_id
), lots AS (
    INSERT INTO ledger_lot (holder_id, id, account_id, amount, remaining, active_from, expires_at, transfer_id)
    SELECT holder_id, earned, account, 7, 0, %(at)s, %(at)s + interval '1 year', earned FROM side
)
INSERT INTO ledger_lot_move (holder_id, lot_id, transfer_id, amount) SELECT holder_id, earned, spent, 7 FROM side
"""
"""Earned and spent again: two transfers, a closed lot and its move. They leave every balance as it was."""


class Point(msgspec.Struct, frozen=True):
    """The rates beside a history of so many transfers."""

    transfers: int
    single_per_second: float
    bulk_per_second: float


class Sweep(msgspec.Struct, frozen=True):
    """How fast expired lots were swept."""

    lots: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Return lots a second."""
        return self.lots / self.seconds


def closed_lots(shop: Shop, *, now: datetime) -> dict[int, float]:
    """Return the median seconds of a spend from accounts with few and with many closed lots."""
    holders = {count: shop.holders[n] for n, count in enumerate(CLOSED)}
    for count, who in holders.items():
        fill(shop, [who], count, now=now)
    times: dict[int, list[float]] = {count: [] for count in CLOSED}
    with db.connect_for_batches(shop.program_id) as conn:
        for _ in range(ROUNDS):
            for count, who in holders.items():
                id_ = ids.new_id(now=now)
                began = time.monotonic()
                entry = Spend(who, shop.unit_id, 3, now)
                ledger.post(conn, shop.program_id, [Operation(id_, id_, who, "00", (entry,))], now=now)
                conn.commit()
                times[count].append(time.monotonic() - began)
    return {count: median(found) for count, found in times.items()}


def growth(shop: Shop, sizes: Sequence[int], *, seconds: float, now: datetime) -> list[Point]:
    """Return the rates of postings as the history grows to each of ``sizes`` transfers."""
    out: list[Point] = []
    there = 0
    for size in sizes:
        there += fill(shop, shop.holders, max(0, size - there) // 2, now=now)
        with psycopg.connect(db.owner_url(), autocommit=True) as conn:
            conn.execute("VACUUM ANALYZE ledger_transfer, ledger_lot, ledger_lot_move, ledger_account")
            conn.execute("CHECKPOINT")
        out.append(Point(there, _rate(shop, 1, seconds, now), _rate(shop, 500, seconds, now)))
    return out


def fill(shop: Shop, holders: Sequence[str], pairs: int, *, now: datetime) -> int:
    """Write so many pairs of transfers that are over; returns how many transfers."""
    done = 0
    with psycopg.connect(db.owner_url()) as conn:
        while done < pairs:
            count = min(FILL, pairs - done)
            at = now - timedelta(days=30)
            conn.execute(PAIRS, {"holders": list(holders), "count": count, "unit": shop.unit_id, "at": at})
            conn.commit()
            done += count
    return 2 * done


def _rate(shop: Shop, size: int, seconds: float, now: datetime) -> float:
    dice = 0
    done = 0
    with db.connect_for_batches(shop.program_id) as conn:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            operations = []
            for id_ in ids.new_ids(size, now=now):
                who = shop.holders[dice % len(shop.holders)]
                dice += 1
                earn = Earn(who, shop.unit_id, 5, now, None, now + timedelta(days=180))
                entries = (earn, Spend(who, shop.unit_id, 3, now))
                operations.append(Operation(id_, id_, who, "00", entries))
            ledger.post(conn, shop.program_id, operations, now=now)
            conn.commit()
            done += 2 * size
        return done / (time.monotonic() - began)


def expiring(shop: Shop, lots: int, *, now: datetime) -> None:
    """Give lots of accounts of their own that are over a second later."""
    ends = now + timedelta(seconds=1)
    count = lots // LOTS_AN_ACCOUNT
    holders = ids.new_ids(count, now=now)
    with db.connect_for_batches(shop.program_id) as conn:
        for start in range(0, count, 1_000):
            for _ in range(LOTS_AN_ACCOUNT):
                part = tuple(holders[start : start + 1_000])
                fresh = ids.new_ids(len(part), now=now)
                ledger.post(
                    conn,
                    shop.program_id,
                    [
                        Operation(id_, id_, who, "00", (Earn(who, shop.unit_id, 5, now, None, ends),))
                        for id_, who in zip(fresh, part, strict=True)
                    ],
                    now=now,
                )
            conn.commit()


class Sweeper:
    """A sweep in a process of its own, as the worker's is."""

    def __init__(self, shop: Shop, lots: int, *, now: datetime) -> None:
        """Start it."""
        context = mp.get_context("spawn")
        self.lots = lots
        self.took: mp.queues.Queue[float] = context.Queue()
        self.child = context.Process(target=_sweep, args=(shop.program_id, now, self.took), daemon=True)
        self.child.start()

    def over(self) -> bool:
        """Tell whether it has ended."""
        return not self.child.is_alive() or not self.took.empty()

    def result(self) -> Sweep:
        """Wait for the end."""
        seconds = self.took.get(timeout=600)
        self.child.join()
        return Sweep(self.lots, seconds)


def _sweep(program_id: str, now: datetime, took: "mp.queues.Queue[float]") -> None:
    with db.connect_for_batches(program_id) as conn:
        began = time.monotonic()
        while ledger.settle_due(conn, program_id, now=now):
            conn.commit()
        conn.commit()
        took.put(time.monotonic() - began)


def today() -> datetime:
    """Return the time: the bench is a door."""
    return datetime.now(UTC)  # noqa: TID251 a bench's own clock
