"""Links of texts, chats and notifications: short, signed, counted where their template asks for it."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.broadcasts.shows import mark, rows, texters
from tests.messaging.news import NEWS, NOW, plan, stories
from tests.messaging.templates.letters import KNOWN, published, template
from verno.kit import db
from verno.kit.clock import clock
from verno.members.types import Channel
from verno.messaging.channels.sms import segments
from verno.messaging.channels.webpush.channel import notice_of
from verno.messaging.desk import Desk
from verno.messaging.facts import SQL
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.messaging.templates import making, previewing, views
from verno.messaging.templates.checks.links import numbered
from verno.messaging.templates.linting import lint
from verno.messaging.templates.types import Block, Compiled, Lint, Rendered
from verno.messaging.tracking import links
from verno.messaging.tracking.links import Followed
from verno.messaging.types import Draft, MessageClass, Planned

SALE = "https://shop.example.com/sale"
WORDS = f"Only today: {SALE}, and https://shop.example.com/?m={{{{ member.first_name | default('x') }}}}."
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""Of base64; the last one of a token has bits to spare, of which none may be another's."""
TEXTED = re.compile(r"http://127\.0\.0\.1:8000/t/([A-Za-z0-9_-]{22})")


@pytest.fixture
def door(shop: Shop) -> Iterator[Client]:
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield Client()
    clock.read = before


def texted(shop: Shop, **changes: object) -> tuple[Followed, str]:
    """Plan a text and claim it; returns what its first link names, and its words."""
    (holder,) = texters(shop, 1)
    reference = published(shop, template(sms=WORDS, utm={"source": "sms"}, **{"track_texts": True, **changes}))  # type: ignore[arg-type]
    (planned,) = plan(shop, Draft(holder, NEWS, reference, "en", {}, "occasion", channel="sms"))
    assert isinstance(planned, Planned)
    ((job,), _) = Desk("sms", "worker", lambda: NOW, 600).claim(1)
    mark(shop, "accepted", "true")
    return Followed(shop.program.id, holder, planned.message_id), compose.text(job.content)


def clicks(shop: Shop) -> list[tuple[object, ...]]:
    return rows(shop, "SELECT holder_id::text, message_id::text, link, url, times FROM messaging_click")


def test_a_text_holds_a_short_link_of_its_own(shop: Shop, door: Client) -> None:
    sent, words = texted(shop)
    (token,) = TEXTED.findall(words)
    assert words == f"Only today: http://127.0.0.1:8000/t/{token}, and https://shop.example.com/?m=x."
    for _ in range(2):
        answer = door.get(f"/t/{token}")
        assert (answer.status_code, answer["Location"]) == (302, f"{SALE}?utm_source=sms")
        assert answer["Referrer-Policy"] == "no-referrer"
    assert clicks(shop) == [(sent.holder_id, sent.message_id, 0, f"{SALE}?utm_source=sms", 2)]
    assert [one.state for one in stories(sent.holder_id)] == ["clicked"]


def test_looking_and_previews_are_no_clicks(shop: Shop, door: Client) -> None:
    sent, words = texted(shop)
    path = f"/t/{TEXTED.findall(words)[0]}"
    assert door.head(path).status_code == 302
    assert door.post(path).status_code == 405
    for agent in ("TelegramBot (like TwitterBot)", "WhatsApp/2.23.20.0", "facebookexternalhit/1.1", "Viber/13.3"):
        assert door.get(path, headers={"User-Agent": agent}).status_code == 302, "it may show what it leads to"
    assert clicks(shop) == []
    assert [one.state for one in stories(sent.holder_id)] == ["accepted"]


def test_no_short_link_leads_elsewhere(shop: Shop, door: Client) -> None:
    sent, words = texted(shop)
    (good,) = TEXTED.findall(words)
    other = "018f3c00-0000-7000-8000-000000000000"
    bad = [
        links.short_token(sent.message_id, 1),
        links.short_token(other, 0),
        links.token("link", sent),
        good[:-1],
        good + "A",
        ("A" if good[0] != "A" else "B") + good[1:],
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good[:-1] + LETTERS[LETTERS.index(good[-1]) ^ 1],
        "é" * len(good),
    ]
    for token in bad:
        assert door.get(f"/t/{token}?url=https://evil.example.com/").status_code == 404, token
    # A token of a text is none of a letter, nor the other way round.
    assert door.get(f"/l/{good}").status_code == 404
    assert clicks(shop) == []


