"""A code's whole way: asked for on the page or by API, sent as a text over npm ``smpp``, typed back; P30."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.news import NOW, stories
from tests.messaging.peers.process import Peer, needs_node
from verno.kit import db
from verno.kit.clock import clock
from verno.members import queries
from verno.members import service as members
from verno.members.types import Created, NewConsent, NewMember
from verno.messaging.answers import codes
from verno.messaging.channels.sms import smpp
from verno.messaging.channels.sms.channel import Smpp
from verno.messaging.desk import URGENT
from verno.messaging.preferences import links
from verno.messaging.preferences.links import Person
from verno.messaging.sender import SendCounts, send_due

pytestmark = needs_node("smpp")

PHONE = "+79161234567"


@pytest.fixture
def centre() -> Iterator[Peer]:
    with Peer("smsc.cjs") as running:
        yield running


@pytest.fixture
def ann(shop: Shop) -> Iterator[str]:
    said = [NewConsent("news", "sms", granted=True, text_version="1")]  # type: ignore[arg-type]
    with db.transaction() as conn:
        new = NewMember("ann", phone=PHONE, locale="ru", consents=said)
        (stored,) = members.upsert(conn, shop.program, [new], now=NOW)
    assert isinstance(stored, Created)
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield stored.member_id
    clock.read = before


def press(shop: Shop, holder: str, **form: str) -> str:
    path = f"/p/{links.preferences_token(Person(shop.program.id, holder))}"
    return str(Client(enforce_csrf_checks=True).post(path, form).content.decode())


def send(centre: Peer) -> SendCounts:
    chosen = smpp.settings(f"smpp://shop:secret@127.0.0.1:{centre.port}", "Shop")
    return send_due(Smpp(chosen), clock.read, worker_name="test", lanes=URGENT)


def received(centre: Peer) -> str:
    """The code in the next text, put together from its parts."""
    words = ""
    while not re.search(r"\d{6}", words):
        words += str(centre.event("text")["text"])
    found = re.search(r"\d{6}", words)
    assert found is not None
    return found[0]


def later(minutes: int) -> None:
    moment = NOW + timedelta(minutes=minutes)
    clock.read = lambda: moment


def test_a_code_comes_as_a_text_and_confirms_the_number(shop: Shop, ann: str, centre: Peer) -> None:
    assert "Пришлём код на +7916" in str(
        Client().get(f"/p/{links.preferences_token(Person(shop.program.id, ann))}").content.decode()
    )
    assert "Код отправлен" in press(shop, ann, do="code")
    assert send(centre) == SendCounts(accepted=1)
    code = received(centre)
    with db.transaction() as conn:
        (stored,) = conn.execute("SELECT context::text FROM messaging_message WHERE template = 'note'").fetchall()
    assert code not in stored[0], "a code is kept nowhere that anybody can read"
    assert "Код не подошёл" in press(shop, ann, do="check", code=f"{(int(code) + 1) % 10**6:06}")
    page = press(shop, ann, do="check", code=f"{code[:3]} {code[3:]}")
    assert "номер подтверждён" in page
    assert "Пришлём код" not in page
    with db.transaction() as conn:
        assert {one.state for one in queries.standings(conn, [ann], now=NOW)[ann]} == {"granted"}


def test_a_new_code_kills_the_old_one_and_calls_its_text_back(shop: Shop, ann: str, centre: Peer) -> None:
    press(shop, ann, do="code")
    assert "через минуту" in press(shop, ann, do="code")
    later(2)
    assert "Код отправлен" in press(shop, ann, do="code")
    assert sorted((one.state, one.reason) for one in stories(ann)) == [("queued", None), ("withheld", "too-late")]
    assert send(centre) == SendCounts(accepted=1)
    assert "номер подтверждён" in press(shop, ann, do="check", code=received(centre))


def test_a_text_that_was_sent_is_dead_once_there_is_another(shop: Shop, ann: str, centre: Peer) -> None:
    press(shop, ann, do="code")
    send(centre)
    old = received(centre)
    later(2)
    press(shop, ann, do="code")
    send(centre)
    new = received(centre)
    if old != new:
        assert "Код не подошёл" in press(shop, ann, do="check", code=old)
    assert "номер подтверждён" in press(shop, ann, do="check", code=new)


def test_a_code_whose_time_is_over_does_not_leave(shop: Shop, ann: str, centre: Peer) -> None:
    press(shop, ann, do="code")
    later(6)
    assert send(centre) == SendCounts(withheld=1)
    assert [one.reason for one in stories(ann)] == ["too-late"]


def test_a_code_is_sent_by_mail_too(shop: Shop, ann: str) -> None:
    with db.transaction(shop.program.id) as conn:
        members.upsert(conn, shop.program, [NewMember("ann", email="ann@example.com")], now=NOW)
        codes.send(conn, shop.program, ann, "email", now=NOW)
    assert [(one.channel, one.topic, one.state) for one in stories(ann)] == [("email", "account-security", "queued")]
