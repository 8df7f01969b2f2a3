"""The page of messages: what is stopped, what is uncertain, and who may do something about it."""

import os
import re
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_limits import text
from verno.console.telling import sending
from verno.kit import db
from verno.kit.clock import clock
from verno.members import service as members
from verno.members.consent import topics
from verno.members.types import Created, NewMember, Topic
from verno.messaging import queries, service
from verno.messaging.pacing import booking
from verno.messaging.types import Draft
from verno.workspace.audit import SYSTEM

PAGE = "/console/messages/"


def test_a_switch_is_thrown_and_taken_back(house: House, rows: psycopg.Connection) -> None:
    program = house.story.shop.program.id
    assert "held back" not in text(house.client.get(PAGE).content.decode())
    assert house.client.post(PAGE, {"do": "stop", "what": "marketing"}).status_code == 302
    page = text(house.client.get(PAGE).content.decode())
    assert "Some messages are held back" in page
    with db.transaction() as conn:
        assert [one.what for one in queries.switches(conn, program, now=clock.now())] == ["marketing"]
    house.client.post(PAGE, {"do": "let-go", "what": "marketing"})
    with db.transaction() as conn:
        assert queries.switches(conn, program, now=clock.now()) == []
    told = rows.execute("SELECT action FROM workspace_audit WHERE object_id = 'marketing' ORDER BY at, id").fetchall()
    assert told == [("messages.stop",), ("messages.let-go",)]


def test_nonsense_changes_nothing(house: House) -> None:
    for wrong in (
        {"do": "stop", "what": "everything"},
        {"do": "stop"},
        {"do": "again", "message": "x"},
        {"do": "again", "message": "'/'"},
        {},
    ):
        assert house.client.post(PAGE, wrong).status_code == 404, wrong
    assert "held back" not in text(house.client.get(PAGE).content.decode())


def test_an_uncertain_message_is_listed_and_sent_again(house: House, rows: psycopg.Connection) -> None:
    assert "There are none" in text(house.client.get(PAGE).content.decode())
    changed = rows.execute(
        "UPDATE messaging_message SET state = 'uncertain', reason = 'connection-lost'"
        " WHERE (holder_id, id) IN (SELECT holder_id, id FROM messaging_message LIMIT 1) RETURNING holder_id, id"
    ).fetchone()
    rows.commit()
    assert changed is not None
    page = text(house.client.get(PAGE).content.decode())
    assert "the connection was lost during the hand-over" in page
    house.client.post(PAGE, {"do": "again", "message": f"{changed[0]}/{changed[1]}"})
    assert rows.execute("SELECT state FROM messaging_message WHERE id = %s", (changed[1],)).fetchone() == ("queued",)


def test_what_is_beyond_a_page_can_be_reached(
    house: House, rows: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAGE", 2)
    for state, reason, wish in (
        ("uncertain", "connection-lost", "again"),
        ("rejected", "cannot-be-rendered", "replay"),
    ):
        changed = rows.execute(
            "UPDATE messaging_message SET state = %s, reason = %s WHERE (holder_id, id) IN"
            " (SELECT holder_id, id FROM messaging_message ORDER BY id LIMIT 5) RETURNING holder_id, id",
            (state, reason),
        ).fetchall()
        rows.commit()
        assert len(changed) > 2
        seen: list[str] = []
        before = where = PAGE
        while where:
            shown = house.client.get(where).content.decode()
            seen += re.findall(r'name="message" value="([^"]+)"', shown)
            older = re.search(r'href="([^"]+)" rel="next"', shown)
            assert older is None or len(seen) % 2 == 0
            before, where = where, older[1] if older else ""
        assert sorted(seen) == sorted(f"{holder}/{id_}" for holder, id_ in changed)
        pressed = house.client.post(before, {"do": wish, "message": seen[-1]})
        assert (pressed.status_code, pressed["Location"]) == (302, before)
        assert seen[-1] not in house.client.get(before).content.decode()
    for name in ("before", "dead_before"):
        assert house.client.get(f"{PAGE}?{name}=nonsense%00").status_code == 404


def test_a_provider_that_refuses_us_is_told_of_and_let_go(house: House, rows: psycopg.Connection) -> None:
    program = house.story.shop.program.id
    why = ("refused-by-policy", "3")
    with db.transaction(program) as conn:
        now = clock.now()
        service.stop(conn, program, "domain:gmail.com", by=SYSTEM, now=now, until=now + timedelta(days=1), why=why)
    page = text(house.client.get(PAGE).content.decode())
    assert "Bulk mail to gmail.com waits until" in page
    assert "It refuses our letters" in page
    assert "until somebody lets them go" not in page, "a day at most"
    assert house.client.post(PAGE, {"do": "let-go", "what": "domain:gmail.com"}).status_code == 302
    assert "gmail.com" not in text(house.client.get(PAGE).content.decode())
    told = rows.execute("SELECT action FROM workspace_audit WHERE object_id = 'domain:gmail.com' ORDER BY at, id")
    assert told.fetchall() == [("messages.stop",), ("messages.let-go",)]


def test_a_provider_that_wants_to_be_left_alone_is_told_of(house: House) -> None:
    with db.transaction() as conn:
        booking.hold(conn, "telegram", 900)
    assert "Telegram: the provider wants to be left alone until" in text(house.client.get(PAGE).content.decode())
    with db.transaction() as conn:
        conn.execute("UPDATE messaging_pace SET free_at = now()")
    assert "left alone" not in house.client.get(PAGE).content.decode()


def test_why_tells_the_age_that_a_topic_asks_for(house: House) -> None:
    with db.transaction() as conn:
        program = house.story.shop.program
        topics.put(conn, program.id, Topic("wine", "program", min_age=18), now=NOW, by=SYSTEM)
        (made,) = members.upsert(conn, program, [NewMember("ann", email="ann@example.com")], now=NOW)
        assert isinstance(made, Created)
        service.plan(conn, program.id, [Draft(made.member_id, "wine", "welcome@1", "en", {}, "wine/1")], now=NOW)
    page = text(house.client.get(f"/console/members/{made.member_id}/messages/").content.decode())
    assert "the topic is for 18 years and more; nobody knows how old the member is" in page


def test_a_message_that_nobody_can_compose_has_a_preview_that_says_so(house: House, rows: psycopg.Connection) -> None:
    row = rows.execute("SELECT holder_id::text, id::text FROM messaging_message LIMIT 1").fetchone()
    assert row is not None
    where = f"/console/members/{row[0]}/messages/{row[1]}/"
    shown = house.client.get(where)
    assert b"could not be composed" not in shown.content
    rows.commit()
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:  # nobody else may change what is to be said
        owner.execute("UPDATE messaging_message SET template = 'gone@1' WHERE id = %s", (row[1],))
    shown = house.client.get(where)
    assert (shown.status_code, shown.content) == (200, b"the message could not be composed")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
