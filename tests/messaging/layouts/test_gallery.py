"""The ready layouts: whole in both languages, and small enough for every mailbox."""

import pytest

from verno.members.types import Channel
from verno.messaging.channels.sms import segments
from verno.messaging.layouts import gallery, mjml
from verno.messaging.layouts.gallery import Layout
from verno.messaging.letters.wording import LANGUAGES
from verno.messaging.types import MessageClass

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


def test_a_unit_with_a_hyphen_is_named_as_a_template_can() -> None:
    layout = gallery.layout("expiring")
    assert layout is not None
    body = layout.blocks("status-points")[Channel.EMAIL]["en"]["body"]
    assert """balance["status-points"] | points('status-points')""" in body
    assert "balance.status-points" not in body