def test_of_two_that_end_alike_neither_leads_anywhere(shop: Shop, door: Client) -> None:
    sent, words = texted(shop)
    twin = "00000000-0000-7000" + sent.message_id[18:]
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "INSERT INTO messaging_message (holder_id, id, program_id, channel, topic, class_name, template, locale,"
            " context, dedupe_key, state, decision, attempts, due_at, created_at, changed_at)"
            " SELECT holder_id, %s, program_id, channel, topic, class_name, template, locale, context, 'twin', state,"
            " decision, 1, due_at, created_at, changed_at FROM messaging_message",
            (twin,),
        )
    assert door.get(f"/t/{TEXTED.findall(words)[0]}").status_code == 404


def test_a_template_that_does_not_ask_keeps_its_links(shop: Shop) -> None:
    _, words = texted(shop, track_texts=False)
    assert words == f"Only today: {SALE}, and https://shop.example.com/?m=x."


def test_codes_are_never_tracked() -> None:
    made = making.made(template(sms=WORDS, class_name=MessageClass.SECURITY, track_texts=True), 1)
    assert isinstance(made, Compiled)
    assert (made.links, made.blocks["sms"]["en"].text) == ([], WORDS)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("https://a.example/b", "#"),
        ("See https://a.example/b.", "See #."),
        ("(https://a.example/b)", "(#)"),
        ("{% if x %}https://a.example/b{% endif %}", "{% if x %}#{% endif %}"),
        ("https://a.example/{{ x }}", "https://a.example/{{ x }}"),
        ("https://a.example/b?c={{ x }}&d=1", "https://a.example/b?c={{ x }}&d=1"),
        ("https://{{ x }}/b", "https://{{ x }}/b"),
        ("www.a.example", "www.a.example"),
    ],
)
def test_which_addresses_are_numbered(source: str, told: str) -> None:
    assert numbered(source, lambda _: "#") == told


def test_linting_says_where_a_link_makes_a_text_longer() -> None:
    short = "https://go.shop.example.com/t/" + "x" * 22
    fits = "x" * 140 + " https://a.example/"
    known = KNOWN if not short else type(KNOWN)(topics=KNOWN.topics, short_link=short)
    found = [one for one in lint(template(sms=fits, track_texts=True), known) if one.code is Lint.SMS_TRACKED]
    assert [(one.detail, one.is_blocking) for one in found] == [("1 -> 2", False)]
    for quiet in (template(sms=fits), template(sms="https://a.example/", track_texts=True)):
        assert Lint.SMS_TRACKED not in {one.code for one in lint(quiet, known)}


def test_a_preview_reckons_with_the_short_link_and_leads_nowhere_of_its_own(shop: Shop) -> None:
    long = "https://shop.example.com/" + "a" * 180
    with db.transaction(shop.program.id) as conn:
        asked = (conn, shop.program.id, template(sms=f"Now {long}", track_texts=True), None, "sms", "en")
        told = previewing.preview(*asked, now=NOW)
    assert isinstance(told, Rendered)
    assert (told.text, told.segments) == (f"Now {long}", 1)
    assert segments.plan(told.text).segments == 2


def test_a_notification_opens_its_first_link(shop: Shop) -> None:
    (holder,) = texters(shop, 1)
    said = {Channel.PUSH: {"en": Block(subject="Sale", body=f"Only today {SALE}")}}
    pages = []
    for asks in (True, False):
        made = making.made(template(blocks=said, track_texts=asks), 1)
        assert isinstance(made, Compiled)
        with db.transaction(shop.program.id) as conn:
            frame = views.frame(conn, shop.program)
        content = Content(
            holder_id=holder,
            message_id=holder,
            program_id=shop.program.id,
            program_name="Shop",
            topic=NEWS,
            channel="push",
            template="welcome@1",
            locale="en",
            context={},
            name=None,
            prepared=making.sample(frame, made, ("push", "en"), context={}, now=NOW),
        )
        notice = notice_of(content)
        pages.append((notice.url, notice.body))
    tapped, preferences = pages
    assert TEXTED.fullmatch(tapped[0])
    assert tapped[1] == "Only today"
    assert "/p/" in preferences[0]
    assert preferences[1] == f"Only today {SALE}"


def test_a_short_link_is_found_by_its_index(shop: Shop) -> None:
    sent, _ = texted(shop)
    with db.across_programs() as conn:
        conn.execute("SET LOCAL enable_seqscan = off")
        asked = {"tail": sent.message_id.replace("-", "")[-16:]}
        told = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {SQL['texted_message']}", asked).fetchall())
    assert "messaging_message_texted" in told, told
