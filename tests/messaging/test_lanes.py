"""Turns, lanes, switches and mornings, between the queue and a real SMTP server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, SERVICE, plan, readers, send, stories
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.service import POINTS_STATEMENT
from verno.members.types import NewMember
from verno.messaging import queries, service
from verno.messaging.decide import PARKED
from verno.messaging.desk import BULK, RETRY_AFTER, URGENT, Desk, End
from verno.messaging.law.caps import LONGEST
from verno.messaging.sender import SendCounts
from verno.messaging.types import Planned, Reason, State
from verno.wiring import chores
from verno.workspace import settings
from verno.workspace.audit import Actor, ActorKind

BY = Actor(ActorKind.OPERATOR, "command")
NIGHT = datetime(2026, 11, 3, 20, 0, tzinfo=UTC)
"""Eleven in the evening in Moscow."""


def test_two_advertisements_share_no_turn(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS), draft(anna, "b", topic=NEWS), draft(anna, "c", topic=SERVICE))
    assert send(postman) == SendCounts(accepted=2, withheld=1)
    assert [(one.state, one.reason) for one in stories(anna)] == [
        ("accepted", None),
        ("withheld", "frequency-cap"),
        ("accepted", None),
    ]
    plan(shop, draft(anna, "d", topic=NEWS), now=NOW + timedelta(days=1))
    assert send(postman, now=NOW + timedelta(days=1)) == SendCounts(accepted=1)


def test_how_often_is_a_setting(shop: Shop, postman: Postman) -> None:
    """Two a day; from the next claim on one, as it was: what is above is left out, not put off."""
    [anna] = readers(shop, 1)
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "messages.ads_a_day", 2, now=NOW)
    plan(shop, *[draft(anna, key, topic=NEWS) for key in "abc"])
    assert send(postman) == SendCounts(accepted=2, withheld=1)
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "messages.ads_a_week", 2, now=NOW)
    plan(shop, draft(anna, "d", topic=NEWS), now=NOW + timedelta(days=2))
    assert send(postman, now=NOW + timedelta(days=2)) == SendCounts(withheld=1)


def test_workers_that_claim_at_once_give_each_member_one(shop: Shop) -> None:
    """Turns are reserved under locks in the claim's own transaction: two campaigns do not both pass."""
    holders = readers(shop, 60)
    plan(shop, *[draft(h, key, topic=NEWS) for key in "abcd" for h in holders])

    def claim(number: int) -> int:
        desk = Desk("email", f"w{number}", lambda: NOW, 600)
        return sum(len(desk.claim(10)[0]) for _ in range(12))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(claim, range(4))) == len(holders)
    with db.transaction() as conn:
        told = {(one.state, one.reason): one.messages for one in queries.counts(conn, shop.program.id)}
    assert told == {("claimed", None): 60, ("withheld", "frequency-cap"): 180}


def test_turns_are_forgotten_when_no_cap_looks_back_to_them(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS))
    send(postman)
    told = [
        chores.forget_turns(now=NOW + days, stopping=lambda: False) for days in (LONGEST, LONGEST + timedelta(days=1))
    ]
    assert told == [0, 1]


def test_what_did_not_leave_takes_no_turn(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS))
    jobs, _ = Desk("email", "first", lambda: NOW, 600).claim(1)
    desk = Desk("email", "other", lambda: NOW, 600)
    plan(shop, draft(anna, "b", topic=NEWS))
    assert [end.reason for end in desk.claim(1)[1]] == ["frequency-cap"], "the turn is reserved from the claim on"
    assert jobs
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember(external_id="m-0", email=None)], now=NOW)
    later = NOW + timedelta(minutes=11)
    assert send(postman, now=later) == SendCounts(), "what lapsed is tried apart from the others"
    assert send(postman, now=later, suspects=True) == SendCounts(withheld=1)
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember(external_id="m-0", email="member-0@example.com")], now=later)
    plan(shop, draft(anna, "c", topic=NEWS), now=later)
    assert send(postman, now=later) == SendCounts(accepted=1)


