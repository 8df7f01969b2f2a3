"""A kind of points that ends by inactivity, leaves that model, and comes back to it: who keeps what, and until when."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter
from tests.intake.tillwork import have, rule, sale, sold
from verno.intake import context
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.ledger import service as posting
from verno.ledger.loading import SQL
from verno.ledger.types import Earn, Operation, Posted
from verno.workspace import settings
from verno.workspace.settings import Value

pytestmark = pytest.mark.usefixtures("honest")

DAY = timedelta(days=1)
EARNED = 450
NEVER = {"model": "never"}


def slides(days_: int) -> dict[str, object]:
    return {"model": "sliding", "days": days_}


def change(conn: psycopg.Connection, counter: Counter, expiry: object, day: int) -> None:
    """Set the model on a day."""
    done = settings.write(conn, counter.program.id, "points.expiry", expiry, now=NOW + day * DAY)
    assert isinstance(done, Value), done
    context.forget()


def sell(conn: psycopg.Connection, counter: Counter, number: str, day: int) -> None:
    sold(conn, counter, sale(number, at=NOW + day * DAY), now=NOW + day * DAY)


def has(conn: psycopg.Connection, counter: Counter, day: int) -> int:
    return have(conn, counter, NOW + day * DAY).available


def sweep(conn: psycopg.Connection, counter: Counter, day: int) -> None:
    posting.settle_due(conn, counter.program.id, now=NOW + day * DAY)


@pytest.fixture
def started(conn: psycopg.Connection, counter: Counter) -> Counter:
    """The regular has bought once, in a program that slides by ten days."""
    change(conn, counter, slides(10), 0)
    sell(conn, counter, "S-1", 0)
    return counter


@pytest.mark.parametrize("swept", [(), (6,), (12,), (5, 20)])
def test_who_leaves_sliding_leaves_no_end_behind(
    conn: psycopg.Connection, started: Counter, swept: tuple[int, ...]
) -> None:
    change(conn, started, NEVER, 5)
    for day in swept:
        sweep(conn, started, day)
    assert has(conn, started, 60) == EARNED
    assert ledger.expiring(conn, started.member_id, now=NOW + 6 * DAY) == []
    assert all(lot.expires_at is None for lot in ledger.lots(conn, started.member_id, now=NOW + 6 * DAY))
    sell(conn, started, "S-2", 60)
    sweep(conn, started, 90)
    assert has(conn, started, 90) == 2 * EARNED


@pytest.mark.parametrize("swept", [(), (12,), (20,)])
def test_an_end_that_had_come_before_stays(conn: psycopg.Connection, started: Counter, swept: tuple[int, ...]) -> None:
    if 12 in swept:
        sweep(conn, started, 12)
    change(conn, started, NEVER, 15)
    if 20 in swept:
        sweep(conn, started, 20)
    assert has(conn, started, 20) == 0
    sell(conn, started, "S-2", 20)
    assert has(conn, started, 99) == EARNED


def test_points_earned_after_an_end_came_are_freed_too(conn: psycopg.Connection, started: Counter) -> None:
    sell(conn, started, "S-2", 20)
    change(conn, started, NEVER, 25)
    assert has(conn, started, 99) == EARNED
    sell(conn, started, "S-3", 99)
    assert has(conn, started, 999) == 2 * EARNED


def test_a_process_that_has_not_heard_of_it_sets_no_end(conn: psycopg.Connection, started: Counter) -> None:
    change(conn, started, NEVER, 5)
    id_, at, unit = new_id(now=NOW), NOW + 5 * DAY, started.shop.unit.id
    late = Earn(started.member_id, unit, 50, at, lapses_at=at + 11 * DAY)
    operation = Operation(f"late/{id_}", id_, started.member_id, "00", (late,))
    assert isinstance(posting.post(conn, started.program.id, [operation], now=at)[0], Posted)
    sweep(conn, started, 30)
    assert has(conn, started, 30) == EARNED + 50


def test_nobody_is_told_of_an_end_that_will_not_come(conn: psycopg.Connection, started: Counter) -> None:
    change(conn, started, NEVER, 5)
    first, last = NOW + 5 * DAY, NOW + 40 * DAY
    asked = {"program": started.program.id, "start": first, "end": last}
    assert conn.execute(SQL["ends_between"], asked).fetchall() == []


@pytest.mark.parametrize("swept", [(), (6,), (13,)])
def test_who_comes_back_slides_from_the_next_activity_on(
    conn: psycopg.Connection, started: Counter, swept: tuple[int, ...]
) -> None:
    change(conn, started, NEVER, 5)
    if 6 in swept:
        sweep(conn, started, 6)
    change(conn, started, slides(10), 7)
    if 13 in swept:
        sweep(conn, started, 13)
    assert has(conn, started, 60) == EARNED, "the old end would have come on day 11, before any of now"
    sell(conn, started, "S-2", 60)
    assert (has(conn, started, 70), has(conn, started, 71)) == (2 * EARNED, 0)


@pytest.mark.parametrize("bought", [False, True])
@pytest.mark.parametrize("swept", [(), (6, 8)])
def test_an_old_end_that_is_later_than_any_of_now_counts_again(
    conn: psycopg.Connection, counter: Counter, swept: tuple[int, ...], *, bought: bool
) -> None:
    """Unless the member did something meanwhile, which would have moved it."""
    change(conn, counter, slides(30), 0)
    sell(conn, counter, "S-1", 0)
    change(conn, counter, NEVER, 5)
    if bought:
        sell(conn, counter, "S-2", 6)
    for day in swept:
        sweep(conn, counter, day)
    change(conn, counter, slides(3), 7)
    assert has(conn, counter, 29) == (2 if bought else 1) * EARNED
    assert has(conn, counter, 31) == (2 * EARNED if bought else 0)


def test_leaving_and_coming_back_twice(conn: psycopg.Connection, started: Counter) -> None:
    for day, model in ((3, NEVER), (4, slides(10)), (5, NEVER), (5, slides(10)), (5, NEVER)):
        change(conn, started, model, day)
    sell(conn, started, "S-2", 6)
    assert has(conn, started, 60) == 2 * EARNED


def test_other_settings_of_the_unit_change_no_end(conn: psycopg.Connection, started: Counter) -> None:
    rule(conn, started, "points.grace_days", 2)
    change(conn, started, slides(12), 5)
    assert (has(conn, started, 10), has(conn, started, 11)) == (EARNED, 0)
