"""The ready layouts: whole in both languages, and small enough for every mailbox."""

from datetime import UTC, datetime

import pytest

from tests.builders import Shop
from verno.kit import db
from verno.members import service as members
from verno.members.types import Channel, Topic
from verno.messaging.channels.sms import segments
from verno.messaging.layouts import gallery, mjml
from verno.messaging.layouts.gallery import Layout
from verno.messaging.letters.wording import LANGUAGES
from verno.messaging.templates import queries, service
from verno.messaging.templates.linting import lint
from verno.messaging.templates.previewing import preview
from verno.messaging.templates.types import Lint, Published, Rendered, Saved
from verno.messaging.types import MessageClass
from verno.workspace import queries as workspace
from verno.workspace import settings
from verno.workspace.audit import SYSTEM

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

CLIPPED = 102_400
"""Bytes of HTML past which Gmail shows a letter's beginning alone."""
WANTED = [
    *("statement", "receipt", "expiring", "tier", "birthday", "welcome", "win-back"),
    *("order-accepted", "order-confirmed", "order-assembled", "order-courier", "order-delivered"),
    *("review", "code", "survey", "referral"),
]
LAYOUTS = gallery.layouts()

every = pytest.mark.parametrize("layout", LAYOUTS, ids=[one.code for one in LAYOUTS])


def test_there_is_one_for_each_occasion() -> None:
    assert [one.code for one in LAYOUTS] == WANTED
    assert gallery.layout("no-such") is None


@every
def test_it_says_the_same_in_both_languages(layout: Layout) -> None:
    blocks = layout.blocks("points")
    assert all(set(block) == set(LANGUAGES) for block in blocks.values())
    assert Channel.EMAIL in blocks
    assert Channel.SMS in blocks
    shapes = [[part[0] for part in layout.words[language].parts] for language in LANGUAGES]
    assert shapes[0] == shapes[1]
    assert set(layout.words["ru"].sample) == set(layout.words["en"].sample)


@every
def test_its_letters_compile_and_are_not_clipped(layout: Layout) -> None:
    for language, block in layout.blocks("points")[Channel.EMAIL].items():
        page = mjml.compiled(block["body"])
        assert len(page.html.encode()) < CLIPPED / 2
        assert "[[" not in page.html + page.text + block["subject"] + block["preheader"], language
        leaves = layout.class_name not in {MessageClass.TRANSACTIONAL, MessageClass.SECURITY}
        assert ("{{ unsubscribe_url }}" in page.html) is leaves
        assert "{{ unsubscribe_url }}" in page.text or not leaves
        assert "{{ preferences_url }}" in page.html
        assert "brand.legal_name" in page.html
        assert 'alt="{{ program.name }}"' in page.html


@every
def test_its_texts_are_short(layout: Layout) -> None:
    for block in layout.blocks("points")[Channel.SMS].values():
        assert segments.plan(block["body"].replace("{{", "").replace("}}", "")).segments <= 5


@every
def test_it_passes_the_lint_and_is_printed(layout: Layout, shop: Shop) -> None:
    with db.transaction() as conn:
        program = shop.program.id
        topics = {"news": "marketing", "points-statement": "program", "orders": "transactional"}
        members.ensure_topics(conn, program, [Topic(code, name) for code, name in topics.items()])
        settings.write_all(conn, program, {"messages.country": "EU"}, now=NOW)
        unit = workspace.units(conn, program)[0].code
        topic = next(code for code, name in topics.items() if name == layout.class_name)
        template = layout.template(layout.code, layout.words["en"].name, topic, unit)
        problems = lint(template, queries.known(conn, program, now=NOW))
        assert [one for one in problems if one.is_blocking] == []
        assert {one.code for one in problems} <= {Lint.SMS_LENGTH, Lint.MISSING_FALLBACK}
        for channel, blocks in template.blocks.items():
            for language in blocks:
                figures = gallery.sample(language)
                seen = preview(conn, program, template, None, channel, language, now=NOW, context=figures)
                assert isinstance(seen, Rendered), seen
                assert "{" not in seen.text + seen.subject
        saved = service.save(conn, program, template, by=SYSTEM, now=NOW)
        assert isinstance(saved, Saved), saved
        published = service.publish(conn, program, layout.code, by=SYSTEM, now=NOW)
        assert isinstance(published, Published), published


def test_a_unit_with_a_hyphen_is_named_as_a_template_can() -> None:
    layout = gallery.layout("expiring")
    assert layout is not None
    body = layout.blocks("status-points")[Channel.EMAIL]["en"]["body"]
    assert """balance["status-points"] | points('status-points')""" in body
    assert "balance.status-points" not in body
