"""What an outlook says of members whose turn is by their own clocks is what planning then does."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import buy, launch, progress, rows, wanted, work
from tests.messaging.broadcasts.test_trials import live_in
from tests.messaging.news import NOW, readers
from verno.kit import db
from verno.messaging.broadcasts.simulating import outlook
from verno.messaging.broadcasts.types import AtBestHour, AtLocalHour, AtOnce, NewBroadcast, Outlook

HOUR = timedelta(hours=1)
DAY = date(2026, 11, 5)
BEGINS = datetime(2026, 11, 4, 10, tzinfo=UTC)
"""When the 5th of November begins on the first clock of the world: the audience is written down."""
ZONES = ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Vladivostok")


def looked(shop: Shop, asked: NewBroadcast, *, now: datetime = NOW) -> Outlook:
    with db.transaction(shop.program.id) as conn:
        told = outlook(conn, shop.program.id, asked, now=now)
    assert isinstance(told, Outlook), told
    return told


def spread_out(shop: Shop, count: int) -> list[str]:
    """Let readers live in four zones, as many in each."""
    holders = readers(shop, count)
    for n, holder in enumerate(holders):
        live_in(holder, ZONES[n % len(ZONES)])
    return holders


def came(shop: Shop, hours: int) -> tuple[dict[object, int], int, int]:
    """Let the worker plan for so many hours; returns who was withheld, how many leave, how many wait."""
    for hour in range(hours):
        work(BEGINS + hour * HOUR)
    found = rows(shop, "SELECT state, reason, due_at > created_at FROM messaging_message")
    withheld = Counter(reason for state, reason, _ in found if state == "withheld")
    waits = [waits for state, _, waits in found if state == "queued"]
    return dict(withheld), len(waits), waits.count(True)


@pytest.mark.parametrize(
    ("at", "until", "later", "late"),
    [
        (time(11), None, 0, 0),
        (time(23), None, 8, 0),
        (time(11), datetime(2026, 11, 5, 7, 30, tzinfo=UTC), 0, 4),
        (time(23), datetime(2026, 11, 6, 2, 30, tzinfo=UTC), 4, 4),
    ],
)
def test_each_is_judged_at_their_own_hour(shop: Shop, at: time, until: datetime | None, later: int, late: int) -> None:
    spread_out(shop, 8)
    send = AtLocalHour(DAY, at)
    told = looked(shop, wanted(send=send, valid_until=until))
    assert (told.would_get, told.later.get("quiet-hours", 0)) == (8 - late, later)
    assert told.withheld == ({"too-late": late} if late else {})
    launch(shop, send=send, valid_until=until)
    assert came(shop, 48) == (told.withheld, told.would_get, told.later.get("quiet-hours", 0))


def test_the_best_hour_is_the_one_of_the_freeze(shop: Shop) -> None:
    holders = spread_out(shop, 4)
    for n in range(3):
        buy(shop, holders[3], f"k-{n}", 1_000, at=datetime(2026, 10, 20 + n, 13, 30, tzinfo=UTC))  # 23:30 at home
    send = AtBestHour(DAY, time(11))
    told = looked(shop, wanted(send=send))
    assert (told.would_get, told.later) == (4, {"quiet-hours": 1})
    launch(shop, send=send)
    assert came(shop, 48) == ({}, 4, 1)


def test_a_cap_counts_up_to_the_members_own_turn(shop: Shop) -> None:
    holders = spread_out(shop, 4)
    with db.transaction() as conn:
        for holder in holders:
            conn.execute(
                "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
                " VALUES (%s, %s, %s, 'email', %s)",
                (holder, holder, shop.program.id, datetime(2026, 11, 4, 8, 30, tzinfo=UTC)),
            )
    told = looked(shop, wanted(send=AtLocalHour(DAY, time(11))))
    assert told.withheld == {"frequency-cap": 2}, "at 1:00 and 6:00 it is that day yet, at 8:00 and 9:00 no more"


def test_a_rate_goes_on_into_the_night(shop: Shop) -> None:
    readers(shop, 6)
    evening = datetime(2026, 11, 4, 18, 58, tzinfo=UTC)  # 21:58 in Moscow
    told = looked(shop, wanted(send=AtOnce(), rate=1), now=evening)
    assert (told.would_get, told.later) == (6, {"quiet-hours": 4})
    launched = launch(shop, send=AtOnce(), rate=1, now=evening)
    for minute in range(8):
        work(evening + timedelta(minutes=minute))
    assert progress(shop, launched).by_state == {"planned": 6}
    waits = rows(shop, "SELECT count(*) FROM messaging_message WHERE due_at > created_at")
    assert waits == [(4,)]
