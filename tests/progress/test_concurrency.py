"""Two receipts of one member at the same moment: neither misses the other's part."""

import os
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.builders import NOW
from tests.conftest import _clone
from tests.progress.builders import day, track
from tests.progress.shop import Shop
from verno.kit import db
from verno.kit.embedded import cluster
from verno.progress import service
from verno.progress.types import Calendar, Moved, Period, Tiers

YEAR = Calendar(Period.YEAR)


@pytest.fixture
def address() -> Iterator[str]:
    """Give a database to commit to, whoever else looks elsewhere."""
    name = _clone(f"together_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    yield cluster.local().url("verno", name)
    with psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_a_step_that_two_reach_together_is_told_once(address: str) -> None:
    with db.connect(address) as conn:
        shop = Shop(conn)
        ann = shop.member("ann")
        stored = shop.open(track(100, settings=Tiers(maintain=YEAR), window=YEAR))
        board = shop.board(NOW.date())
        conn.commit()
    program = shop.program.id

    def count(conn: db.Connection, text: str) -> None:
        db.stay_in(conn, program)
        service.count(conn, program, [Moved(ann, stored.counter_id, day(text), 60)], on=board, now=NOW)

    done: list[str] = []

    def second() -> None:
        with db.connect(address) as conn:
            count(conn, "11-24")
            done.append("second")

    with db.connect(address) as conn:
        count(conn, "11-23")
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.3)
        assert not done
        conn.commit()
        other.join(10)
    with db.connect(address) as conn:
        db.stay_in(conn, program)
        told = conn.execute("SELECT type FROM kit_event WHERE type LIKE 'tier.%'").fetchall()
        found = conn.execute("SELECT step, value FROM progress_tier").fetchall()
    assert told == [("tier.reached.v1",)]
    assert found == [("a", 120)]
