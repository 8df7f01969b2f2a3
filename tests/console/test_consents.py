"""The rooms of consents: a member's tab, topics, texts, why people leave."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from verno.kit import db
from verno.kit.clock import clock
from verno.members import queries, service
from verno.members.consent import texts
from verno.members.types import ConsentFact, Created, NewMember, State
from verno.workspace import audit

TOPICS = "/console/members/consents/"
TEXTS, LEAVING = f"{TOPICS}texts/", f"{TOPICS}leaving/"
NEWS = {
    "code": "news",
    "class_name": "marketing",
    "name_ru": "Новости и акции",
    "name_en": "News",
    "double_opt_in": "on",
}


def text(html: str) -> str:
    """Return what a person reads: no tags, one blank between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def member(house: House) -> str:
    with db.transaction() as conn:
        made = NewMember("ann", name="Ann", email="ann@example.com", phone="+79161112233")
        (stored,) = service.upsert(conn, house.story.shop.program, [made], now=NOW)
    assert isinstance(stored, Created)
    return stored.member_id


def say(
    house: House, who: str, channel: str, *, granted: bool, days: int = 0, reason: str | None = None,
    method: str = "web-form",
) -> None:  # fmt: skip
    at = NOW - timedelta(days=days)
    with db.transaction() as conn:
        fact = ConsentFact(who, "news", channel, granted, at, method, "1" if granted else None, reason)
        service.record_consents(conn, house.story.shop.program.id, [fact], now=NOW)


def test_a_marketer_adds_and_changes_topics(house: House) -> None:
    assert "Points statements" in text(house.client.get(TOPICS).content.decode())
    assert house.client.post(TOPICS, NEWS)["Location"] == TOPICS
    page = text(house.client.get(TOPICS).content.decode())
    assert "News Advertising news" in page
    assert house.client.post(f"{TOPICS}topics/news/", NEWS | {"min_age": "18"}).status_code == 302
    assert "News Advertising from 18 years on news" in text(house.client.get(TOPICS).content.decode())
    assert 'value="18"' in house.client.get(f"{TOPICS}topics/news/").content.decode()
    change = {"name_en": "Offers", "name_ru": "", "archived": "on", "class_name": "program", "code": "x"}
    assert house.client.post(f"{TOPICS}topics/news/", change).status_code == 302
    with db.transaction() as conn:
        found = {one.code: one for one in queries.topics(conn, house.story.shop.program.id)}
    assert (found["news"].names, found["news"].class_name, found["news"].double_opt_in) == (
        {"en": "Offers"}, "marketing", False,
    )  # fmt: skip
    assert found["news"].archived_at == NOW
    assert house.client.get(f"{TOPICS}topics/gone/").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "News!"}, "Small Latin letters"),
        ({"code": "points-statement"}, "There is a topic of this code."),
        ({"is_default": "on"}, "Advertising is never ticked beforehand."),
        ({"class_name": "spam"}, "Select a valid choice"),
        ({"name_en": "x" * 99}, "at most 80"),
        ({"min_age": "0"}, "greater than or equal to 1"),
        ({"class_name": "security", "min_age": "18"}, "Only advertising and news of the program ask for an age."),
    ],
)
def test_a_topic_that_cannot_be(house: House, change: dict[str, str], said: str) -> None:
    answer = house.client.post(TOPICS, NEWS | change)
    assert answer.status_code == 422
    assert said in text(answer.content.decode())


def test_texts_are_published_in_versions(house: House) -> None:
    new = {"text_id": "ads", "purpose": "advertising", "body_ru": "Хочу письма.", "body_en": "<b>Write</b> to me."}
    assert house.client.post(TEXTS, new).status_code == 302
    assert house.client.post(TEXTS, new | {"body_ru": ""}).status_code == 302
    with db.transaction() as conn:
        found = texts.texts(conn, house.story.shop.program.id)
    assert [(one.version, one.locale) for one in found] == [(2, "en"), (1, "en"), (1, "ru")]
    page = house.client.get(TEXTS).content.decode()
    assert "&lt;b&gt;Write&lt;/b&gt; to me." in page
    for wrong, said in (
        ({"body_ru": " ", "body_en": ""}, "At least one language is needed."),
        ({"purpose": "rules"}, "An earlier version of this text asks for something else."),
        ({"text_id": "Ads!"}, "Small Latin letters"),
    ):
        answer = house.client.post(TEXTS, new | wrong)
        assert answer.status_code == 422
        assert said in text(answer.content.decode())


