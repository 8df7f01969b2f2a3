"""Time is not trusted (P11): a worker whose clock jumps, ahead and back, through zones, leap days and changed hours.

Processes run under libfaketime (Debian: faketime), started anew wherever the clock is put. In the quick run two of
them do all scheduled jobs at one moment; in the long one a whole worker does, with its queue, and is killed. PostgreSQL
keeps the true time: the clock is the doors' alone.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.builders import Shop, make_shop
from tests.cli.commands import wait_for
from tests.faults.conftest import give
from tests.faults.effort import either
from tests.faults.servers import working
from verno.kit import db
from verno.kit.ids import new_id
from verno.verify import service as verify
from verno.workspace import queries

pytestmark = pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")

ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
"""UTC+14, UTC-11, and one with summer time."""
DAYS = (
    date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1), date(2028, 3, 25), date(2028, 3, 26), date(2028, 3, 27),
    date(2028, 4, 20), date(2028, 10, 28), date(2028, 10, 29), date(2028, 10, 30),
)  # fmt: skip
"""The last days of the lots; the n-th lot holds 2^n points, so that a sum tells which lots are in it."""
CLOCK = [
    # (what it is, the clock)
    ("a Sunday in February", "2028-02-27 12:00:00"),
    ("the leap day, in Kiritimati March", "2028-02-29 13:00:00"),
    ("three hours back, over Kiritimati's midnight", "2028-02-29 09:30:00"),
    ("the hour before summer time in Europe", "2028-03-26 00:59:00"),
    ("the hour that follows", "2028-03-26 01:01:00"),
    ("three hours back, over Berlin's midnight", "2028-03-25 22:30:00"),
    ("thirty days ahead", "2028-04-25 22:30:00"),
    ("the hour that comes twice in Europe", "2028-10-29 00:30:00"),
    ("the same hour again", "2028-10-29 01:30:00"),
    ("three hours back, over Berlin's midnight in autumn", "2028-10-28 21:30:00"),
    ("the end", "2028-11-01 12:00:00"),
]
PLACES = either(quick=(1, 2, 5, 6, 9, 10), long=tuple(range(len(CLOCK))))
PATIENCE_SECONDS = 40.0

SLEEP = """
import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""Python sleeps until a moment of the steady clock, which libfaketime takes for one of its own and refuses."""
ALL_JOBS = """
from verno.cli.session import setup_django
setup_django()
from verno.kit import db
from verno.kit.clock import clock
from verno.wiring import jobs
db.pool().wait(60)  # a door does not wait that long for its first connection; what the jobs do is looked at here
for job in jobs.SCHEDULED.values():
    jobs.load(job.target)(now=clock.now(), stopping=lambda: False)
"""

EXPIRED = "SELECT t.program_id::text, t.at, t.amount FROM ledger_transfer t WHERE t.kind = 'expire'"
TOLD = "SELECT program_id::text, max(day) FROM ledger_day GROUP BY 1"
EVENTS = "SELECT type, program_id::text, holder_id::text, body::text FROM kit_event WHERE type LIKE 'points.%'"


@dataclass(frozen=True)
class Expected:
    """A lot as it must end: the n-th of its program, at the first moment after its last local day."""

    program: str
    at: datetime
    points: int


@pytest.fixture
def shops(database: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[ZoneInfo, Shop]:
    """Open a program a zone; in real life an installation has one."""
    out = {}
    for name in ZONES:
        with monkeypatch.context() as patch, db.connect() as conn:
            patch.setattr(queries, "programs", lambda _conn: [])
            out[ZoneInfo(name)] = make_shop(conn, timezone=name, currency="EUR", country="DE")
            conn.commit()
    return out


def give_lots(shops: Mapping[ZoneInfo, Shop]) -> list[Expected]:
    """Give a member of each program a lot for each day, and one for ever."""
    out = []
    for zone, shop in shops.items():
        who = new_id(now=datetime.now(UTC))
        with db.connect() as conn:
            db.stay_in(conn, shop.program.id)
            give(conn, shop, [who], 1 << len(DAYS))
            for number, day in enumerate(DAYS):
                end = first_moment(day + timedelta(days=1), zone)
                give(conn, shop, [who], 1 << number, expires_at=end)
                out.append(Expected(shop.program.id, end, 1 << number))
            conn.commit()
    return out


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """Return when a local day begins; none of these zones changes its clock at midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def rows(query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        return list(owner.execute(query).fetchall())


@pytest.mark.timeout(900)
def test_each_lot_ends_once_whatever_the_clock_does(shops: Mapping[ZoneInfo, Shop], tmp_path: Path) -> None:
    lots = give_lots(shops)
    latest = datetime.min.replace(tzinfo=UTC)
    for what, text in (CLOCK[place] for place in PLACES):
        latest = max(latest, datetime.fromisoformat(text).replace(tzinfo=UTC))
        over = sorted((lot.program, lot.at, lot.points) for lot in lots if lot.at <= latest)
        today = {shop.program.id: latest.astimezone(zone).date() for zone, shop in shops.items()}
        expected: dict[str, Sequence[object]] = {EXPIRED: over, TOLD: sorted(today.items())}
        either(two_at_once, a_worker)(clock_at(text, tmp_path), expected)
        for query, told in expected.items():
            assert sorted(rows(query)) == told, what
    happened_once(lots)


def two_at_once(clock: dict[str, str], expected: Mapping[str, Sequence[object]]) -> None:
    """Do all scheduled jobs in two processes at one moment."""
    environment = {**os.environ, **clock}
    children = [subprocess.Popen([sys.executable, "-c", ALL_JOBS], env=environment) for _ in range(2)]
    assert [child.wait(PATIENCE_SECONDS) for child in children] == [0, 0]


def a_worker(clock: dict[str, str], expected: Mapping[str, Sequence[object]]) -> None:
    """Run the worker until it has done what is expected, and kill it."""
    with working(**clock) as worker:
        for query, told in expected.items():
            wait_for(query, PATIENCE_SECONDS, partial(tells, query, told))
        worker.kill()


def tells(query: str, expected: Sequence[object]) -> bool:
    return sorted(rows(query)) == expected


def clock_at(text: str, folder: Path) -> dict[str, str]:
    """Return the environment of a process whose clock starts there and runs on."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    (folder / "sitecustomize.py").write_text(SLEEP)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"@{text}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def happened_once(lots: Sequence[Expected]) -> None:
    """Each lot ended by one transfer, and each event was told once; the books are in order."""
    assert sorted(rows(EXPIRED)) == sorted((lot.program, lot.at, lot.points) for lot in lots)
    told = Tally(rows(EVENTS))
    assert told
    assert max(told.values()) == 1, told.most_common(3)
    assert {row[0] for row in told} >= {"points.expired.v1", "points.expiring.v1"}
    with db.connect_across_programs() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems
