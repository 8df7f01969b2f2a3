"""A broadcast is under way and members leave by every door there is (P19): what is queued for them stays here."""

from collections.abc import Callable, Iterator
from datetime import timedelta

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
from verno.members.types import ConsentFact
from verno.messaging import service as messages
from verno.messaging.answers import hearing
from verno.messaging.channels.port import Heard
from verno.messaging.facts import address_hash
from verno.messaging.leaving import links as leaving
from verno.messaging.leaving.links import Subscription
from verno.messaging.preferences import links as pages
from verno.messaging.preferences.links import Person
from verno.messaging.types import NewSuppression
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