def test_a_members_tab_says_that_they_complained(house: House) -> None:
    """Whatever staff or a file said of them since; and no longer once the member has come back."""
    who = member(house)
    assert house.client.post(TOPICS, NEWS).status_code == 302
    say(house, who, "sms", granted=True, days=9)
    say(house, who, "email", granted=False, days=3, method="complaint")
    say(house, who, "email", granted=True, days=2, method="till")
    page = text(house.client.get(f"/console/members/{who}/consents/").content.decode())
    assert "The member called our messages spam: E-mail No advertising goes there" in page
    say(house, who, "email", granted=True, days=1)
    assert "spam" not in text(house.client.get(f"/console/members/{who}/consents/").content.decode())


def test_a_members_tab_shows_where_they_stand_and_what_proves_it(house: House) -> None:
    house.client.post(TOPICS, NEWS)
    who = member(house)
    say(house, who, "email", granted=True, days=2)
    page = text(house.client.get(f"/console/members/{who}/consents/").content.decode())
    assert "News Advertising address not confirmed" in page
    assert "Agreed: News (E-mail)" in page
    assert "Advertising: nothing" in page
    say(house, who, "telegram", granted=True, days=1)
    page = text(house.client.get(f"/console/members/{who}/consents/").content.decode())
    assert "Advertising: messengers only" in page
    assert "messengers only" in text(house.client.post("/console/members/", {"q": "ann"}).content.decode())


def test_staff_write_down_a_spoken_stop(house: House) -> None:
    house.client.post(TOPICS, NEWS)
    who = member(house)
    say(house, who, "telegram", granted=True, days=1)
    tab = f"/console/members/{who}/consents/"
    assert house.client.post(tab, {"channel": "pigeon", "method": "till"}).status_code == 422
    assert house.client.post(tab, {"channel": "telegram", "method": "phone-call"})["Location"] == tab
    with db.transaction() as conn:
        found = {(one.topic, one.channel): one.state for one in queries.standings(conn, [who], now=NOW)[who]}
        (entry, *_) = audit.page(conn, house.story.shop.program.id, about=("member", who), reading=False)
        record = queries.consent_history(conn, house.story.shop.program.id, who, limit=1)[0]
    assert found[("news", "telegram")] is State.WITHDRAWN
    assert (entry.action, entry.detail) == ("consent.stop", "telegram")
    assert (record.method, record.surface) == ("phone-call", "console")
    assert record.actor is not None
    assert record.actor.startswith("staff:")
    assert house.client.post(tab, {"channel": "all", "method": "till"}).status_code == 302
    assert "Withdrew" in text(house.client.get(tab).content.decode())


def test_why_people_left(house: House) -> None:
    house.client.post(TOPICS, NEWS)
    who = member(house)
    say(house, who, "email", granted=True, days=5)
    say(house, who, "email", granted=False, days=3)
    say(house, who, "email", granted=False, days=2, reason="too-often: every single day")
    say(house, who, "sms", granted=False, days=2)
    page = text(house.client.get(LEAVING).content.decode())
    assert "News E-mail Too many messages 1 0" in page
    assert "every single day" in page
    assert "News SMS" not in page, "who never agreed cannot leave"
    assert "Nobody left in this month" in text(house.client.get(f"{LEAVING}?month=2026-10").content.decode())
    for wrong in ("2026-13", "x", "0001-01", "9999-01"):
        assert house.client.get(f"{LEAVING}?month={wrong}").status_code == 404


def test_nobody_else_gets_in(house: House) -> None:
    for address in (TOPICS, TEXTS, LEAVING):
        assert Client().get(address).status_code == 302
    assert clock.now() == NOW


def test_everything_is_one_line_a_topic(house: House) -> None:
    """A stop of everything is a record for each channel there is; a person reads what was said."""
    house.client.post(TOPICS, NEWS)
    who = member(house)
    say(house, who, "email", granted=True, days=2)
    tab = f"/console/members/{who}/consents/"
    assert house.client.post(tab, {"channel": "all", "method": "till"}).status_code == 302
    page = text(house.client.get(tab).content.decode())
    assert page.count("Withdrew: News (all channels)") == 1
    assert "Agreed: News (E-mail)" in page
    assert page.count("Withdrew: ") < 8
    assert "News all channels: withdrawn" in page
    assert "WhatsApp" not in page
