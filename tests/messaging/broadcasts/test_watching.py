"""What stops a broadcast by itself, what its launcher is told before, and what it brought."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import (
    ANNA,
    EMAIL,
    MINUTE,
    SMS,
    buy,
    do,
    draft,
    hours,
    launch,
    look,
    mark,
    name_sender,
    progress,
    rows,
    setting,
    texters,
    wanted,
    work,
)
from tests.messaging.broadcasts.test_trials import CASCADE, TWO
from tests.messaging.news import NEWS, NOW, readers, send
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import service as members
from verno.members.types import ConsentFact
from verno.messaging import service as messages
from verno.messaging.broadcasts import preflight, service
from verno.messaging.broadcasts.results import results
from verno.messaging.broadcasts.simulating import outlook
from verno.messaging.broadcasts.types import (
    Broadcast,
    BroadcastRefusal,
    BroadcastState,
    Channel,
    Done,
    Listed,
    Matching,
    Measure,
    NewBroadcast,
    Outlook,
    Problem,
    Refused,
    Results,
    Warned,
    WinnerRule,
)
from verno.messaging.channels.email import domain

BOUNCE = "id IN (SELECT id FROM messaging_message WHERE dedupe_key = %s ORDER BY id LIMIT %s)"


def left(shop: Shop, broadcast: Broadcast) -> None:
    mark(shop, "accepted", "dedupe_key = %s", broadcast.occasion, now=NOW + MINUTE)


def test_dead_addresses_pause_it_until_a_person_lets_it_go_on(shop: Shop) -> None:
    readers(shop, 60)
    broadcast = launch(shop, rate=30)
    work()
    left(shop, broadcast)
    mark(shop, "bounced", BOUNCE, broadcast.occasion, 2, now=NOW + MINUTE)
    work(NOW + 2 * MINUTE)
    told = look(shop, broadcast)
    assert (told.state, told.reason) == (BroadcastState.PAUSED, "hard-bounces")
    assert progress(shop, broadcast).by_state == {"planned": 30, "waiting": 30}
    assert isinstance(do("resume", shop, broadcast, now=NOW + 3 * MINUTE), Done)
    work(NOW + 4 * MINUTE)
    assert look(shop, broadcast).state is BroadcastState.RUNNING
    assert progress(shop, broadcast).by_state == {"planned": 60}


@pytest.mark.parametrize(
    ("channel", "response", "reason"),
    [
        (SMS, "stat:EXPIRED err:000", None),
        (SMS, "state 3", None),
        (SMS, "stat:UNDELIV err:001", "hard-bounces"),
        (EMAIL, "554 5.7.1 blocked for spam", None),
        (EMAIL, "550 5.1.1 blocked: no such user", "hard-bounces"),
        (EMAIL, "550 5.1.1 no such user", "hard-bounces"),
    ],
)
def test_what_is_no_dead_address_pauses_nothing(
    shop: Shop, channel: Channel, response: str, reason: str | None
) -> None:
    texters(shop, 30)
    broadcast = launch(shop, channels=(channel,))
    work()
    left(shop, broadcast)
    mark(shop, "bounced", BOUNCE, broadcast.occasion, 6, now=NOW + MINUTE)
    with db.transaction(shop.program.id) as conn:
        bounced = "UPDATE messaging_message SET reason = 'undelivered', response = %s WHERE state = 'bounced'"
        conn.execute(bounced, (response,))
    work(NOW + 2 * MINUTE)
    assert look(shop, broadcast).reason == reason


def complained(shop: Shop, broadcast: Broadcast, count: int) -> None:
    """Let a thousand letters of one provider have had their turn, and some of their readers complain."""
    left(shop, broadcast)
    with db.transaction(shop.program.id) as conn:
        conn.execute("UPDATE messaging_message SET domain = 'gmail.com'")
        conn.execute(
            "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
            " SELECT holder_id, id, program_id, channel, %s FROM messaging_message",
            (NOW + MINUTE,),
        )
    mark(shop, "complained", BOUNCE, broadcast.occasion, count, now=NOW + MINUTE)


@pytest.mark.parametrize(
    ("count", "state", "reason"),
    [
        (3, BroadcastState.PAUSED, "complaints"),
        (2, BroadcastState.RUNNING, "complaints-slow"),
        (1, BroadcastState.RUNNING, "complaints-warn"),
    ],
)
def test_complaints_at_one_provider(shop: Shop, count: int, state: BroadcastState, reason: str) -> None:
    readers(shop, 1_100)
    broadcast = launch(shop, rate=1_000)
    work()
    complained(shop, broadcast, count)
    work(NOW + 2 * MINUTE)
    told = look(shop, broadcast)
    assert (told.state, told.reason) == (state, reason)
    planned = progress(shop, broadcast).by_state["planned"]
    assert planned == {"complaints": 1_000, "complaints-slow": 1_060, "complaints-warn": 1_100}[reason]


def test_letters_remember_a_large_provider_and_no_small_one(shop: Shop, postman: Postman) -> None:
    readers(shop, 1)
    with db.transaction() as conn:
        holder = add_members(conn, shop, 1, address="anna@gmail.com", start=9)[0]
        said = ConsentFact(holder, NEWS, "email", granted=True, at=NOW, method="double-opt-in-link", text_version="1")
        members.record_consents(conn, shop.program.id, [said], now=NOW)
    launch(shop)
    work()
    assert send(postman).accepted == 2
    assert sorted(rows(shop, "SELECT domain FROM messaging_message"), key=str) == [("gmail.com",), (None,)]


def flown(shop: Shop, asked: NewBroadcast) -> dict[Warned, Problem]:
    with db.transaction(shop.program.id) as conn:
        return {one.code: one for one in preflight.look(conn, shop.program.id, asked, now=NOW)}


def test_nobody_to_write_to_blocks_a_launch(shop: Shop) -> None:
    assert flown(shop, wanted())[Warned.NOBODY].is_blocking
    held = draft(shop)
    with db.transaction(shop.program.id) as conn:
        service.approve(conn, shop.program.id, held.id, version=1, by=ANNA, now=NOW)
        refused = service.launch(conn, shop.program.id, held.id, by=ANNA, now=NOW)
    assert refused == Refused(BroadcastRefusal.NOT_READY, "nobody: ")


def test_what_the_launcher_should_know(shop: Shop) -> None:
    readers(shop, 4)
    with db.transaction(shop.program.id) as conn:
        name_sender(conn, shop)
        messages.stop(conn, shop.program.id, "channel:email", by=ANNA, now=NOW)
    asked = wanted(variants=TWO, winner=WinnerRule(by=Measure.OPENS), audience=Listed(("m-1", "m-2", "nobody")))
    found = flown(shop, asked)
    told = {Warned.STOPPED, Warned.UNKNOWN_LISTED, Warned.SMALL_SAMPLE, Warned.UNRELIABLE, Warned.MAIL_DOMAIN}
    assert set(found) == told
    assert not any(one.is_blocking for one in found.values())


def test_a_channel_without_a_provider_holds_a_launch_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    readers(shop, 1)
    asked = wanted(channels=(EMAIL, SMS))
    assert Warned.CHANNEL_AWAY not in flown(shop, asked)
    monkeypatch.delenv("VERNO_SMS_URL")
    assert flown(shop, asked)[Warned.CHANNEL_AWAY] == Problem(Warned.CHANNEL_AWAY, "sms", is_blocking=True)
    assert flown(shop, wanted(channels=(SMS,)))[Warned.CHANNEL_AWAY].is_blocking
    monkeypatch.delenv("VERNO_SMTP_URL")
    assert flown(shop, asked)[Warned.CHANNEL_AWAY].is_blocking
    assert Warned.MAIL_DOMAIN not in flown(shop, asked)
    held = draft(shop)
    with db.transaction(shop.program.id) as conn:
        service.approve(conn, shop.program.id, held.id, version=1, by=ANNA, now=NOW)
    assert do("launch", shop, held) == Refused(BroadcastRefusal.NOT_READY, "channel-not-connected: email")


def test_mail_from_a_placeholder_is_told_and_held_back_by_nobody(shop: Shop) -> None:
    readers(shop, 1)
    assert flown(shop, wanted())[Warned.MAIL_DOMAIN] == Problem(Warned.MAIL_DOMAIN, "reserved-name: localhost")
    assert Warned.MAIL_DOMAIN not in flown(shop, wanted(channels=(SMS,)))


def test_what_dns_lacks_for_bulk_mail_holds_it_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    readers(shop, 1)
    found = [domain.Found(domain.Flaw.NO_DMARC, "_dmarc.shop.ru", is_grave=True)]
    monkeypatch.setattr(domain, "flaws", lambda: found)
    assert flown(shop, wanted())[Warned.MAIL_DOMAIN].is_blocking


def test_mail_to_members_is_barred_in_no_country(shop: Shop) -> None:
    readers(shop, 1)
    for country in ("strict", "RU", "EU", "US"):
        setting(shop, "messages.country", country)
        assert Warned.BARRED not in flown(shop, wanted())


def leave(shop: Shop, holders: list[str], topic: str = NEWS) -> None:
    said = [ConsentFact(one, topic, "email", granted=False, at=NOW + MINUTE, method="test") for one in holders]
    with db.transaction(shop.program.id) as conn:
        members.record_consents(conn, shop.program.id, said, now=NOW + MINUTE)


def test_many_who_left_are_told_before_the_next_one(shop: Shop) -> None:
    holders = readers(shop, 100)
    launch(shop)
    work()
    assert Warned.MANY_LEAVE not in flown(shop, wanted())
    leave(shop, holders[:1])
    assert flown(shop, wanted())[Warned.MANY_LEAVE].detail == "1/100"


def test_many_who_left_are_told_before_the_next_one_to_the_same_members(shop: Shop) -> None:
    holders = readers(shop, 100)
    few = Listed(tuple(f"m-{n}" for n in range(50)))
    launch(shop, audience=few)
    work()
    leave(shop, holders[:1])
    launch(shop, now=NOW + MINUTE)
    work(NOW + MINUTE)
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "UPDATE messaging_broadcast SET frozen_at = frozen_at + interval '1 hour' WHERE frozen_at > %s", (NOW,)
        )
    assert Warned.MANY_LEAVE not in flown(shop, wanted()), "nobody has left after the last one to everybody"
    assert flown(shop, wanted(audience=few))[Warned.MANY_LEAVE].detail == "1/50"


def provider_rests(shop: Shop) -> None:
    with db.transaction(shop.program.id) as conn:
        messages.stop(conn, shop.program.id, "domain:gmail.com", by=ANNA, now=NOW, until=NOW + timedelta(days=1))


def test_a_provider_that_rests_is_told_before_a_launch(shop: Shop) -> None:
    readers(shop, 1)
    provider_rests(shop)
    assert flown(shop, wanted())[Warned.PROVIDER_RESTS].detail == "gmail.com"
    assert Warned.PROVIDER_RESTS not in flown(shop, wanted(channels=(SMS,)))


def test_yesterdays_complaints_slow_todays_broadcast_and_pause_nothing(shop: Shop) -> None:
    readers(shop, 1_100)
    first = launch(shop, rate=1_000)
    work()
    complained(shop, first, 2)
    second = launch(shop, now=hours(20), rate=1_000)
    work(hours(20))
    assert look(shop, second).reason == "complaints-slow"
    mark(shop, "complained", BOUNCE, first.occasion, 4, now=NOW + MINUTE)
    work(hours(20) + 2 * MINUTE)
    assert (look(shop, second).state, look(shop, second).reason) == (BroadcastState.RUNNING, "complaints-slow")
    with db.transaction(shop.program.id) as conn:
        messages.stop(conn, shop.program.id, "domain:gmail.com", by=ANNA, now=hours(20))
    work(hours(20) + 4 * MINUTE)
    assert look(shop, second).reason is None, "nothing goes there any more, so the others need not wait"


def looked(shop: Shop, asked: NewBroadcast, **options: int) -> Outlook:
    with db.transaction(shop.program.id) as conn:
        told = outlook(conn, shop.program.id, asked, now=NOW, **options)
        assert conn.execute("SELECT count(*) FROM messaging_message").fetchone() == (0,), "nothing is written"
    assert isinstance(told, Outlook), told
    return told


def test_an_outlook_tells_who_would_be_withheld_and_why(shop: Shop) -> None:
    holders = readers(shop, 5)
    with db.transaction() as conn:
        add_members(conn, shop, 2, start=50)
        conn.execute(
            "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
            " VALUES (%s, %s, %s, 'email', %s)",
            (holders[0], holders[0], shop.program.id, NOW - timedelta(hours=3)),
        )
    setting(shop, "messages.email_price", 2)
    told = looked(shop, wanted())
    assert (told.audience, told.looked_at, told.is_sampled) == (7, 7, False)
    assert told.withheld == {"frequency-cap": 1, "no-consent": 2}
    assert (told.would_get, told.by_channel, told.cost) == (4, {"email": 4}, 8)


def test_an_outlook_is_what_planning_then_does(shop: Shop) -> None:
    readers(shop, 40)
    with db.transaction() as conn:
        add_members(conn, shop, 20, start=50)
    told = looked(shop, wanted(holdout=2_000))
    broadcast = launch(shop, holdout=2_000)
    work()
    done = progress(shop, broadcast)
    assert done.by_state["holdout"] == told.holdout
    assert done.by_state["planned"] == told.would_get
    assert done.withheld == told.withheld


def test_a_large_audience_is_reckoned_from_a_sample(shop: Shop) -> None:
    readers(shop, 50)
    told = looked(shop, wanted(), most=10)
    assert (told.audience, told.looked_at, told.is_sampled, told.would_get) == (50, 10, True, 50)


def test_a_night_is_waited_for(shop: Shop) -> None:
    readers(shop, 2)
    with db.transaction(shop.program.id) as conn:
        told = outlook(conn, shop.program.id, wanted(), now=hours(14))
    assert isinstance(told, Outlook)
    assert told.later == {"quiet-hours": 2}


def test_conditions_that_cannot_be_asked_are_refused(shop: Shop) -> None:
    asked = wanted(audience=Matching({"field": "nonsense"}))
    with db.transaction(shop.program.id) as conn:
        told = outlook(conn, shop.program.id, asked, now=NOW)
    assert isinstance(told, Refused)
    assert told.reason is BroadcastRefusal.BAD_CONDITION
    assert flown(shop, asked)[Warned.NOBODY].is_blocking


def told_of(shop: Shop, broadcast: Broadcast, days: int = 3) -> Results:
    with db.transaction(shop.program.id) as conn:
        held = look(shop, broadcast)
        return results(conn, shop.program.id, held, now=NOW + timedelta(days=days))


def test_the_funnel_counts_whoever_came_so_far(shop: Shop) -> None:
    holders = readers(shop, 8)
    with db.transaction() as conn:
        add_members(conn, shop, 2, start=50)
    setting(shop, "messages.email_price", 5)
    broadcast = launch(shop)
    work()
    for holder, state in zip(
        holders, ["accepted", "delivered", "opened", "clicked", "bounced", "complained", "uncertain"], strict=False
    ):
        mark(shop, state, "holder_id = %s", holder)
    leave(shop, holders[2:4])
    (told,) = told_of(shop, broadcast).funnels
    assert (told.variant, told.channel, told.planned, told.waiting) == ("a", "email", 10, 1)
    assert (told.withheld, told.meant) == ({"no-consent": 2}, 8)
    assert (told.accepted, told.delivered, told.opened, told.clicked) == (6, 4, 2, 1)
    assert (told.bounced, told.complained, told.uncertain, told.rejected) == (1, 1, 1, 0)
    assert (told.unsubscribed, told.cost) == (2, 30)


def test_revenue_is_told_against_the_holdout(shop: Shop) -> None:
    readers(shop, 60)
    broadcast = launch(shop, holdout=4_000)
    work()
    found = rows(shop, "SELECT holder_id::text, state FROM messaging_recipient ORDER BY 1")
    for n, (holder, state) in enumerate(found):
        if n % 2:
            buy(shop, str(holder), f"r-{n}", 20_000 if state == "planned" else 5_000, at=NOW + MINUTE)
    told = told_of(shop, broadcast)
    spared = [n for n, (_, state) in enumerate(found) if state == "holdout"]
    assert told.holdout.members == len(spared)
    assert told.holdout.revenue == 5_000 * sum(n % 2 for n in spared)
    assert told.exposed.members + told.holdout.members == 60
    assert told.exposed.revenue == 20_000 * told.exposed.buyers
    assert told.lift is not None
    each = told.exposed.revenue / told.exposed.members - told.holdout.revenue / told.holdout.members
    assert abs(told.lift.each - 1_000 * each) <= 1
    assert told.lift.low < told.lift.each < told.lift.high


def test_what_a_cascade_saved(shop: Shop) -> None:
    reader, *_ = texters(shop, 3)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=CASCADE)
    work()
    mark(shop, "opened", "holder_id = %s", reader)
    mark(shop, "delivered", "holder_id <> %s", reader)
    work(hours(5))
    mark(shop, "accepted", "channel = %s", SMS.channel)
    told = told_of(shop, broadcast)
    assert (told.cost, told.saved) == (600, 300)


def test_a_cascade_saves_nothing_on_whom_the_dearer_channel_would_not_have_taken(shop: Shop) -> None:
    taken, unwilling, numberless, told_lately = texters(shop, 4)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=CASCADE)
    work()
    mark(shop, "opened", "true")
    with db.transaction(shop.program.id) as conn:
        no = ConsentFact(unwilling, NEWS, "sms", granted=False, at=NOW + MINUTE, method="test")
        members.record_consents(conn, shop.program.id, [no], now=NOW + MINUTE)
        conn.execute(
            "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
            " VALUES (%s, %s, %s, 'sms', %s)",
            (told_lately, told_lately, shop.program.id, NOW - timedelta(days=3)),
        )
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute("DELETE FROM members_identity WHERE kind = 'phone' AND holder_id = %s", (numberless,))
    work(hours(5))
    found = rows(shop, "SELECT holder_id::text, state, reason FROM messaging_recipient")
    assert {(str(holder), reason) for holder, _, reason in found} == {
        (taken, None), (unwilling, "withdrawn"), (numberless, "no-address"), (told_lately, "frequency-cap")
    }  # fmt: skip
    assert {state for _, state, _ in found} == {"reached"}
    assert progress(shop, broadcast).withheld == {}, "they have got it"
    assert told_of(shop, broadcast).saved == 300


def test_a_cascade_saves_no_more_than_was_to_be_spent(shop: Shop) -> None:
    texters(shop, 4)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=CASCADE, cost_limit=700)
    work()
    mark(shop, "opened", "true")
    work(hours(5))
    assert told_of(shop, broadcast).saved == 600


def test_nor_in_many_chunks_nor_beside_what_was_spent(shop: Shop) -> None:
    texters(shop, 12)
    setting(shop, "messages.sms_segment_price", 300)
    broadcast = launch(shop, channels=CASCADE, cost_limit=1_000)
    work(chunk=2)
    mark(shop, "opened", "id IN (SELECT id FROM messaging_message ORDER BY id LIMIT 8)")
    work(hours(5), chunk=2)
    assert told_of(shop, broadcast).saved == 900, "eight were spared it, and there was money for three"
    mark(shop, "delivered", "state = 'queued' AND channel = 'email'")
    work(hours(6), chunk=2)
    assert look(shop, broadcast).cost == 900
    assert told_of(shop, broadcast).saved == 0, "all that was to be spent is spent"


@pytest.mark.parametrize("count", [1, 500])
def test_the_same_statements_for_one_and_for_many(shop: Shop, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    readers(shop, count)
    broadcast = launch(shop, channels=CASCADE)
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 it stands in for psycopg's
        asked.extend([str(query)[:60]] if query else [])  # the pool asks with an empty one
        return execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    work()
    told_of(shop, broadcast)
    assert len(asked) == STATEMENTS, asked


STATEMENTS = 56
