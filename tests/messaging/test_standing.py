"""A mail provider that refuses us, or whose readers complain, gets nothing in bulk; no address suffers for it."""

from datetime import datetime, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import mark
from tests.messaging.news import NEWS, NOW, SERVICE, plan, send, stories
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.consent.state import LINK
from verno.members.service import POINTS_STATEMENT
from verno.members.types import ConsentFact
from verno.messaging import queries, service
from verno.messaging.answers import standing
from verno.messaging.queries import Switch
from verno.messaging.sender import SendCounts
from verno.wiring import chores
from verno.workspace.audit import Actor, ActorKind

BY = Actor(ActorKind.STAFF, "anna")
GMAIL = "domain:gmail.com"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(shop: Shop, address: str, count: int, *, start: int) -> list[str]:
    """Add readers of news at a provider; ``{n}`` in the address is their number."""
    with db.transaction() as conn:
        holders = add_members(conn, shop, count, address=address, start=start)
        said = [
            ConsentFact(h, NEWS, "email", granted=True, at=NOW - 9 * DAY, method=LINK, text_version="1")
            for h in holders
        ]
        members.record_consents(conn, shop.program.id, said, now=NOW - 9 * DAY)
    return holders


def switches(shop: Shop, *, now: datetime = NOW) -> dict[str, Switch]:
    with db.transaction(shop.program.id) as conn:
        return {one.what: one for one in queries.switches(conn, shop.program.id, now=now)}


def look(*, now: datetime = NOW) -> int:
    return chores.watch_refusals(now=now, stopping=lambda: False)


def look_at_complaints(*, now: datetime = NOW) -> int:
    return chores.watch_complaints(now=now, stopping=lambda: False)


def wake(*, now: datetime = NOW) -> int:
    return chores.wake_parked(now=now, stopping=lambda: False)


def refused(
    shop: Shop, postman: Postman, count: int, *, start: int = 0, now: datetime = NOW, domain: str = "gmail.com"
) -> None:
    """Let so many readers' news be refused by policy: 550 5.7.1, as the postman says to these names."""
    holders = at(shop, f"rcpt-5+{{n}}@{domain}", count, start=start)
    plan(shop, *[draft(one, "refused", topic=NEWS) for one in holders], now=now)
    assert send(postman, now=now) == SendCounts(rejected=count)


def test_a_refusal_by_policy_holds_back_what_is_in_bulk_for_that_provider(shop: Shop, postman: Postman) -> None:
    refused(shop, postman, 3)
    assert look() == 1
    assert look() == 0, "once"
    assert switches(shop) == {GMAIL: Switch(GMAIL, NOW, "system:verno", NOW + DAY, "refused-by-policy", "3")}
    [anna] = at(shop, "anna+{n}@gmail.com", 1, start=10)
    [boris] = at(shop, "boris+{n}@mail.ru", 1, start=11)
    plan(
        shop,
        *(draft(anna, "a", topic=NEWS), draft(anna, "b", topic=POINTS_STATEMENT), draft(anna, "c", topic=SERVICE)),
        *(draft(boris, "d", topic=NEWS),),
    )
    assert send(postman) == SendCounts(accepted=2, deferred=2)
    held = {one.topic: (one.state, one.reason) for one in stories(anna)}
    assert held == {NEWS: ("queued", "stopped"), POINTS_STATEMENT: ("queued", "stopped"), SERVICE: ("accepted", None)}
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM messaging_suppression").fetchone() == (0,), "nobody's own fault"


def test_what_was_held_back_goes_on_when_the_time_is_over(shop: Shop, postman: Postman) -> None:
    refused(shop, postman, 3)
    look()
    [anna] = at(shop, "anna+{n}@gmail.com", 1, start=10)
    plan(shop, draft(anna, "a", topic=NEWS))
    assert send(postman).deferred == 1
    assert wake(now=NOW + MINUTE) == 0, "and does not turn round and round meanwhile"
    assert send(postman, now=NOW + DAY - HOUR).deferred == 1, "looked at again after six hours"
    assert wake(now=NOW + DAY) == 1
    assert switches(shop, now=NOW + DAY) == {}
    assert send(postman, now=NOW + DAY).accepted == 1


