"""Broadcasts are under way and members leave by every door there is (P19): what is queued for them stays here.

Two broadcasts overlap while the morning goes round the earth: each letter leaves at its hour where its reader
lives, none after its reader has left, and nobody gets both within a day.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.broadcasts.conftest import connected  # noqa: F401 a fixture
from tests.messaging.broadcasts.shows import launch, rows, work
from tests.messaging.conftest import postman, shop  # noqa: F401 fixtures
from tests.messaging.news import NEWS, NOW, readers, send
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.clock import clock
from verno.members import service
from verno.members.consent.state import LINK
from verno.members.types import ConsentFact, NewMember, Topic
from verno.messaging import service as messages
from verno.messaging.answers import hearing
from verno.messaging.broadcasts.types import AtLocalHour
from verno.messaging.channels.email import bounces
from verno.messaging.channels.port import Heard
from verno.messaging.facts import address_hash
from verno.messaging.leaving import links as leaving
from verno.messaging.leaving.links import Subscription
from verno.messaging.preferences import links as pages
from verno.messaging.preferences.links import Person
from verno.messaging.types import NewSuppression, Silence, Silenced
from verno.privacy import service as privacy
from verno.workspace.audit import SYSTEM

STAY = 5
LATER = NOW + timedelta(minutes=2)

Door = Callable[[Shop, str, str], object]
"""Lets a member (id, address) of a shop leave."""


def one_click(shop: Shop, who: str, _: str) -> None:  # noqa: F811 a fixture's name
    token = leaving.token(Subscription(shop.program.id, who, NEWS, "email"))
    assert Client().post(f"/u/{token}", {"List-Unsubscribe": "One-Click"}).status_code == 200


def on_the_page(do: str, **form: object) -> Door:
    def press(shop: Shop, who: str, _: str) -> None:  # noqa: F811 a fixture's name
        token = pages.preferences_token(Person(shop.program.id, who))
        assert Client().post(f"/p/{token}", {"do": do, **form}).status_code == 200

    return press


def by_reply(_: Shop, __: str, address: str) -> None:
    hearing.hear([], [Heard("email", address, "STOP", LATER)])


def by_letter(shop: Shop, who: str, _: str) -> None:  # noqa: F811 a fixture's name
    """As mail programs do that know no POST: to the address in ``List-Unsubscribe``, with its subject."""
    token = leaving.token(Subscription(shop.program.id, who, NEWS, "email"))
    heard = bounces.read(f"Subject: unsubscribe {token}\r\n\r\n".encode(), now=LATER)
    assert isinstance(heard, Heard)
    hearing.hear([], [heard])


def on_an_earlier_list(shop: Shop, _: str, address: str) -> None:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        digest = address_hash(shop.program.id, "email", address)
        messages.bring(conn, shop.program.id, [Silenced("email", digest, Silence.UNSUBSCRIBED, LATER)], now=LATER)


def said_to_staff(shop: Shop, who: str, _: str) -> None:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        fact = ConsentFact(who, NEWS, "email", granted=False, at=LATER, method="spoken")
        service.record_consents(conn, shop.program.id, [fact], now=LATER)


def complained(shop: Shop, _: str, address: str) -> None:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        digest = address_hash(shop.program.id, "email", address)
        told = [NewSuppression("email", digest, "complaint", "test")]
        messages.suppress(conn, shop.program.id, told, now=LATER)


def asked_to_be_forgotten(shop: Shop, who: str, _: str) -> None:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        privacy.request(conn, shop.program.id, who, by=SYSTEM, now=LATER)


DOORS: dict[str, Door] = {
    "one click": one_click,
    "the page: everything": on_the_page("all"),
    "the page: this topic": on_the_page(f"topic:{NEWS}"),
    "the page: this channel": on_the_page("channel:email"),
    "the page: a switch": on_the_page("save", shown=[f"{NEWS}/email"], on=[]),
    "the page: a pause": on_the_page("pause"),
    "a reply": by_reply,
    "a letter to the way out": by_letter,
    "an earlier provider's list": on_an_earlier_list,
    "said to staff": said_to_staff,
    "a complaint": complained,
    "asked to be forgotten": asked_to_be_forgotten,
}

ANSWERED = {"a reply"}
"""Who leaves so gets a word that it was heard."""


@pytest.fixture
def _now() -> Iterator[None]:
    before, clock.read = clock.read, lambda: LATER
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield
    clock.read = before


@pytest.mark.usefixtures("_now")
def test_what_is_queued_obeys_every_door(shop: Shop, postman: Postman) -> None:  # noqa: F811 fixtures
    holders = readers(shop, len(DOORS) + STAY)
    leavers = dict(zip(DOORS, holders, strict=False))
    broadcast = launch(shop)
    work()
    for n, (name, who) in enumerate(leavers.items()):
        DOORS[name](shop, who, f"member-{n}@example.com")
    send(postman, now=LATER)
    text = "SELECT holder_id::text FROM messaging_message WHERE dedupe_key = %s AND state = 'accepted'"
    reached = {who for (who,) in rows(shop, text, broadcast.occasion)}
    assert [name for name, who in leavers.items() if who in reached] == []
    assert reached == set(holders[len(DOORS) :])
    answered = {f"member-{n}@example.com" for n, name in enumerate(DOORS) if name in ANSWERED}
    assert postman.addresses().keys() == {f"member-{len(DOORS) + n}@example.com" for n in range(STAY)} | answered


ZONES = ("Asia/Vladivostok", "Asia/Yekaterinburg", "Europe/Moscow", "Europe/Kaliningrad", "America/New_York")
EACH = 4
"""Readers in each zone: the first leaves the first broadcast's topic, the second everything, while it is under way."""
OFFERS = "offers"
DAY = date(2026, 11, 4)
FIRST, SECOND = time(11), time(11, 30)
STEP = timedelta(minutes=30)


