"""Variants tried on a sample, the best one sent to the rest; hours of one's own; cascades from cheap to dear."""

from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import (
    LETTER,
    MINUTE,
    SMS,
    buy,
    hours,
    launch,
    look,
    mark,
    progress,
    rows,
    setting,
    texters,
    work,
)
from tests.messaging.news import NOW, readers, send
from tests.messaging.postman import Postman
from verno.kit import db
from verno.messaging import facts
from verno.messaging.broadcasts import costs
from verno.messaging.broadcasts.running import cascade
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    Broadcast,
    Channel,
    Measure,
    Outcome,
    Until,
    Variant,
    WinnerRule,
)
from verno.messaging.desk import Desk

TWO = (Variant("a", LETTER), Variant("b", f"{LETTER}"))
RULE = WinnerRule(sample=5_000, after_hours=4, least=10)


def clicks(shop: Shop, broadcast: Broadcast, variant: str, share: int, now: datetime) -> None:
    """Let every message of the sample arrive, and one in ``share`` of a variant's readers click."""
    mark(shop, "accepted", "dedupe_key = %s AND state = 'queued'", broadcast.occasion)
    chosen = (
        "holder_id IN (SELECT holder_id FROM (SELECT holder_id, row_number() OVER (ORDER BY holder_id) n"
        " FROM messaging_recipient WHERE broadcast_id = %s AND variant = %s AND messages > 0) v WHERE n %% %s = 0)"
    )
    mark(shop, "clicked", f"dedupe_key = %s AND {chosen}", broadcast.occasion, broadcast.id, variant, share, now=now)


def test_the_winner_goes_to_the_rest(shop: Shop) -> None:
    readers(shop, 200)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    sample = progress(shop, broadcast).by_state["planned"]
    assert 60 < sample < 140
    clicks(shop, broadcast, "b", 2, NOW + MINUTE)
    clicks(shop, broadcast, "a", 20, NOW + MINUTE)
    work(hours(3))
    assert progress(shop, broadcast).by_state["planned"] == sample, "its hours are not over"
    work(hours(4.1))
    verdict = look(shop, broadcast).winner
    assert verdict is not None
    assert (verdict.outcome, verdict.variant, verdict.by) == (Outcome.WON, "b", Measure.CLICKS)
    assert sum(arm.sent for arm in verdict.arms.values()) == sample
    work(hours(4.2))
    assert progress(shop, broadcast).by_state == {"planned": 200}
    assert rows(shop, "SELECT DISTINCT variant FROM messaging_recipient WHERE wave = 1") == [("b",)]
    assert len(rows(shop, "SELECT DISTINCT variant FROM messaging_recipient WHERE wave = 0")) == 2


def test_nobody_wins_by_chance_and_the_rest_keep_their_variants(shop: Shop) -> None:
    readers(shop, 100)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    mark(shop, "accepted", "state = 'queued'")
    work(hours(4.1))
    verdict = look(shop, broadcast).winner
    assert verdict is not None
    assert verdict.outcome is Outcome.TIE
    work(hours(4.2))
    assert len(rows(shop, "SELECT DISTINCT variant FROM messaging_recipient WHERE wave = 1")) == 2


def test_too_few_are_said_to_be_too_few(shop: Shop) -> None:
    readers(shop, 12)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    mark(shop, "accepted", "state = 'queued'")
    work(hours(4.1))
    verdict = look(shop, broadcast).winner
    assert verdict is not None
    assert verdict.outcome is Outcome.TOO_FEW


def test_purchases_decide_where_they_are_asked(shop: Shop) -> None:
    readers(shop, 120)
    rule = WinnerRule(sample=5_000, after_hours=4, least=10, by=Measure.PURCHASES)
    broadcast = launch(shop, variants=TWO, winner=rule)
    work()
    mark(shop, "accepted", "state = 'queued'")
    bought = rows(shop, "SELECT holder_id::text FROM messaging_recipient WHERE wave = 0 AND variant = 'a'")
    for n, (holder,) in enumerate(bought):
        buy(shop, str(holder), f"r-{n}", 10_000, at=NOW + MINUTE)
    work(hours(4.1))
    verdict = look(shop, broadcast).winner
    assert verdict is not None
    assert (verdict.outcome, verdict.variant) == (Outcome.WON, "a")
    assert verdict.arms["a"].hits == len(bought)


def turns(shop: Shop) -> dict[str, datetime]:
    return dict(rows(shop, "SELECT holder_id::text, send_at FROM messaging_recipient"))  # type: ignore[arg-type]


