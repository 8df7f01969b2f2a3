"""What a business date brings is told once: activations, expiries, and what will be over in 30, 7 and 1 days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.builders import Shop, holder, make_shop
from verno.kit import localtime
from verno.ledger import days, service
from verno.ledger.types import Earn, Hold, Operation, Posted

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 9, tzinfo=UTC)
KINDS = {"points.activated.v1": "activated", "points.expired.v1": "expired", "points.expiring.v1": "expiring"}


def midnight(day: date) -> datetime:
    return localtime.start_of_day(day, MOSCOW)


def give(
    conn: psycopg.Connection,
    shop: Shop,
    who: str,
    points: int,
    *,
    now: datetime = NOON,
    begins: datetime | None = None,
    ends: datetime | None = None,
    lapses: datetime | None = None,
) -> None:
    entry = Earn(who, shop.unit.id, points, now, begins, ends, lapses_at=lapses)
    done = service.post(conn, shop.program.id, [Operation(holder(), holder(), who, "00", (entry,))], now=now)
    assert isinstance(done[0], Posted)


def told(conn: psycopg.Connection) -> list[tuple[str, int, int | None]]:
    """Return (what, points, days ahead) in order."""
    rows = conn.execute("SELECT type, body FROM kit_event WHERE type LIKE 'points.%' ORDER BY id").fetchall()
    return sorted((KINDS[type_], body["points"], body.get("days")) for type_, body in rows)


def tell(conn: psycopg.Connection, shop: Shop, now: datetime) -> int:
    while service.settle_due(conn, shop.program.id, now=now):
        pass
    return days.tell_days(conn, shop.program.id, MOSCOW, now=now)


def test_a_date_is_told_once(conn: psycopg.Connection) -> None:
    shop, who = make_shop(conn), holder()
    give(conn, shop, who, 5, ends=midnight(TODAY + timedelta(days=2)))
    assert tell(conn, shop, NOON) == 1
    assert tell(conn, shop, NOON) == 0
    assert told(conn) == [("expiring", 5, 1)]


@pytest.mark.parametrize(("ahead", "usable_through"), [(30, 30), (7, 7), (1, 1)])
def test_what_is_over_soon_is_announced(conn: psycopg.Connection, ahead: int, usable_through: int) -> None:
    shop, who = make_shop(conn), holder()
    give(conn, shop, who, 40, ends=midnight(TODAY + timedelta(days=usable_through + 1)))
    give(conn, shop, who, 2, ends=midnight(TODAY + timedelta(days=usable_through + 2)))
    assert tell(conn, shop, NOON) == 1
    assert told(conn) == [("expiring", 40, ahead)]


def test_sliding_expiry_is_announced_and_what_is_held_is_not(conn: psycopg.Connection) -> None:
    shop, who = make_shop(conn), holder()
    give(conn, shop, who, 10, lapses=midnight(TODAY + timedelta(days=8)))
    hold = Hold(who, shop.unit.id, 4, NOON, NOON + timedelta(hours=1))
    service.post(conn, shop.program.id, [Operation("h", holder(), who, "00", (hold,))], now=NOON)
    assert tell(conn, shop, NOON) == 1
    assert told(conn) == [("expiring", 6, 7)]


def test_the_next_date_tells_what_began_and_what_ended(conn: psycopg.Connection) -> None:
    shop, who = make_shop(conn), holder()
    tomorrow = midnight(TODAY + timedelta(days=1))
    give(conn, shop, who, 3, begins=tomorrow)
    give(conn, shop, who, 4, ends=tomorrow)
    give(conn, shop, who, 5)
    assert tell(conn, shop, NOON) == 1
    assert told(conn) == []
    assert tell(conn, shop, tomorrow + timedelta(minutes=5)) == 1
    assert told(conn) == [("activated", 3, None), ("expired", 4, None)]


def test_missed_dates_are_made_up_for_in_order(conn: psycopg.Connection) -> None:
    shop, who = make_shop(conn), holder()
    give(conn, shop, who, 9, ends=midnight(TODAY + timedelta(days=4)))
    assert tell(conn, shop, NOON) == 1
    later = NOON + timedelta(days=5)
    assert [tell(conn, shop, later) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert told(conn) == [("expired", 9, None)]  # no warning of what is over already


def test_a_clock_that_runs_back_tells_nothing_again(conn: psycopg.Connection) -> None:
    shop, who = make_shop(conn), holder()
    give(conn, shop, who, 5, ends=midnight(TODAY + timedelta(days=2)))
    assert tell(conn, shop, NOON) == 1
    assert tell(conn, shop, NOON - timedelta(days=3)) == 0
    assert told(conn) == [("expiring", 5, 1)]
