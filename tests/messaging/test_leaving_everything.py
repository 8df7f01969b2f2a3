"""Who has left everything is not reached by a topic of advertising that is made later, whatever the country asks."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, plan, readers
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.kit.clock import clock
from verno.members import service, stopping
from verno.members.consent import topics
from verno.members.types import ConsentFact, Topic
from verno.messaging.answers import hearing
from verno.messaging.channels.port import Fate, Heard, Receipt
from verno.messaging.preferences import links as pages
from verno.messaging.preferences.links import Person
from verno.messaging.types import Planned, Withheld
from verno.privacy import service as privacy
from verno.workspace import settings
from verno.workspace.audit import SYSTEM

LATER = NOW + timedelta(days=2)
OFFERS = Topic("offers", "marketing", {"en": "Offers"})
TIERS = Topic("tiers", "program", {"en": "Tiers"})

Door = Callable[[Shop, str], object]


def on_the_page(do: str) -> Door:
    def press(shop: Shop, who: str) -> None:
        token = pages.preferences_token(Person(shop.program.id, who))
        assert Client().post(f"/p/{token}", {"do": do}).status_code == 200

    return press


def by_stop(_: Shop, __: str) -> None:
    hearing.hear([], [Heard("email", "member-0@example.com", "STOP", NOW)])


def said_aloud(shop: Shop, who: str) -> None:
    with db.transaction(shop.program.id) as conn:
        stopping.stop(conn, shop.program.id, who, stopping.EVERYTHING, method="till", now=NOW)


def asked_to_be_forgotten(shop: Shop, who: str) -> None:
    with db.transaction(shop.program.id) as conn:
        privacy.request(conn, shop.program.id, who, by=SYSTEM, now=NOW)


def complained(shop: Shop, who: str) -> None:
    plan(shop, draft(who, "news", topic=NEWS))
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET state = 'accepted', reference = 'r-1', changed_at = %s", (NOW,))
    hearing.hear([Receipt("email", "r-1", Fate.COMPLAINED, NOW, "spam", gone=False)], [])


DOORS: dict[str, Door] = {
    "the page: everything": on_the_page("all"),
    "the page: this channel": on_the_page("channel:email"),
    "STOP": by_stop,
    "said aloud": said_aloud,
    "asked to be forgotten": asked_to_be_forgotten,
    "a complaint": complained,
}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield
    clock.read = before


@pytest.mark.parametrize("country", ["US", "strict"])
@pytest.mark.parametrize("door", DOORS)
def test_a_later_topic_does_not_reach_them(shop: Shop, door: str, country: str) -> None:
    anna, other = readers(shop, 2)
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "messages.country", country, now=NOW)
    DOORS[door](shop, anna)
    with db.transaction() as conn:
        for topic in (OFFERS, TIERS):
            topics.put(conn, shop.program.id, topic, now=NOW, by=SYSTEM)
    found = plan(shop, draft(anna, "a", topic="offers"), draft(anna, "b", topic="tiers"), now=LATER)
    kept = [one.reason if isinstance(one, Withheld) else None for one in found]
    silent = None if country == "US" else "no-consent"
    assert kept == ["withdrawn", silent if door == "a complaint" else "withdrawn"], (
        "a complaint is of advertising alone"
    )
    (reached,) = plan(shop, draft(other, "a", topic="offers"), now=LATER)
    assert isinstance(reached, Planned) == (country == "US"), "nobody else is held back"
    with db.transaction() as conn:
        yes = ConsentFact(anna, "offers", "email", True, NOW + timedelta(days=1), "double-opt-in-link", "1")
        service.record_consents(conn, shop.program.id, [yes], now=LATER)
        topics.put(conn, shop.program.id, Topic("more", "marketing"), now=LATER, by=SYSTEM)
    again, more = plan(shop, draft(anna, "c", topic="offers"), draft(anna, "d", topic="more"), now=LATER)
    assert isinstance(again, Planned), "a yes opens its own topic"
    assert isinstance(more, Withheld), "and no other"