def live_in(holder: str, zone: str) -> None:
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute(
            "UPDATE members_member SET attributes = jsonb_build_object('timezone', %s::text) WHERE id = %s",
            (zone, holder),
        )


def test_a_local_hour_is_on_each_members_own_clock(shop: Shop) -> None:
    home, east, lost = readers(shop, 3)
    live_in(east, "Asia/Vladivostok")
    live_in(lost, "Nowhere/Atlantis")
    broadcast = launch(shop, send=AtLocalHour(date(2026, 11, 5), time(11)))
    work()
    assert progress(shop, broadcast).by_state == {}
    start = datetime(2026, 11, 4, 10, tzinfo=UTC)
    work(start)
    found = turns(shop)
    assert found[east] == datetime(2026, 11, 5, 1, tzinfo=UTC)
    assert found[home] == found[lost] == datetime(2026, 11, 5, 8, tzinfo=UTC)
    work(datetime(2026, 11, 5, 1, tzinfo=UTC))
    assert progress(shop, broadcast).by_state == {"planned": 1, "waiting": 2}


def test_the_best_hour_is_when_a_member_buys(shop: Shop) -> None:
    keen, seldom = readers(shop, 2)
    for n in range(3):
        buy(shop, keen, f"k-{n}", 1_000, at=datetime(2026, 10, 20 + n, 16, 30, tzinfo=UTC))
    buy(shop, keen, "k-9", 1_000, at=datetime(2026, 10, 28, 6, tzinfo=UTC))
    buy(shop, seldom, "s-1", 1_000, at=datetime(2026, 10, 20, 16, 30, tzinfo=UTC))
    launch(shop, send=AtBestHour(date(2026, 11, 5), time(11)))
    work(datetime(2026, 11, 4, 10, tzinfo=UTC))
    found = turns(shop)
    assert found[keen] == datetime(2026, 11, 5, 16, tzinfo=UTC)
    assert found[seldom] == datetime(2026, 11, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize("best", [False, True])
def test_the_rest_of_a_trial_waits_for_its_own_hour(shop: Shop, best: bool) -> None:
    holders = readers(shop, 60)
    for holder in holders[:20]:
        live_in(holder, "Asia/Vladivostok")
    day, hour = date(2026, 11, 5), time(11)
    send_at = AtBestHour(day, hour) if best else AtLocalHour(day, hour)
    broadcast = launch(shop, variants=TWO, winner=WinnerRule(sample=5_000, after_hours=4, least=10), send=send_at)
    work(datetime(2026, 11, 4, 10, tzinfo=UTC))
    before = turns(shop)
    work(datetime(2026, 11, 5, 1, tzinfo=UTC))
    work(datetime(2026, 11, 5, 8, tzinfo=UTC))
    sample = progress(shop, broadcast).by_state["planned"]
    mark(shop, "accepted", "state = 'queued'")
    work(datetime(2026, 11, 5, 12, 1, tzinfo=UTC))
    assert look(shop, broadcast).winner is not None
    assert progress(shop, broadcast).by_state == {"planned": sample, "waiting": 60 - sample}
    waiting = {
        str(one) for (one,) in rows(shop, "SELECT holder_id::text FROM messaging_recipient WHERE state = 'waiting'")
    }
    found = turns(shop)
    assert {one: found[one] for one in waiting} == {one: before[one] + timedelta(days=1) for one in waiting}
    work(datetime(2026, 11, 6, 8, tzinfo=UTC))
    assert progress(shop, broadcast).by_state == {"planned": 60}


CASCADE = (Channel("email", wait_hours=5, until=Until.READ), SMS)


def channels(shop: Shop) -> dict[object, object]:
    return dict(rows(shop, "SELECT channel, count(*) FROM messaging_message WHERE state <> 'withheld' GROUP BY 1"))  # type: ignore[arg-type]


def test_the_dearer_channel_is_for_those_who_did_not_read(shop: Shop) -> None:
    reader, sleeper, dead = texters(shop, 3)
    broadcast = launch(shop, channels=CASCADE)
    work()
    assert channels(shop) == {"email": 3}
    mark(shop, "opened", "holder_id = %s", reader)
    mark(shop, "delivered", "holder_id = %s", sleeper)
    mark(shop, "bounced", "holder_id = %s", dead)
    work(hours(4))
    assert channels(shop) == {"email": 3}
    told = progress(shop, broadcast)
    assert (told.by_state, told.written) == ({"waiting": 3}, 3), "they are written to, and not yet at their ends"
    work(hours(5))
    assert channels(shop) == {"email": 3, "sms": 2}
    told = progress(shop, broadcast)
    assert (told.by_state, told.written) == ({"planned": 2, "reached": 1}, 0)


def test_who_has_no_cheap_channel_gets_the_dearer_one_at_once(shop: Shop) -> None:
    texters(shop, 1)
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute("DELETE FROM members_identity WHERE kind = 'email'")
    broadcast = launch(shop, channels=CASCADE)
    work()
    assert channels(shop) == {"sms": 1}
    assert progress(shop, broadcast).by_state == {"planned": 1}


def test_what_has_not_left_yet_is_waited_for(shop: Shop) -> None:
    texters(shop, 1)
    broadcast = launch(shop, channels=CASCADE)
    work()
    work(hours(5))
    assert channels(shop) == {"email": 1}
    mark(shop, "delivered", "true")
    work(hours(5.5))
    assert channels(shop) == {"email": 1}
    work(hours(6.1))
    assert channels(shop) == {"email": 1, "sms": 1}
    assert progress(shop, broadcast).by_state == {"planned": 1}


def test_money_ends_a_cascade(shop: Shop) -> None:
    texters(shop, 5)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=(SMS,), cost_limit=1_000)
    work()
    assert progress(shop, broadcast).by_state == {"planned": 3, "unaffordable": 2}
    assert look(shop, broadcast).cost == 900


