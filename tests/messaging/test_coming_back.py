"""What comes back through our own doors: a bounce by pipe, a gateway's calls."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.builders import Shop
from tests.messaging.channels.test_bounces import report
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.members.words import heard
from verno.messaging import queries
from verno.messaging.channels import tokens
from verno.messaging.channels.email import return_path, smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.channels.sms import gateway
from verno.messaging.sender import send_due
from verno.messaging.statements import plan_statements

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-0000000000ab"


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        return make_program(conn)


def bounce(letter: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "verno", "mail", "bounce", "--json", *words]
    return subprocess.run(command, input=letter, env=os.environ, capture_output=True, timeout=60, check=False)


def test_a_bounce_by_pipe(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_BOUNCE_ADDRESS", "bounces@shop.example")
    with db.transaction() as conn:
        (who,) = add_members(conn, shop, 1, address="anna@example.com")
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    with Postman() as postman:
        send_due(Email(smtp.Settings("127.0.0.1", postman.port)), lambda: NOW, worker_name="test")
    with db.transaction() as conn:
        (sent,) = queries.of_member(conn, who)
    assert sent.state == "accepted"

    strange = bounce(report("x"))
    assert (strange.returncode, json.loads(strange.stdout)) == (0, {"outcome": None}), (
        "a stranger's letter is passed over"
    )
    told = bounce(report("x"), "--recipient", return_path.address("bounces@shop.example", return_path.token(sent.id)))
    assert (told.returncode, json.loads(told.stdout)) == (0, {"outcome": "bounced"}), told.stderr
    with db.transaction() as conn:
        (after,) = queries.of_member(conn, who)
        plan_statements(conn, shop.program, 2026, 11, now=datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
        (_, later) = sorted(queries.of_member(conn, who), key=lambda one: one.id)
    assert after.state == "bounced"
    assert (later.state, later.reason) == ("withheld", "suppressed"), "the address takes no mail"


def test_unsubscribing_by_letter(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the header asks for (RFC 2369), as a mail program writes it, from whatever address."""
    monkeypatch.setenv("VERNO_BOUNCE_ADDRESS", "bounces@shop.example")
    with db.transaction() as conn:
        (who,) = add_members(conn, shop, 1, address="anna@example.com")
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    with Postman() as postman:
        send_due(Email(smtp.Settings("127.0.0.1", postman.port)), lambda: NOW, worker_name="test")
    _, asked = [part.strip(" <>") for part in postman.letter("anna@example.com")["List-Unsubscribe"].split(",")]
    mailto = urlsplit(asked)
    assert mailto.path == "bounces@shop.example"
    subject = parse_qs(mailto.query)["subject"][0]
    forged = bounce(f"From: a@b.example\r\nSubject: {subject[:-2]}AA\r\n\r\n".encode())
    assert json.loads(forged.stdout) == {"outcome": None}
    told = bounce(f"From: other@b.example\r\nSubject: Re: {subject}\r\n\r\nbye\r\n".encode())
    assert (told.returncode, json.loads(told.stdout)) == (0, {"outcome": "unsubscribed"}), told.stderr
    with db.transaction() as conn:
        plan_statements(conn, shop.program, 2026, 11, now=datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
        (_, later) = sorted(queries.of_member(conn, who), key=lambda one: one.id)
    assert (later.state, later.reason) == ("withheld", "withdrawn")


def test_a_bounce_waits_for_the_database(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    monkeypatch.delenv("VERNO_OWNER_URL", raising=False)
    assert bounce(report(return_path.token(ID))).returncode == 75


def test_a_gateway_calls(shop: Shop) -> None:
    client = Client()
    token = tokens.token("sms-receipt", ID)
    assert client.get(f"/hooks/sms/{token}?status=1").status_code == 204
    assert client.get(f"/hooks/sms/{token[1:]}{token[0]}?status=1").status_code == 404
    assert client.get(f"/hooks/sms/{token}?status=8").status_code == 404
    assert client.post(f"/hooks/sms/{token}?status=1").status_code == 405
    words = (
        gateway.words_url()
        .partition("/hooks/")[2]
        .replace("%p", "79161234567")
        .replace("%c", "0")
        .replace("%b", "STOP")
    )
    assert client.get(f"/hooks/{words}").status_code == 204
    assert client.post(f"/hooks/{words}").status_code == 204
    assert client.get(f"/hooks/{words.replace('sms-words/', 'sms-words/0')}").status_code == 404


def test_what_people_write_may_come_as_a_body(shop: Shop) -> None:
    """So that neither the text nor, in a form, the number stands in a log of addresses."""
    with db.transaction() as conn:
        stored = members.upsert(conn, shop.program, [NewMember("ann", phone="+79161234567")], now=NOW)
    assert isinstance(stored[0], Created)
    door = f"/hooks/{gateway.words_url().partition('/hooks/')[2].partition('?')[0]}"
    client = Client(enforce_csrf_checks=True)
    plain = client.post(f"{door}?from=%2B79161234567&coding=2", "когда?".encode("utf-16-be"), content_type="text/plain")
    form = client.post(door, "from=79161234567&coding=0&text=why%3F", content_type="application/x-www-form-urlencoded")
    assert (plain.status_code, form.status_code) == (204, 204)
    assert client.post(door, b"x" * 70_000, content_type="text/plain").status_code == 413
    assert client.post(f"{door[:-1]}?from=7916", b"hello", content_type="text/plain").status_code == 404
    with db.transaction(shop.program.id) as conn:
        assert {one.text for one in heard.heard(conn, shop.program.id)} == {"когда?", "why?"}