def test_services_have_a_lane_of_their_own(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS), draft(anna, "b", topic=SERVICE))
    assert send(postman, lanes=URGENT) == SendCounts(accepted=1)
    assert [one.state for one in stories(anna)] == ["queued", "accepted"]
    assert send(postman, lanes=BULK) == SendCounts(accepted=1)


def test_each_class_is_taken_before_the_next_one_however_long_that_waits(shop: Shop) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS), now=NOW - timedelta(hours=2))
    plan(shop, draft(anna, "b", topic=POINTS_STATEMENT), now=NOW - timedelta(hours=1))
    plan(shop, draft(anna, "c", topic=SERVICE))
    desk = Desk("email", "worker", lambda: NOW, 600)
    taken = [job.content.topic for _ in range(3) for job in desk.claim(1)[0]]
    assert taken == [SERVICE, POINTS_STATEMENT, NEWS]


def test_advertising_waits_for_the_morning(shop: Shop, postman: Postman) -> None:
    [anna, boris] = readers(shop, 2)
    with db.transaction() as conn:
        changed = NewMember(external_id="m-1", attributes={"timezone": "America/New_York"})
        members.upsert(conn, shop.program, [changed], now=NOW)
    planned = plan(shop, *[draft(h, "a", topic=NEWS) for h in (anna, boris)], now=NIGHT)
    assert all(isinstance(one, Planned) for one in planned)
    assert send(postman, now=NIGHT) == SendCounts(accepted=1), "it is afternoon where Boris lives"
    [waiting] = stories(anna)
    morning = NIGHT.replace(hour=4) + timedelta(days=1)
    assert morning <= waiting.due_at < morning + timedelta(minutes=30)
    assert send(postman, now=waiting.due_at - timedelta(seconds=1)) == SendCounts()
    assert send(postman, now=waiting.due_at) == SendCounts(accepted=1)


def test_nobody_gets_yesterdays_offer(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS, valid_until=NOW + timedelta(hours=1)))
    assert send(postman, now=NOW + timedelta(hours=1)) == SendCounts(withheld=1)
    assert stories(anna)[0].reason == "too-late"


@pytest.mark.parametrize(("what", "left"), [("marketing", 1), ("channel:email", 0), ("all", 0), ("channel:sms", 2)])
def test_a_switch_holds_back(shop: Shop, postman: Postman, what: str, left: int) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS), draft(anna, "b", topic=SERVICE))
    with db.transaction() as conn:
        service.stop(conn, shop.program.id, what, by=BY, now=NOW)
    assert send(postman).accepted == left
    with db.transaction() as conn:
        service.let_go(conn, shop.program.id, what, by=BY, now=NOW)
    assert chores.wake_parked(now=NOW, stopping=lambda: False) == 2 - left
    assert send(postman).accepted == 2 - left


def test_a_switch_stops_what_is_claimed_already(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS))
    desk = Desk("email", "worker", lambda: NOW, 600)
    jobs, _ = desk.claim(1)
    with db.transaction() as conn:
        service.stop(conn, shop.program.id, "marketing", by=BY, now=NOW)
    leaving, [staying] = desk.exchange(jobs, [])
    assert (leaving, staying.state, staying.due_at) == (set(), "queued", NOW + PARKED)


def test_what_is_stopped_for_long_is_looked_at_rarely_and_told_once(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=NEWS))
    with db.transaction() as conn:
        service.stop(conn, shop.program.id, "marketing", by=BY, now=NOW)
    for hours in (0, 1, 2, 3, 7):
        assert send(postman, now=NOW + timedelta(hours=hours)).accepted == 0
        assert chores.wake_parked(now=NOW + timedelta(hours=hours), stopping=lambda: False) == 0
    [parked] = stories(anna)
    told = [(one["stage"], one["verdict"]) for one in parked.decisions]
    assert told == [("planning", "allow"), ("hand-over", "defer")]
    assert (parked.state, parked.reason, parked.due_at) == ("queued", "stopped", NOW + timedelta(hours=7) + PARKED)


