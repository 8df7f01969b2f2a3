"""The demo from the first table to the last figure: each stage timed, the figures counted from the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from verno.demo import letters, load
from verno.demo.load import Loaded, Progress
from verno.demo.program import SQL, Demo, open_program
from verno.kit import db
from verno.kit.errors import VernoError
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.reports import reader
from verno.verify import service as verify

ACCEPTED = "accepted"
WITHHELD = "withheld"


class Figures(msgspec.Struct, frozen=True):
    """What the demo reports. ``statements_sent`` and all of ``statements_withheld`` make up the members."""

    members: int
    places: int
    goods: int
    receipts: int
    lines: int
    points_earned: int
    points_expired: int
    points_available: int
    statements_sent: int
    statements_withheld: dict[str, int]
    verify: str
    seconds: dict[str, float]
    receipts_per_second: float
    """Of this run, from the first receipt read to the last commit; 0 when nothing was left to load."""


class Stopwatch:
    """Times stages by name."""

    def __init__(self) -> None:
        """Begin."""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.monotonic() - started, 2)


def tell(*, original: bool, progress: Progress, stopwatch: Stopwatch, now: datetime) -> Figures:
    """Run every stage as far as it is not done yet; raises ``VernoError``."""
    with _alone():
        with stopwatch("program"), db.transaction() as conn:
            demo = open_program(conn, original=original, now=now)
        with stopwatch("members"):
            load.load_members(demo, progress=progress, now=now)
        with stopwatch("goods"):
            load.load_goods(demo, progress=progress, now=now)
            load.load_places(demo, now=now)
        with stopwatch("receipts"):
            loaded = load.load_receipts(demo, progress=progress, now=now)
        with stopwatch("expiry"):
            _settle(demo, now)
        with stopwatch("reports"):
            while reader.step(now=now):
                pass
        with stopwatch("statements"):
            letters.send_statements(demo, progress=progress, now=now)
        with stopwatch("verify"):
            verdict = _verify()
    return _figures(demo, loaded, verdict, stopwatch, now=now)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep a second demo off the database; a killed one's lock is gone with its connection."""
    conn = db.connect()
    try:
        row = conn.execute(SQL["only_one"]).fetchone()
        conn.commit()
        if row is None or not row[0]:
            message = "another 'verno demo' is at work on this database"
            raise VernoError(message)
        yield
    finally:
        conn.close()


def _settle(demo: Demo, now: datetime) -> None:
    while True:
        with db.transaction(demo.program.id) as conn:
            if not ledger.settle_due(conn, demo.program.id, now=now):
                return


def _verify() -> str:
    conn = db.connect_across_programs()
    try:
        return "ok" if verify.run(conn).ok else "failed"
    finally:
        conn.close()


def _figures(demo: Demo, loaded: Loaded, verdict: str, stopwatch: Stopwatch, *, now: datetime) -> Figures:
    with db.transaction(demo.program.id) as conn:
        row = conn.execute(SQL["figures"], {"program": demo.program.id}).fetchone() or (0,) * 5
        members, places, goods, receipts, lines = row
        told = conn.execute(SQL["statements"], letters.occasion(demo, now)).fetchall()
        points = next(iter(ledger_queries.states(conn, demo.program.id, now=now)), None)
    withheld: dict[str, int] = {}
    for state, reason, count in told:
        if state != ACCEPTED:
            # A mail that a killed run may or may not have sent is not "sent": it is counted by its state.
            name = reason if state == WITHHELD else state
            withheld[name] = withheld.get(name, 0) + count
    return Figures(
        members=members,
        places=places,
        goods=goods,
        receipts=receipts,
        lines=lines,
        points_earned=points.earned if points else 0,
        points_expired=points.expired if points else 0,
        points_available=points.available if points else 0,
        statements_sent=sum(count for state, _, count in told if state == ACCEPTED),
        statements_withheld=withheld,
        verify=verdict,
        seconds=stopwatch.seconds,
        receipts_per_second=round(loaded.per_second, 1),
    )
