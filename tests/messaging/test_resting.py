"""Addresses that take nothing rest, and are tried again."""

from datetime import timedelta

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, SERVICE, plan, stories
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.consent.state import LINK
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.members.types import ConsentFact, Created, NewMember
from verno.messaging.answers.resting import LOOK_BACK, REST
from verno.wiring import chores

DAY = timedelta(days=1)


def reader(shop: Shop, *, days: int) -> str:
    """Let in a member who agrees to news and has had their address and number for so many days; returns the id."""
    at = NOW - days * DAY
    with db.transaction() as conn:
        new = NewMember(external_id="anna", email="anna@example.com", phone="+79161234567", locale="en")
        [made] = members.upsert(conn, shop.program, [new], now=at)
        assert isinstance(made, Created)
        yes = ConsentFact(made.member_id, NEWS, "email", granted=True, at=at, method=LINK, text_version="1")
        members.record_consents(conn, shop.program.id, [yes], now=at)
    plan(shop, draft(made.member_id, "old", topic=NEWS))
    return made.member_id


def rest(after: timedelta = timedelta()) -> int:
    return chores.rest_addresses(now=NOW + after, stopping=lambda: False)


def ended(holder: str, channel: str, *ends: tuple[str, str | None, float], response: str | None = None) -> None:
    """Write messages of a member that ended so, so many days ago."""
    for number, (state, reason, days) in enumerate(ends):
        key = f"{channel}-{number}-{days}"
        with db.transaction() as conn:
            conn.execute(
                "INSERT INTO messaging_message (holder_id, id, program_id, channel, topic, class_name, template,"
                " locale, context, dedupe_key, state, reason, response, decision, attempts, due_at, created_at,"
                " changed_at)"
                " SELECT holder_id, gen_random_uuid(), program_id, %(channel)s, topic, class_name, template, locale,"
                " context, %(key)s, %(state)s, %(reason)s, %(response)s, decision, 1, %(at)s, %(at)s, %(at)s"
                " FROM messaging_message WHERE holder_id = %(holder)s LIMIT 1",
                {
                    "holder": holder,
                    "channel": channel,
                    "key": key,
                    "state": state,
                    "reason": reason,
                    "response": response,
                    "at": NOW - days * DAY,
                },
            )


@pytest.mark.parametrize(
    ("channel", "ends", "tired"),
    [
        ("email", [("rejected", "gave-up", 5)], 0),
        ("email", [("rejected", "gave-up", 9), ("rejected", "gave-up", 5)], 1),
        ("email", [("rejected", "gave-up", 9), ("accepted", None, 7), ("rejected", "gave-up", 5)], 0),
        ("email", [("rejected", "gave-up", 31), ("rejected", "gave-up", 5)], 0),
        ("email", [("rejected", "refused", 9), ("rejected", "refused", 5)], 0),
        ("sms", [("bounced", "undelivered", 9), ("bounced", "undelivered", 5)], 0),
        ("sms", [("bounced", "undelivered", 9), ("bounced", "undelivered", 5), ("bounced", "undelivered", 1)], 1),
        ("sms", [("bounced", "undelivered", days) for days in (9, 5, 1)] + [("delivered", None, 3)], 0),
        ("sms", [("bounced", "undelivered", days) for days in (9, 5, 1)] + [("accepted", None, 3)], 1),
    ],
)
def test_who_rests(shop: Shop, channel: str, ends: list[tuple[str, str | None, int]], tired: int) -> None:
    anna = reader(shop, days=40)
    ended(anna, channel, *ends)
    assert rest() == tired
    assert rest() == 0, "once"


def test_a_rest_holds_advertising_back_and_ends(shop: Shop) -> None:
    anna = reader(shop, days=40)
    ended(anna, "email", ("rejected", "gave-up", 9), ("rejected", "gave-up", 5))
    assert rest() == 1
    plan(shop, draft(anna, "x-news", topic=NEWS), draft(anna, "x-order", topic=SERVICE))
    told = {one.dedupe_key: (one.state, one.reason) for one in stories(anna)}
    assert told["x-news"] == ("withheld", "suppressed")
    assert told["x-order"] == ("queued", None), "what is owed is tried all the same"
    assert rest(REST + DAY) == 0
    plan(shop, draft(anna, "y-news", topic=NEWS), now=NOW + REST + DAY)
    assert {one.dedupe_key: one.state for one in stories(anna)}["y-news"] == "queued"


def test_a_new_address_does_not_rest_for_the_old_one(shop: Shop) -> None:
    anna = reader(shop, days=1)
    ended(anna, "email", ("rejected", "gave-up", 9), ("rejected", "gave-up", 5))
    assert rest() == 0
    assert rest(LOOK_BACK) == 0


GONE = "5.4.4 smtp; Host or domain name not found. Name service error for name=gone.example type=A: Host not found"
REFUSED, CAME_BACK = ("rejected", "refused"), ("bounced", "undelivered")


@pytest.mark.parametrize(
    ("ends", "response", "state"),
    [
        ([(*CAME_BACK, 5.0)], GONE, "queued"),
        ([(*CAME_BACK, 5.0), (*CAME_BACK, 4.5)], GONE, "queued"),
        ([(*CAME_BACK, 5.0), (*CAME_BACK, 4.0)], GONE, "withheld"),
        ([(*REFUSED, 5.0), (*CAME_BACK, 2.0)], GONE, "withheld"),
        ([(*CAME_BACK, 5.0), ("accepted", None, 4.0), (*CAME_BACK, 2.0)], GONE, "queued"),
        ([(*CAME_BACK, 31.0), (*CAME_BACK, 2.0)], GONE, "queued"),
        ([("rejected", "gave-up", 2.0)], "450 4.1.2 Recipient address rejected: Domain not found", "withheld"),
        ([(*CAME_BACK, 5.0), (*CAME_BACK, 2.0)], "5.2.2 mailbox full", "queued"),
    ],
)
def test_a_domain_that_is_gone_twice_a_day_apart(
    shop: Shop, ends: list[tuple[str, str | None, float]], response: str, state: str
) -> None:
    anna = reader(shop, days=40)
    ended(anna, "email", *ends, response=response)
    rest()
    plan(shop, draft(anna, "x-order", topic=SERVICE))
    assert {one.dedupe_key: one.state for one in stories(anna)}["x-order"] == state, "and for good: what is owed, too"


def browsers(anna: str) -> list[str]:
    with db.transaction() as conn:
        return [one.text[-2:-1] for one in devices.devices(conn, [anna], DeviceKind.PUSH).get(anna, [])]


def test_a_browser_that_nothing_goes_through_is_forgotten(shop: Shop) -> None:
    anna = reader(shop, days=400)
    with db.transaction() as conn:
        for name, days in (("a", 271), ("b", 269)):
            said = NewDevice(anna, DeviceKind.PUSH, f'{{"endpoint":"https://push.example/{name}"}}')
            devices.add(conn, shop.program.id, [said], now=NOW - days * DAY)
        chat = NewDevice(anna, DeviceKind.TELEGRAM, "1")
        devices.add(conn, shop.program.id, [chat], now=NOW - 400 * DAY)
    ended(anna, "push", ("accepted", None, 200))
    rest()
    assert len(browsers(anna)) == 2, "pushes go through"
    rest(71 * DAY)
    assert browsers(anna) == []
    with db.transaction() as conn:
        assert devices.devices(conn, [anna], DeviceKind.TELEGRAM), "a chat lasts"