def test_money_ends_nobody_whom_it_would_have_reached(shop: Shop) -> None:
    """Most have no number or have not agreed: they cost nothing."""
    numberless = texters(shop, 20)
    readers(shop, 10)
    takers = texters(shop, 5, start=20)
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute("DELETE FROM members_identity WHERE kind = 'phone' AND holder_id = ANY(%s::uuid[])", (numberless,))
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=(SMS,), cost_limit=1_000)
    work()
    assert progress(shop, broadcast).by_state == {"planned": 3, "unaffordable": 2, "withheld": 30}
    assert look(shop, broadcast).cost == 900, "never more than the limit"
    ends = rows(shop, "SELECT holder_id::text, state FROM messaging_recipient WHERE state <> 'withheld'")
    assert {holder for holder, _ in ends} == set(takers)
    assert channels(shop) == {"sms": 3}


@pytest.mark.parametrize("limit", [0, 299, 300, 900, 3_300, 3_299, 9_000])
def test_a_cost_limit_is_used_to_its_end_and_never_exceeded(shop: Shop, limit: int) -> None:
    """However members who take it stand among those who do not, and wherever a chunk ends."""
    for start in range(0, 40, 10):
        texters(shop, 3, start=start)
        readers(shop, 4, start=start)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=(SMS,), cost_limit=limit)
    work(chunk=7)
    got = min(12, limit // 300)
    ends = {"planned": got, "unaffordable": 12 - got, "withheld": 16}
    assert progress(shop, broadcast).by_state == {state: count for state, count in ends.items() if count}
    assert look(shop, broadcast).cost == got * 300


def test_what_is_free_is_not_counted_against_the_limit(shop: Shop) -> None:
    texters(shop, 5)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=(Channel("email", wait_hours=1, until=Until.READ), SMS), cost_limit=600)
    work()
    mark(shop, "delivered", "true")
    work(NOW + timedelta(hours=1))
    assert channels(shop) == {"email": 5, "sms": 2}
    assert progress(shop, broadcast).by_state == {"planned": 5}


def test_chats_and_pushes_are_free_and_every_channel_has_a_price(shop: Shop) -> None:
    setting(shop, "messages.sms_segment_price", 300)
    with db.transaction(shop.program.id) as conn:
        assert costs.prices(conn, shop.program.id) == {"email": 0, "sms": 300, "telegram": 0, "push": 0}
    assert set(costs.PRICES) == set(cascade.TELLS) == set(facts.ADDRESS_KIND)


def test_the_dearer_channel_waits_from_when_the_cheap_one_left_and_takes_no_turn_of_its_own(
    shop: Shop, postman: Postman
) -> None:
    texters(shop, 1)
    broadcast = launch(shop, channels=CASCADE)
    work()
    assert send(postman, now=hours(2)).accepted == 1
    work(hours(5))
    work(hours(6.9))
    assert channels(shop) == {"email": 1}, "five hours are not over since it left"
    work(hours(7))
    assert channels(shop) == {"email": 1, "sms": 1}
    jobs, ends = Desk("sms", "worker", lambda: hours(7), 600).claim(9)
    assert ([job.occasion for job in jobs], ends) == ([broadcast.occasion], []), "one occasion takes one turn"
