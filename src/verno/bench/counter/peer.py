"""Beside hf-nostro, the nearest open library: lots, idempotent, PostgreSQL. The same work, the same server, one run.

Both are used as a library, each client a process of its own with one connection. A till's sale earns and spends. Ours
is one operation of two entries. Theirs is measured in two ways: a credit and a debit, each with a commit of its own, as
their pages show it; and both in one transaction of the caller's, which they offer too. In bulk one transaction holds
many sales.
"""

import multiprocessing as mp
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from typing import Any

import msgspec

from verno.bench.counter.shop import Shop
from verno.kit import db, ids
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation, Spend

ACCOUNTS = 1_000
BATCH = 500
"""Sales in one transaction, in bulk."""
EARNED, SPENT = 30, 30
"""As much in as out, so that accounts stay as they are however long the bench runs."""
LIFE = timedelta(days=180)

Step = Callable[[int], None]


class Peer(msgspec.Struct, frozen=True):
    """Accruals and spends a second: two for each sale."""

    ours: float
    theirs: float
    theirs_joined: float
    """With both calls in one transaction."""

    @property
    def ratio(self) -> float:
        """Return how many of ours there are for each of theirs."""
        return self.ours / self.theirs

    @property
    def joined_ratio(self) -> float:
        """Return the same beside their joined calls."""
        return self.ours / self.theirs_joined


def prepare() -> list[str]:
    """Make the peer's schema and accounts; returns their ids."""
    from nostro import Ledger, migrate  # noqa: PLC0415 only this bench needs it

    address = db.owner_url()
    migrate.migrate(dsn=address, scale=0)
    book = Ledger(dsn=address, scale=0)
    try:
        return [str(book.accounts.get_or_create("bench", f"m-{n}").id) for n in range(ACCOUNTS)]
    finally:
        book.close()


def measure(shop: Shop, accounts: list[str], *, clients: int, seconds: float) -> Peer:
    """Return the rates by so many clients, sale by sale."""
    ours = _rate(_ours, (1, shop, list(shop.holders)), clients, seconds)
    return Peer(ours, _rate(_theirs, (0, accounts), clients, seconds), _rate(_theirs, (1, accounts), clients, seconds))


def measure_bulk(shop: Shop, accounts: list[str], *, seconds: float) -> Peer:
    """Return the rates in bulk, one client."""
    ours = _rate(_ours, (BATCH, shop, list(shop.holders)), 1, seconds)
    theirs = _rate(_theirs, (BATCH, accounts), 1, seconds)
    return Peer(ours, theirs, theirs)


def _rate(work: Callable[..., None], arguments: tuple[object, ...], clients: int, seconds: float) -> float:
    context = mp.get_context("spawn")
    counts: Queue[float] = context.Queue()
    start = context.Barrier(clients)
    children = [
        context.Process(target=work, args=(n, start, seconds, counts, *arguments), daemon=True) for n in range(clients)
    ]
    for child in children:
        child.start()
    rates = [counts.get(timeout=seconds + 60) for _ in children]
    for child in children:
        child.join()
    return sum(rates)


def _timed(step: Step, each: int, start: "mp.synchronize.Barrier", seconds: float, counts: "Queue[float]") -> None:
    step(-1)  # connections, plans and memories are there before the clock starts
    start.wait()
    began = time.monotonic()
    done = 0
    while time.monotonic() - began < seconds:
        step(done)
        done += 1
    counts.put(each * done / (time.monotonic() - began))


def _ours(
    client: int,
    start: "mp.synchronize.Barrier",
    seconds: float,
    counts: "Queue[float]",
    size: int,
    shop: Shop,
    holders: list[str],
) -> None:
    dice = random.Random(client)  # noqa: S311 not secrecy
    now = datetime.now(UTC)  # noqa: TID251 a bench's own clock
    with db.connect_for_batches(shop.program_id) as conn:

        def step(_: int) -> None:
            operations = [_sale(shop, dice.choice(holders), id_, now) for id_ in ids.new_ids(size, now=now)]
            ledger.post(conn, shop.program_id, operations, now=now)
            conn.commit()

        _timed(step, 2 * size, start, seconds, counts)


def _sale(shop: Shop, who: str, id_: str, now: datetime) -> Operation:
    earn = Earn(who, shop.unit_id, EARNED, now, None, now + LIFE)
    return Operation(id_, id_, who, "00", (earn, Spend(who, shop.unit_id, SPENT, now)))


def _theirs(
    client: int,
    start: "mp.synchronize.Barrier",
    seconds: float,
    counts: "Queue[float]",
    size: int,
    accounts: list[str],
) -> None:
    """Sales in transactions of ``size``; 0 lets each call commit by itself."""
    from uuid import UUID  # noqa: PLC0415 theirs alone

    import psycopg  # noqa: PLC0415 theirs alone
    from nostro import Ledger  # noqa: PLC0415 only this bench needs it

    dice = random.Random(client)  # noqa: S311 not secrecy
    now = datetime.now(UTC)  # noqa: TID251 a bench's own clock
    book = Ledger(dsn=db.owner_url(), scale=0)
    known = [UUID(one) for one in accounts]
    earned, spent = book.amount(EARNED), book.amount(SPENT)
    with psycopg.connect(db.owner_url()) as conn:

        def sale(cur: psycopg.Cursor[Any] | None, id_: str) -> None:
            who, end = dice.choice(known), now + LIFE
            book.credit(who, earned, category="earn", idempotency_key=f"e{id_}", expires_at=end, cur=cur)
            book.debit(who, spent, category="spend", idempotency_key=f"s{id_}", cur=cur)

        def step(_: int) -> None:
            if size == 0:
                sale(None, ids.new_id(now=now))
                return
            with conn.cursor() as cur:
                for id_ in ids.new_ids(size, now=now):
                    sale(cur, id_)
            conn.commit()

        _timed(step, 2 * max(size, 1), start, seconds, counts)
    book.close()