def test_a_person_lets_a_provider_go_and_what_was_before_counts_no_more(shop: Shop, postman: Postman) -> None:
    refused(shop, postman, 3)
    look()
    [anna] = at(shop, "anna+{n}@gmail.com", 1, start=10)
    plan(shop, draft(anna, "a", topic=NEWS))
    assert send(postman).deferred == 1
    with db.transaction(shop.program.id) as conn:
        service.let_go(conn, shop.program.id, GMAIL, by=BY, now=NOW + MINUTE)
    assert look(now=NOW + 2 * MINUTE) == 0
    assert wake(now=NOW + 2 * MINUTE) == 1
    assert send(postman, now=NOW + 2 * MINUTE).accepted == 1
    refused(shop, postman, 3, start=20, now=NOW + 3 * MINUTE)
    assert look(now=NOW + 3 * MINUTE) == 1, "it refuses again"


def test_one_mailbox_is_not_its_provider(shop: Shop, postman: Postman) -> None:
    refused(shop, postman, 2)
    assert look() == 0
    refused(shop, postman, 1, start=2, now=NOW + HOUR)
    assert look(now=NOW + HOUR + MINUTE) == 0, "nor three in two hours"


def test_a_small_domain_is_never_written_down(shop: Shop, postman: Postman) -> None:
    refused(shop, postman, 5, domain="smith-family.example")
    assert look() == 0
    assert switches(shop) == {}


@pytest.mark.parametrize(
    ("response", "stops"),
    [
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", 1),
        ("554 Message rejected under suspicion of SPAM", 1),
        ("550 Your address is blocked here", 1),
        ("550 5.1.1 no such user; blocked", 0),
        ("552 5.2.2 mailbox full", 0),
        ("554 5.6.0 no", 0),
    ],
)
def test_which_words_are_policy(shop: Shop, response: str, stops: int) -> None:
    holders = at(shop, "anna+{n}@gmail.com", 3, start=0)
    plan(shop, *[draft(one, "x", topic=NEWS) for one in holders])
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "UPDATE messaging_message SET state = 'bounced', reason = 'undelivered', response = %s, changed_at = %s,"
            " domain = 'gmail.com'",
            (response, NOW),
        )
    assert look() == stops


def test_three_of_a_thousand_are_not_much(shop: Shop, postman: Postman) -> None:
    advertised(shop, 301)
    refused(shop, postman, 3, start=5_000)
    assert look() == 0
    refused(shop, postman, 1, start=5_010)
    assert look() == 1


def advertised(shop: Shop, count: int, *, now: datetime = NOW) -> list[str]:
    """Let gmail have taken so many advertisements."""
    holders = at(shop, "m+{n}@gmail.com", count, start=1_000)
    plan(shop, *[draft(one, "ad", topic=NEWS) for one in holders], now=now)
    with db.transaction(shop.program.id) as conn:
        conn.execute("UPDATE messaging_message SET state = 'accepted', domain = 'gmail.com', changed_at = %s", (now,))
        conn.execute(
            "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
            " SELECT holder_id, id, program_id, channel, %s FROM messaging_message",
            (now,),
        )
    return holders


def complain(shop: Shop, holders: list[str]) -> None:
    assert mark(shop, "complained", "holder_id = ANY (%s::uuid[])", holders) == len(holders)


def test_complaints_hold_a_provider_back_until_a_person_lets_it_go(shop: Shop) -> None:
    holders = advertised(shop, 1_000)
    complain(shop, holders[:2])
    assert look_at_complaints() == 0
    with db.transaction(shop.program.id) as conn:
        assert [one.code for one in standing.complaints(conn, shop.program.id, now=NOW).values()] == ["complaints-slow"]
    complain(shop, holders[2:3])
    assert look_at_complaints() == 1
    assert look_at_complaints(now=NOW + MINUTE) == 0, "once"
    assert switches(shop, now=NOW + 30 * DAY)[GMAIL].until is None, "for as long as nobody says so"
    assert switches(shop)[GMAIL].why == "complaints"
    assert switches(shop)[GMAIL].detail == "gmail.com 3/1000"
    with db.transaction(shop.program.id) as conn:
        service.let_go(conn, shop.program.id, GMAIL, by=BY, now=NOW + HOUR)
    assert look_at_complaints(now=NOW + 2 * HOUR) == 0, "what was before counts no more"
    assert switches(shop, now=NOW + 2 * HOUR) == {}


def test_complaints_outlast_a_rest(shop: Shop, postman: Postman) -> None:
    holders = advertised(shop, 1_000, now=NOW - 2 * HOUR)
    complain(shop, holders[:3])
    refused(shop, postman, 3, start=5_000)
    assert look() == 1
    assert look_at_complaints() == 1, "a day would be too short"
    assert (switches(shop)[GMAIL].until, switches(shop)[GMAIL].why) == (None, "complaints")
    assert look(now=NOW + MINUTE) == 0, "and it is not made shorter"