def around_the_earth(shop: Shop) -> dict[str, tuple[str, ZoneInfo]]:  # noqa: F811 a fixture's name
    """Add readers of both topics in each zone; returns (id, zone) by address."""
    told = {}
    with db.transaction() as conn:
        service.ensure_topics(conn, shop.program.id, [Topic(OFFERS, "marketing")])
    holders = readers(shop, EACH * len(ZONES))
    long_ago = NOW - timedelta(days=9)
    with db.transaction() as conn:
        agree = [
            ConsentFact(who, OFFERS, "email", granted=True, at=long_ago, method=LINK, text_version="1")
            for who in holders
        ]
        service.record_consents(conn, shop.program.id, agree, now=long_ago)
        where = [NewMember(f"m-{n}", attributes={"timezone": ZONES[n // EACH]}) for n, _ in enumerate(holders)]
        service.upsert(conn, shop.program, where, now=long_ago)
    for n, who in enumerate(holders):
        told[f"member-{n}@example.com"] = (who, ZoneInfo(ZONES[n // EACH]))
    return told


def test_two_broadcasts_go_round_the_earth_while_readers_leave(shop: Shop, postman: Postman) -> None:  # noqa: F811 fixtures
    people = around_the_earth(shop)
    first = launch(shop, send=AtLocalHour(DAY, FIRST))
    second = launch(shop, topic=OFFERS, name="Offers", send=AtLocalHour(DAY, SECOND))
    left: dict[str, datetime] = {}
    arrived: dict[str, list[datetime]] = {address: [] for address in people}
    now = NOW
    for _ in range(int(timedelta(days=2) / STEP)):
        if now.time() == time(5):  # Vladivostok has its letters, all others' are queued
            for n, (address, (who, _)) in enumerate(people.items()):
                if n % EACH < 2 and now.date() == DAY:
                    topics = (NEWS,) if n % EACH == 0 else (NEWS, OFFERS)
                    said = [
                        ConsentFact(who, topic, "email", granted=False, at=now, method="spoken") for topic in topics
                    ]
                    with db.transaction(shop.program.id) as conn:
                        service.record_consents(conn, shop.program.id, said, now=now)
                    left[address] = now
        work(now)
        before = len(postman.stored)
        send(postman, now=now)
        for address, _ in postman.stored[before:]:
            arrived[address].append(now)
        now += STEP
    reached = {occasion: reached_by(shop, occasion) for occasion in (first.occasion, second.occasion)}
    for n, (address, (_, zone)) in enumerate(people.items()):
        at = [moment.astimezone(zone) for moment in arrived[address]]
        assert all(time(7) <= moment.time() < time(22) for moment in at), "by night"
        if n % EACH >= 2:
            assert at == [datetime.combine(DAY, FIRST, zone)], "the first at its hour, and not the second besides"
        if n % EACH == 1:
            assert all(moment < left[address] for moment in arrived[address]), "after its reader had left everything"
        if n % EACH == 0:
            assert arrived[address], "only one topic was left"
    in_time = {who for who, zone in people.values() if zone.key == ZONES[0]}
    leavers = {who for n, (who, _) in enumerate(people.values()) if n % EACH < 2}
    assert leavers & reached[first.occasion] == leavers & in_time, "who had it before they left, and nobody else"
    assert reached[second.occasion] < leavers - in_time, "who got the first one gets no second one the same day"


def reached_by(shop: Shop, occasion: str) -> set[str]:  # noqa: F811 a fixture's name
    text = "SELECT holder_id::text FROM messaging_message WHERE dedupe_key = %s AND state = 'accepted'"
    return {str(who) for (who,) in rows(shop, text, occasion)}
