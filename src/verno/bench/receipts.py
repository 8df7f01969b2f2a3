"""The bench's receipts: the demo's, decoded before the clock starts."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from verno.demo import load, program, source
from verno.demo.load import Progress
from verno.demo.program import Demo
from verno.intake import bulk
from verno.intake.types import Outcome, Receipt, Settled
from verno.kit import db, localtime
from verno.kit.errors import VernoError


def prepare(*, progress: Progress, now: datetime) -> Demo:
    """Make the demo's program with its members, goods and stores, and no receipts."""
    with db.transaction() as conn:
        demo = program.open_program(conn, original=False, now=now)
    load.load_members(demo, progress=progress, now=now)
    load.load_goods(demo, progress=progress, now=now)
    load.load_places(demo, now=now)
    return demo


def decoded(demo: Demo, count: int) -> list[Receipt]:
    """Return the first ``count`` receipts in memory; with more than there are, the whole year."""
    zone = localtime.zone(demo.program.timezone)
    found = source.receipts(zone=zone, shift_weeks=demo.shift_weeks)
    return list(islice(found, count))


def renumbered(receipts: Sequence[Receipt], series: str) -> list[Receipt]:
    """Return the same receipts under numbers never used."""
    return [msgspec.structs.replace(receipt, series=series) for receipt in receipts]


def measure(demo: Demo, receipts: Sequence[Receipt], *, now: datetime) -> float:
    """Return receipts a second on the bulk path once its lanes are connected; every one must be settled.

    pgbench leaves the time that its clients take to connect out of its rate, too.
    """
    settled = 0

    def count(_: Sequence[int], __: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
        nonlocal settled
        settled += sum(isinstance(outcome, Settled) for outcome in outcomes)

    with bulk.opened(demo.program.id, now=now, on_batch=count) as lanes:
        lanes.wait()
        started = time.monotonic()
        lanes.load(receipts)
        seconds = time.monotonic() - started
    if settled != len(receipts):
        message = f"only {settled} of {len(receipts)} receipts were settled"
        raise VernoError(message)
    return len(receipts) / seconds


def write_file(receipts: Sequence[Receipt], path: Path) -> int:
    """Write receipts as a Parquet file for ``verno import``; returns how many lines it has."""
    rows = [
        {
            "number": receipt.number,
            "series": receipt.series,
            "place": receipt.place,
            "at": receipt.at,
            "external_id": receipt.member.external_id if receipt.member else None,
            "sku": line.sku,
            "quantity": line.quantity,
            "amount": line.amount,
            "discount": line.discount,
            "attributes": json.dumps(receipt.attributes),
        }
        for receipt in receipts
        for line in receipt.lines
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return len(rows)
