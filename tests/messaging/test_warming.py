"""A new mail domain is warmed up: a little advertising the first day, more with each, the rest on the days after."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import setting
from tests.messaging.news import NEWS, NOW, SERVICE, plan, readers, send, stories
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.messaging.desk import Desk
from verno.messaging.pacing import warming
from verno.messaging.sender import SendCounts
from verno.messaging.types import Record

DAY = timedelta(days=1)
MORNING = datetime(2026, 11, 4, 4, 0, tzinfo=UTC)
"""Seven in the morning in Moscow, when letters may leave again; and half an hour later all of them may."""


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with three letters a day, six and twelve; then the domain is warm."""
    monkeypatch.setattr(warming, "STEPS", (3, 6, 12))


@pytest.fixture
def cold(shop: Shop) -> Shop:
    setting(shop, "messages.warm_up", True)
    return shop


def days(shop: Shop) -> list[tuple[int, int]]:
    """What each day's most was, and how many left."""
    with db.transaction(shop.program.id) as conn:
        rows = conn.execute("SELECT most, taken FROM messaging_warming ORDER BY day").fetchall()
    return [(most, taken) for most, taken in rows]


def advertise(shop: Shop, holders: list[str], key: str = "a") -> None:
    plan(shop, *[draft(holder, key, topic=NEWS) for holder in holders])


def test_what_does_not_fit_leaves_the_next_morning(cold: Shop, postman: Postman) -> None:
    holders = readers(cold, 8)
    advertise(cold, holders)
    assert send(postman) == SendCounts(accepted=3, deferred=5)
    waiting = [one for holder in holders for one in stories(holder) if one.state == "queued"]
    assert all(MORNING <= one.due_at < MORNING + timedelta(minutes=30) for one in waiting)
    told = [msgspec.convert(one.decisions[-1], Record) for one in waiting]
    assert {one.reason for one in told} == {"warm-up"}
    (check,) = [one for one in told[0].trace if one.name == "time"]
    assert check.seen == f"{waiting[0].due_at.astimezone(UTC).isoformat()} warm-up"
    assert send(postman, now=NOW + timedelta(hours=1)) == SendCounts()
    assert send(postman, now=NOW + DAY) == SendCounts(accepted=5)
    assert days(cold) == [(3, 3), (6, 5)]


def test_only_advertising_by_mail_is_counted_and_only_where_it_is_asked(shop: Shop, postman: Postman) -> None:
    holders = readers(shop, 5)
    advertise(shop, holders)
    assert send(postman) == SendCounts(accepted=5)
    setting(shop, "messages.warm_up", True)
    plan(shop, *[draft(holder, "order", topic=SERVICE) for holder in holders])
    assert send(postman) == SendCounts(accepted=5)
    assert days(shop) == []


def test_a_step_is_climbed_by_a_day_of_which_half_left(cold: Shop, postman: Postman) -> None:
    """One letter on the first day tells receivers nothing; past the last step nothing is counted."""
    holders = readers(cold, 40)
    sent = [1, 2, 6, 12, 19]
    for number, count in enumerate(sent):
        some, holders = holders[:count], holders[count:]
        plan(cold, *[draft(holder, "a", topic=NEWS) for holder in some], now=NOW + number * DAY)
        assert send(postman, now=NOW + number * DAY) == SendCounts(accepted=count), number
    assert days(cold) == [(3, 1), (3, 2), (6, 6), (12, 12)]


def test_what_does_not_leave_gives_its_place_back(cold: Shop, postman: Postman) -> None:
    """A letter that is refused gives it back at once; one that is to come later keeps it, and takes no second one."""
    advertise(cold, readers(cold, 2, address="data-5+{n}@example.com"))
    assert send(postman) == SendCounts(rejected=2)
    assert days(cold) == [(3, 0)]
    advertise(cold, readers(cold, 1, start=10, address="data-4+{n}@example.com"))
    for minutes in (0, 6):
        assert send(postman, now=NOW + timedelta(minutes=minutes)) == SendCounts(deferred=1)
        assert days(cold) == [(3, 1)]
    advertise(cold, readers(cold, 3, start=20))
    assert send(postman, now=NOW + timedelta(minutes=7)) == SendCounts(accepted=2, deferred=1)
    assert days(cold) == [(3, 3)]


def test_two_workers_share_a_day(cold: Shop) -> None:
    advertise(cold, readers(cold, 40))

    def claim(number: int) -> int:
        desk = Desk("email", f"w{number}", lambda: NOW, 600)
        return sum(len(desk.claim(5)[0]) for _ in range(4))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(claim, range(4))) == 3
    assert days(cold) == [(3, 3)]


def test_a_launch_is_told_how_many_days_it_takes(cold: Shop) -> None:
    today = NOW.date()
    for letters, told in ((3, (1, 3)), (4, (2, 3)), (9, (2, 3)), (10, (3, 3)), (21, (3, 3)), (5_000, (4, 3))):
        with db.transaction(cold.program.id) as conn:
            assert warming.days(conn, today, letters) == told, letters
