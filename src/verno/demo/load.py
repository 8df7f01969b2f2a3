"""Loading: members, goods, places and receipts, each only as far as it is not there yet.

Every step asks the database what it has, so a run that was killed goes on where it was and a second run loads nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

from verno.catalogue import service as catalogue
from verno.catalogue import types as catalogue_types
from verno.demo import people, source
from verno.demo.program import SQL, Demo
from verno.intake import bulk
from verno.intake.types import Outcome, Receipt, Refused, Settled
from verno.kit import batches, db, localtime
from verno.kit.errors import BrokenInvariant
from verno.members import service as members
from verno.members import types as members_types
from verno.workspace import queries as workspace_queries
from verno.workspace import service as workspace
from verno.workspace.types import NewStore

T = TypeVar("T")

DATA_BEGIN = datetime(2017, 1, 1)  # noqa: DTZ001 the data's clock has no zone
LONG_BEFORE = timedelta(days=1)
"""Members agreed to statements the day before the data begin."""


class Progress(Protocol):
    """A bar for long work: called with a title, the total and the word for its steps; gives what to call with steps."""

    def __call__(self, title: str, total: int, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """Open a bar."""


class Loaded(msgspec.Struct, frozen=True):
    """What one run loaded, and how long that took from the first receipt read to the last commit."""

    receipts: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Return the rate; 0 when there was nothing to load."""
        return self.receipts / self.seconds if self.receipts else 0.0


def load_members(demo: Demo, *, progress: Progress, now: datetime) -> None:
    """Load the households that are not there yet as members."""
    households = source.distinct("household_id")
    known = _known("known_members", demo)
    missing = [household for household in households if str(household) not in known]
    if not missing:
        return
    zone = localtime.zone(demo.program.timezone)
    agreed_at = localtime.localize(DATA_BEGIN + demo.shift_weeks * source.WEEK - LONG_BEFORE, zone)
    wanted = people.members(missing, source.demographics(), agreed_at=agreed_at)

    def store(conn: db.Connection, batch: Sequence[members_types.NewMember]) -> Iterable[object]:
        return members.upsert(conn, demo.program, batch, now=now)

    _in_batches(demo.program.id, wanted, store, members_types.Refused, progress("members", len(missing), "members"))


def load_goods(demo: Demo, *, progress: Progress, now: datetime) -> None:
    """Load the product table's goods that are not there yet."""
    known = _known("known_goods", demo)
    missing = [goods for goods in source.goods() if goods.sku not in known]
    if not missing:
        return

    def store(conn: db.Connection, batch: Sequence[catalogue_types.NewGoods]) -> Iterable[object]:
        return catalogue.upsert_goods(conn, demo.program.id, batch, now=now)

    _in_batches(demo.program.id, missing, store, catalogue_types.Refused, progress("goods", len(missing), "goods"))


def load_places(demo: Demo, *, now: datetime) -> None:
    """Add the stores."""
    wanted = [str(store) for store in source.distinct("store_id")]
    with db.transaction(demo.program.id) as conn:
        known = {store.code for store in workspace_queries.stores(conn, demo.program.id)}
        missing = [NewStore(code, f"Store {code}") for code in wanted if code not in known]
        if missing:
            workspace.add_stores(conn, demo.program.id, missing, now=now)


def load_receipts(demo: Demo, *, progress: Progress, now: datetime) -> Loaded:
    """Send the receipts that are not there yet through the engine; both lanes, in the order of time."""
    total = len(source.distinct("basket_id"))
    with db.transaction(demo.program.id) as conn:
        row = conn.execute(SQL["count_receipts"], {"program": demo.program.id}).fetchone()
        there = row[0] if row else 0
        if there == total:
            return Loaded(0, 0.0)
        known = _numbers(conn, "known_receipts", demo) if there else frozenset()
    taken = 0
    started = time.monotonic()
    with progress("receipts", total - there, "receipts") as step:

        def count(_: Sequence[int], receipts: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
            nonlocal taken
            for receipt, outcome in zip(receipts, outcomes, strict=True):
                if outcome is None or isinstance(outcome, Refused):
                    message = f"receipt {receipt.number} of the demo was not taken: {outcome}"
                    raise BrokenInvariant(message)
                taken += isinstance(outcome, Settled)
            step(len(receipts))

        bulk.load(demo.program.id, _missing(demo, known), now=now, on_batch=count)
    return Loaded(taken, time.monotonic() - started)


def _missing(demo: Demo, known: frozenset[str]) -> Iterator[Receipt]:
    zone = localtime.zone(demo.program.timezone)
    return (
        receipt for receipt in source.receipts(zone=zone, shift_weeks=demo.shift_weeks) if receipt.number not in known
    )


def _known(statement: str, demo: Demo) -> frozenset[str]:
    with db.transaction(demo.program.id) as conn:
        return _numbers(conn, statement, demo)


def _numbers(conn: db.Connection, statement: str, demo: Demo) -> frozenset[str]:
    return frozenset(row[0] for row in conn.execute(SQL[statement], {"program": demo.program.id}))


def _in_batches(
    program_id: str,
    items: Iterable[T],
    store: Callable[[db.Connection, Sequence[T]], Iterable[object]],
    refused: type,
    bar: AbstractContextManager[Callable[[int], None]],
) -> None:
    """Store items, one transaction a batch; a refusal of our own data is a fault of ours."""
    with bar as step:
        for batch in batches.batched(items, batches.MAX_BATCH):
            with db.transaction(program_id) as conn:
                for item, result in zip(batch, store(conn, batch), strict=True):
                    if isinstance(result, refused):
                        message = f"{item} of the demo was refused: {result}"
                        raise BrokenInvariant(message)
            step(len(batch))
