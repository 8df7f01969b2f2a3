"""One stored message in the form of each channel."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import dkim as dkimpy
import http_ece
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from verno.messaging.channels.email import channel as email
from verno.messaging.channels.email import return_path
from verno.messaging.channels.port import Unwritable
from verno.messaging.channels.sms import gateway, smpp
from verno.messaging.channels.sms.channel import Gateway, Smpp
from verno.messaging.channels.telegram.api import Bot
from verno.messaging.channels.telegram.channel import Telegram
from verno.messaging.channels.webpush.channel import WebPush, browsers
from verno.messaging.law.packs import pack
from verno.messaging.layouts.brand import PLAIN
from verno.messaging.letters.compose import Content
from verno.messaging.letters.statement import Context, UnitFigures
from verno.workspace.registry import Country

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-0000000000ab"
FIGURES = Context(date(2026, 10, 1), date(2026, 11, 30), [UnitFigures("points", 0, 100, 0, 20, 0, 0, 120, [])])


def content(channel: str, locale: str = "en", look: Mapping[str, str] = PLAIN) -> Content:
    return Content(
        holder_id="0192f0c1-0000-7000-8000-000000000001",
        message_id=ID,
        program_id="0192f0c1-0000-7000-8000-000000000002",
        program_name="Lavka",
        topic="points-statement",
        channel=channel,
        template="statement",
        locale=locale,
        context=msgspec.to_builtins(FIGURES),
        name="Anna",
        brand=look,
    )


def test_a_letter_is_signed_and_comes_from_its_own_return_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(pem)
    for name, value in {
        "VERNO_SMTP_URL": "smtp://127.0.0.1:1",
        "VERNO_MAIL_FROM": "points@shop.example",
        "VERNO_BOUNCE_ADDRESS": "bounces@mail.shop.example",
        "VERNO_DKIM_KEY": str(tmp_path / "dkim.pem"),
    }.items():
        monkeypatch.setenv(name, value)
    relay = email.relay()
    assert relay is not None
    envelope = relay.write(content("email"), "anna@example.com", now=NOW)
    token = return_path.token(ID)
    assert envelope.sender == f"bounces+{token}@mail.shop.example"
    assert (envelope.reference, envelope.envelope_id) == (ID, token)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; p=" + base64.b64encode(public)
    asked: list[bytes] = []

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    assert dkimpy.verify(envelope.letter, dnsfunc=look_up)
    assert asked == [b"verno._domainkey.shop.example."], "the domain of From, so that DMARC aligns"
    head = message_from_bytes(envelope.letter)
    assert (head["From"], head["Reply-To"]) == ('"Lavka" <points@shop.example>', None)
    answered = relay.write(content("email", look={**PLAIN, "reply_to": "us@shop.example"}), "a@example.com", now=NOW)
    head = message_from_bytes(answered.letter)
    assert head["Reply-To"] == "us@shop.example"
    assert "reply-to" in head["DKIM-Signature"].split("h=")[1].split(";")[0].split(":")
    assert dkimpy.verify(answered.letter, dnsfunc=look_up)
    monkeypatch.delenv("VERNO_BOUNCE_ADDRESS")
    plain = relay.write(content("email"), "anna@example.com", now=NOW)
    assert (plain.sender, plain.reference, plain.envelope_id) == ("points@shop.example", None, None)


def test_a_text_is_cut_the_same_way_for_both_kinds_of_provider() -> None:
    over_smpp = Smpp(smpp.settings("smpp://a:b@c", "Shop")).write(content("sms"), "+79161234567", now=NOW)
    over_http = Gateway(gateway.settings("http://a:b@c", "Shop")).write(content("sms"), "+79161234567", now=NOW)
    assert over_smpp == over_http
    assert (over_smpp.id, over_smpp.recipient) == (ID, "79161234567")
    assert "120 points" in "".join(over_smpp.plan.parts)


def test_a_messenger_gets_plain_words() -> None:
    message = Telegram(Bot("https://api.telegram.org", "1:x")).write(content("telegram", "ru"), "77", now=NOW)
    assert message.chat_id == 77
    assert "120 баллов" in message.text.replace("\u00a0", " ")


def test_a_browser_gets_a_short_notice() -> None:
    key, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    keys = {name: base64.urlsafe_b64encode(data).decode() for name, data in (("p256dh", point), ("auth", auth))}
    address = json.dumps({"endpoint": "https://push.example/1", "expirationTime": None, "keys": keys})
    push = browsers().write(content("push"), address, now=NOW)
    notice = json.loads(http_ece.decrypt(push.body, private_key=key, auth_secret=auth))
    assert notice["title"] == "120 points: your October statement"
    assert len(notice["body"]) <= 300
    assert notice["tag"] == ID
    assert push.headers["topic"] == ID.replace("-", "")
    for left, ttl in ((timedelta(hours=2), 7200), (timedelta(days=9), 86_400), (-timedelta(hours=1), 0)):
        brief = msgspec.structs.replace(content("push"), valid_until=NOW + left)
        assert browsers().write(brief, address, now=NOW).headers["ttl"] == str(ttl)
    assert push.headers["ttl"] == "86400"
    with pytest.raises(Unwritable):
        browsers().write(content("push"), "not a subscription", now=NOW)


def test_country_packs_know_every_channel() -> None:
    """A channel that a pack does not name would escape its marking and its hours."""
    named = {email.Email.code, Smpp.code, Gateway.code, Telegram.code, WebPush.code}
    assert named <= {*pack(Country.RU).on(NOW.date()).marking, "sms"}
