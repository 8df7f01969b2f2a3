"""A restored house does not listen either, until it is released: what it heard the house that works would miss."""

import smtplib
from collections.abc import Iterator

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.channels.test_telegram import TOKEN, shown
from tests.messaging.news import NOW, plan, readers
from tests.messaging.peers import imap_server
from tests.messaging.peers.process import Peer, needs_node, until
from tests.messaging.test_planning import draft
from verno.kit import db, quarantine
from verno.messaging.answers import listening
from verno.wiring import chores

MAILBOX = "bounces@shop.example"


@pytest.fixture(autouse=True)
def restored(database: str) -> Iterator[None]:
    """A database after a restore."""
    assert database
    with psycopg.connect(db.owner_url()) as owner:
        quarantine.impose(owner, restored_to=NOW, now=NOW)
    yield
    release()


def release() -> None:
    with db.transaction() as conn:
        quarantine.release(conn, now=NOW)


def never() -> bool:
    return False


def test_bounces_stay_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    with imap_server.running(MAILBOX) as (url, port):
        monkeypatch.setenv("VERNO_BOUNCE_IMAP_URL", url)
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.sendmail("", [MAILBOX], b"Subject: hello\r\n\r\nWho is this?\r\n")
        assert chores.read_bounces(now=NOW, stopping=never) == 0
        release()
        assert chores.read_bounces(now=NOW, stopping=never) == 1, "it was marked as read"


@needs_node("telegram-test-api")
def test_chats_wait_at_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "WAIT_SECONDS", 0)
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", TOKEN)
    with Peer("telegram.cjs") as telegram:
        monkeypatch.setenv("VERNO_TELEGRAM_URL", f"http://127.0.0.1:{telegram.port}")
        telegram.tell({"do": "starts", "text": "/start"})
        assert shown(telegram), "it is there"
        assert chores.hear_chats(now=NOW, stopping=never) == 0
        assert len(shown(telegram)) == 1, "the bot has answered"
        release()
        until(lambda: chores.hear_chats(now=NOW, stopping=never) == 1, 5)
        assert len(shown(telegram)) == 2


def test_telegram_is_not_told_where_to_call(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("VERNO_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("VERNO_TELEGRAM_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("VERNO_PUBLIC_URL", "https://restored.example")
    assert chores.hear_chats(now=NOW, stopping=never) == 0
    assert not caplog.text, "it was called"
    release()
    assert chores.hear_chats(now=NOW, stopping=never) == 0
    assert "does not take our address" in caplog.text


def test_no_process_is_begun_for_suspects(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could take none, and another would be begun at once, again and again."""
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:1")
    [ann] = readers(shop, 1)
    plan(shop, draft(ann))
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("UPDATE messaging_message SET lapsed = 1")
    assert chores.send_suspects(now=NOW, stopping=never) == 0
    release()
    assert chores.send_suspects(now=NOW, stopping=never) == 1
    assert chores.send_suspects(now=NOW, stopping=never) == 0, "the relay is away: it waits"


@needs_node("smpp")
def test_no_receiver_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is bound is given receipts and STOPs, and has acknowledged them with that."""
    with Peer("smsc.cjs") as centre:
        monkeypatch.setenv("VERNO_SMS_URL", f"smpp://shop:secret@127.0.0.1:{centre.port}")
        assert chores.hear_texts(now=NOW, stopping=lambda: True) == 0
        assert centre.quiet()
        release()
        assert chores.hear_texts(now=NOW, stopping=lambda: True) == 0
        assert centre.event("bound")["kind"] == "RX"