def test_what_was_planned_for_later_does_not_wake_before(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    later = NOW + timedelta(hours=2)
    with db.transaction() as conn:
        service.stop(conn, shop.program.id, "all", by=BY, now=NOW)
    plan(shop, draft(anna, "a", topic=NEWS, not_before=later))
    with db.transaction() as conn:
        service.let_go(conn, shop.program.id, "all", by=BY, now=NOW)
    assert chores.wake_parked(now=NOW, stopping=lambda: False) == 0
    assert send(postman).accepted == 0
    assert send(postman, now=later).accepted == 1


def test_what_is_wanted_until_soon_is_looked_at_once_more(shop: Shop) -> None:
    [anna] = readers(shop, 1)
    with db.transaction() as conn:
        service.stop(conn, shop.program.id, "all", by=BY, now=NOW)
    plan(shop, draft(anna, "a", topic=NEWS, valid_until=NOW + timedelta(hours=1)))
    assert stories(anna)[0].due_at == NOW + timedelta(minutes=55)


def test_the_country_is_a_setting(shop: Shop) -> None:
    """In America mail needs no consent; the setting decides, from the next claim on."""
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1, agree=False)
        [strict] = service.plan(conn, shop.program.id, [draft(anna, "a", topic=NEWS)], now=NOW)
        settings.write(conn, shop.program.id, "messages.country", "US", now=NOW)
        [american] = service.plan(conn, shop.program.id, [draft(anna, "b", topic=NEWS)], now=NOW + timedelta(hours=8))
    assert not isinstance(strict, Planned)
    assert isinstance(american, Planned)


def test_only_a_person_sends_an_uncertain_message_again(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    [planned] = plan(shop, draft(anna, "a", topic=NEWS))
    assert isinstance(planned, Planned)
    dead = Desk("email", "dead", lambda: NOW, 600)
    jobs, _ = dead.claim(1)
    dead.exchange(jobs, [])
    later = NOW + timedelta(hours=1)
    assert send(postman, now=later) == SendCounts()
    assert stories(anna)[0].state == "uncertain"
    with db.transaction() as conn:
        again = [
            service.send_again(conn, shop.program.id, anna, planned.message_id, by=BY, now=later) for _ in range(2)
        ]
    assert again == [True, False]
    assert send(postman, now=later) == SendCounts(accepted=1)
    end = End(anna, planned.message_id, State.REJECTED, Reason.REFUSED, "late")
    assert dead.exchange([], [end]) == (set(), [])
    assert stories(anna)[0].state == "accepted", "the dead worker's late word counts no more"


def test_what_is_owed_comes_again_under_the_same_name(shop: Shop, postman: Postman) -> None:
    """Transactional messages leave at least once; of a second copy mail programs show one."""
    [anna] = readers(shop, 1)
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember(external_id="m-0", email="store-drop@example.com")], now=NOW)
    plan(shop, draft(anna, "a", topic=SERVICE))
    now = NOW
    for wait in RETRY_AFTER:
        assert send(postman, now=now) == SendCounts(deferred=1)
        assert stories(anna)[0].due_at == now + wait
        now += wait
    assert send(postman, now=now) == SendCounts(uncertain=1), "a person decides in the end"
    names = [message_from_bytes(letter)["Message-ID"] for _, letter in postman.stored]
    assert len(names) == len(RETRY_AFTER) + 1
    assert len(set(names)) == 1


def test_a_lost_workers_service_comes_again_unless_its_answer_does(shop: Shop, postman: Postman) -> None:
    anna, boris = readers(shop, 2)
    plan(shop, *[draft(who, "a", topic=SERVICE) for who in (anna, boris)])
    slow = Desk("email", "slow", lambda: NOW, 600)
    jobs, _ = slow.claim(2)
    slow.exchange(jobs, [])
    later = NOW + timedelta(minutes=16)
    assert send(postman, now=later) == SendCounts()
    assert [(one.state, one.reason) for who in (anna, boris) for one in stories(who)] == [
        ("deferred", "worker-lost")
    ] * 2
    slow.exchange([], [End(anna, stories(anna)[0].id, State.ACCEPTED, None, "250 OK")])
    assert stories(anna)[0].state == "accepted", "the answer came late, and before the second copy"
    assert send(postman, now=later + timedelta(minutes=5)) == SendCounts(accepted=1)
    assert stories(boris)[0].state == "accepted"
