"""Telegram on its whole way: linked, written to through npm ``telegram-test-api``, stopped, blocked."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.channels.test_telegram import TOKEN, bot, shown
from tests.messaging.news import NOW, SERVICE, plan, stories
from tests.messaging.peers.process import Peer, needs_node, until
from tests.messaging.people import add_members
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.members import queries
from verno.members.devices import service as devices
from verno.members.words import heard as words
from verno.messaging import service
from verno.messaging.answers import listening, strangers
from verno.messaging.channels.telegram import linking, updates
from verno.messaging.channels.telegram.channel import Telegram
from verno.messaging.channels.telegram.linking import Link
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.types import NewSuppression

CHAT = 77


@pytest.fixture
def ann(shop: Shop) -> Iterator[str]:
    with db.transaction() as conn:
        (holder,) = add_members(conn, shop, 1, locale="ru")
    before, clock.read = clock.read, lambda: NOW
    strangers._knocks.clear()
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield holder
    clock.read = before


@pytest.fixture
def telegram() -> Iterator[Peer]:
    with Peer("telegram.cjs") as running:
        yield running


def tell(what: object, *, secret: str | None = None, status: int = 200) -> str:
    """Let Telegram call our door; returns what the bot says at once."""
    headers = {updates.SECRET_HEADER: updates.secret() if secret is None else secret}
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    found = Client().post("/hooks/telegram", body, content_type="application/json", headers=headers)
    assert found.status_code == status
    if not found.content:
        return ""
    said = json.loads(found.content)
    assert (said["method"], said["chat_id"]) == ("sendMessage", CHAT)
    return str(said["text"])


def says(text: str, *, chat: int = CHAT, kind: str = "message") -> dict[str, object]:
    return {"update_id": 1, kind: {"message_id": 1, "chat": {"id": chat, "type": "private"}, "text": text}}


def leaves(chat: int = CHAT) -> dict[str, object]:
    gone = {"chat": {"id": chat, "type": "private"}, "new_chat_member": {"status": "kicked"}}
    return {"update_id": 2, "my_chat_member": gone}


def start(shop: Shop, holder: str, *, until: datetime = NOW + timedelta(minutes=15)) -> str:
    return "/start " + linking.token(Link(shop.program.id, holder, until))


def chats(holder: str) -> list[str]:
    with db.transaction() as conn:
        return [one.text for one in devices.devices(conn, [holder], "telegram").get(holder, [])]


def send(telegram: Peer, now: datetime = NOW) -> SendCounts:
    return send_due(Telegram(bot(telegram.port)), lambda: now, worker_name="test")


@needs_node("telegram-test-api")
def test_a_chat_is_linked_written_to_and_stopped(shop: Shop, ann: str, telegram: Peer) -> None:
    assert tell(says(start(shop, ann))) == ""
    assert chats(ann) == ["77"]
    plan(shop, draft(ann, "order", topic=SERVICE, channel="telegram"))
    assert send(telegram) == SendCounts(accepted=2)
    greeting = next(str(one["text"]) for one in shown(telegram) if "СТОП" in str(one["text"]))
    assert greeting.startswith("Готово! Сюда будут приходить сообщения программы «Shop».")
    assert "/p/" in greeting

    assert tell(says("стоп")) == ""
    assert tell(says("STOP")) == ""
    assert send(telegram) == SendCounts(accepted=1)
    assert sum("больше не пишем вам сюда" in str(one["text"]) for one in shown(telegram)) == 1
    with db.transaction() as conn:
        said = queries.standings(conn, [ann], now=None)[ann]
    assert {(one.channel, one.state) for one in said if one.channel != "email"} == {("telegram", "withdrawn")}
    plan(shop, draft(ann, "news", topic="news", channel="telegram"))
    assert [one.reason for one in stories(ann) if one.topic == "news"] == ["withdrawn"]


@needs_node("telegram-test-api")
def test_who_blocks_the_bot_is_not_written_to_until_they_start_it_again(shop: Shop, ann: str, telegram: Peer) -> None:
    tell(says(start(shop, ann)))
    tell(leaves())
    plan(shop, draft(ann, "a", topic=SERVICE, channel="telegram"))
    assert {one.reason for one in stories(ann) if one.topic == SERVICE} == {"suppressed"}
    assert "уже подключён" in tell(says("/start"))
    plan(shop, draft(ann, "b", topic=SERVICE, channel="telegram"))
    assert {one.reason for one in stories(ann) if one.topic == SERVICE} == {"suppressed", None}
    assert send(telegram) == SendCounts(accepted=2)


def test_a_link_works_once_for_a_quarter_of_an_hour(shop: Shop, ann: str) -> None:
    link = start(shop, ann)
    assert len(link.split()[1]) == linking.LENGTH
    assert tell(says(link)) == ""
    assert tell(says(link)) == "", "Telegram tells us again what we did not confirm"
    tell(leaves(chat=78))
    later = start(shop, ann, until=NOW)
    with db.transaction() as conn:
        devices.remove(conn, shop.program.id, "telegram", [devices.hash_of(shop.program.id, "telegram", "77")])
    for stale in (link, later, start(shop, new_id(now=NOW)), link[:-1], "/start nonsense"):
        assert "устарела" in tell(says(stale)), stale
    assert chats(ann) == []
    assert [one.dedupe_key.split("/")[0] for one in stories(ann)] == ["linked"]


def test_a_link_that_was_changed_links_nobody(shop: Shop, ann: str) -> None:
    good = linking.token(Link(shop.program.id, ann, NOW + timedelta(minutes=15)))
    assert linking.read(good) is not None
    for at in range(len(good)):
        for sign in "A_z9":
            spoilt = good[:at] + sign + good[at + 1 :]
            assert spoilt == good or linking.read(spoilt) is None
    assert linking.read(good + "=") is None
    assert linking.read("ё" * 63) is None


def test_what_members_write_is_kept_for_a_person(shop: Shop, ann: str) -> None:
    tell(says(start(shop, ann)))
    tell(says("Где мой заказ?"))
    tell(says("Где мой заказ №5?", kind="edited_message"))
    assert tell(says("who am I", chat=78)) == ""
    with db.transaction(shop.program.id) as conn:
        found = words.heard(conn, shop.program.id)
        raw = conn.execute("SELECT string_agg(sealed, ''::bytea) FROM members_word").fetchone()
    assert {(one.holder_id, one.channel) for one in found} == {(ann, "telegram")}
    assert {one.text for one in found} == {"Где мой заказ?", "Где мой заказ №5?"}
    assert raw is not None
    assert "заказ".encode() not in raw[0]


def test_the_door_opens_to_telegram_alone(shop: Shop, ann: str) -> None:
    for wrong in ("", "x", updates.secret()[:-1]):
        assert tell(says(start(shop, ann)), secret=wrong, status=401) == ""
    assert chats(ann) == []
    for n in range(strangers.A_MINUTE):
        tell({}, secret="x", status=401 if n < strangers.A_MINUTE - 3 else 429)
    assert tell(says(start(shop, ann))) == "", "who has the secret is never counted"
    tell(b" " * 70_000, status=413)
    assert tell(b"\xff{[") == ""
    assert Client().get("/hooks/telegram").status_code == 405


def test_who_complained_stays_suppressed(shop: Shop, ann: str) -> None:
    tell(says(start(shop, ann)))
    digest = devices.hash_of(shop.program.id, "telegram", str(CHAT))
    with db.transaction(shop.program.id) as conn:
        service.suppress(conn, shop.program.id, [NewSuppression("telegram", digest, "complaint", "x")], now=NOW)
    tell(says("/start"))
    plan(shop, draft(ann, "a", topic=SERVICE, channel="telegram"))
    assert {one.reason for one in stories(ann) if one.topic == SERVICE} == {"suppressed"}


def test_the_bot_is_named_by_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    who = (new_id(now=NOW), new_id(now=NOW))
    monkeypatch.delenv("VERNO_TELEGRAM_BOT", raising=False)
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", TOKEN)
    assert linking.link_to(*who, now=NOW) is None
    monkeypatch.setenv("VERNO_TELEGRAM_BOT", "@shop_bot")
    found = linking.link_to(*who, now=NOW)
    assert found is not None
    assert found[0].startswith("https://t.me/shop_bot?start=")
    assert found[1] == NOW + linking.LIFE


@needs_node("telegram-test-api")
def test_where_telegram_cannot_call_us_the_worker_asks(
    shop: Shop, ann: str, telegram: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "WAIT_SECONDS", 0)
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("VERNO_TELEGRAM_URL", f"http://127.0.0.1:{telegram.port}")
    assert listening.step(now=NOW, stopping=lambda: False) == 0
    telegram.tell({"do": "starts", "text": "/start"})
    until(lambda: listening.step(now=NOW, stopping=lambda: False) == 1, 5)
    assert any("откройте ссылку на странице настроек" in str(one["text"]) for one in shown(telegram))
    telegram.tell({"do": "starts", "text": start(shop, ann)})
    listening.step(now=NOW, stopping=lambda: False)
    until(lambda: len(stories(ann)) == 1 and listening.step(now=NOW, stopping=lambda: False) == 0, 5)
    assert chats(ann) == ["77"]
    assert send(telegram) == SendCounts(accepted=1)
    assert listening.step(now=NOW, stopping=lambda: False) == 0, "what was heard is confirmed"


@needs_node("telegram-test-api")
def test_at_an_https_address_telegram_is_told_where_to_call(
    telegram: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("VERNO_PUBLIC_URL", "https://points.example")
    assert listening.step(now=NOW, stopping=lambda: False) == 0
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("VERNO_TELEGRAM_URL", "http://127.0.0.1:1")
    assert listening.step(now=NOW, stopping=lambda: False) == 0
    assert "does not take our address" in caplog.text
    assert TOKEN not in caplog.text
    caplog.clear()
    monkeypatch.setenv("VERNO_TELEGRAM_URL", f"http://127.0.0.1:{telegram.port}")
    for _ in range(2):
        assert listening.step(now=NOW, stopping=lambda: False) == 0
    assert not caplog.text
