"""Messages from stored templates: the channel's own block, in the reader's language, with figures of the moment."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, plan, readers, send, stories
from tests.messaging.people import earn
from tests.messaging.postman import Postman
from tests.messaging.templates.letters import LEAVE, published, template
from verno.kit import db
from verno.members import service as members
from verno.members.types import Channel, NewMember
from verno.messaging import queries
from verno.messaging.templates.press import pool
from verno.messaging.templates.types import Block
from verno.messaging.types import Draft, Reason, State

HELLO = "Hello {{ member.first_name | default('friend') }}"


def draft(holder: str, reference: str, *, locale: str = "en", key: str = "occasion", **more: object) -> Draft:
    return Draft(holder, NEWS, reference, locale, more.pop("context", {}), key, **more)  # type: ignore[arg-type]


def letters(postman: Postman) -> list[EmailMessage]:
    return [message_from_bytes(data, policy=policy.default) for _, data in postman.stored]


def html_of(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_figures_are_those_of_the_moment(shop: Shop, postman: Postman) -> None:
    (holder,) = readers(shop, 1)
    unit = shop.unit.code
    words = f"{HELLO}: {{{{ balance.{unit} | points }}}}, {{{{ context.word }}}} {LEAVE}"
    reference = published(shop, template(email=words, subject=f"You have {{{{ balance.{unit} | points }}}}"))
    plan(shop, draft(holder, reference, context={"word": "<b>hm</b>"}))
    with db.transaction(shop.program.id) as conn:
        earn(conn, shop, holder, 70, NOW)
    assert send(postman).accepted == 1
    (letter,) = letters(postman)
    assert letter["Subject"] == "You have 70 points"
    assert "Hello Member: 70 points" in text_of(letter)
    assert "&lt;b&gt;hm&lt;" in html_of(letter)
    assert "<b>hm</b>" in text_of(letter)
    assert "/u/" in letter["List-Unsubscribe"]
    assert "/u/" in html_of(letter).replace("&#x2f;", "/")
    assert "/p/" in text_of(letter)
    assert letter["Content-Language"] == "en"


def test_each_reader_gets_their_language(shop: Shop, postman: Postman) -> None:
    holders = readers(shop, 3)
    blocks = {
        Channel.EMAIL: {
            "ru": Block("По-русски", "", _mjml(f"{{{{ 2 | points }}}} {LEAVE}")),
            "en": Block("In English", "", _mjml(f"{{{{ 2 | points }}}} {LEAVE}")),
        }
    }
    reference = published(shop, template(blocks=blocks))
    plan(shop, *[draft(h, reference, locale=locale) for h, locale in zip(holders, ("ru-RU", "en", "de"), strict=True)])
    assert send(postman).accepted == 3
    found = {
        (one["Subject"], one["Content-Language"], text_of(one).split("Leave")[0].strip()) for one in letters(postman)
    }
    assert found == {("По-русски", "ru", "2 балла"), ("In English", "en", "2 points")}


def test_one_language_is_better_than_none(shop: Shop, postman: Postman) -> None:
    (holder,) = readers(shop, 1)
    blocks = {Channel.EMAIL: {"ru": Block("По-русски", "", _mjml(f"{{{{ 2 | points }}}} {LEAVE}"))}}
    plan(shop, draft(holder, published(shop, template(blocks=blocks)), locale="en"))
    assert send(postman).accepted == 1
    (letter,) = letters(postman)
    assert (letter["Subject"], letter["Content-Language"]) == ("По-русски", "ru")
    assert "2 балла" in text_of(letter)


def test_content_is_shown_by_condition(shop: Shop, postman: Postman) -> None:
    holders = readers(shop, 3)
    with db.transaction(shop.program.id) as conn:
        members.upsert(conn, shop.program, [NewMember("m-1", attributes={"city": "Riga"})], now=NOW)
    tree: dict[str, object] = {
        "combinator": "and",
        "rules": [{"field": "member.attributes.city", "operator": "=", "value": "Riga"}],
    }
    words = "{% if shown.riga %}Old town{% else %}Elsewhere{% endif %} " + LEAVE
    reference = published(shop, template(email=words, shown={"riga": tree}))
    plan(shop, *[draft(h, reference) for h in holders])
    assert send(postman).accepted == 3
    told = {one["To"]: "Old town" in text_of(one) for one in letters(postman)}
    assert told == {
        "member-0@example.com": False,
        "member-1@example.com": True,
        "member-2@example.com": False,
    }


def test_a_template_without_a_block_for_the_channel_is_no_message(shop: Shop, postman: Postman) -> None:
    first, second, third = readers(shop, 3)
    reference = published(shop, template(sms="Hello"))
    plan(shop, draft(first, reference), draft(second, "nobody@1"), draft(third, "welcome@x"))
    assert send(postman).rejected == 3
    for holder in (first, second, third):
        (story,) = stories(holder)
        assert story.reason == Reason.BROKEN
    assert letters(postman) == []


def test_one_broken_message_stops_no_other(shop: Shop, postman: Postman) -> None:
    holders = readers(shop, 4)
    bomb = (
        "{% if member.name | default('') == 'Member 1' %}{% set a = [1] %}"
        + "{% set a = [a, a, a, a, a, a, a, a] %}" * 12
    )
    bomb += "{{ a }}{% endif %}" + LEAVE
    reference = published(shop, template(email=bomb))
    plan(shop, *[draft(h, reference) for h in holders])
    counts = send(postman)
    assert (counts.accepted, counts.rejected) == (3, 1)
    (story,) = stories(holders[1])
    assert story.reason == Reason.BROKEN
    assert "too" in (story.response or "")


def test_without_a_press_messages_wait(shop: Shop, postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    (holder,) = readers(shop, 1)
    plan(shop, draft(holder, published(shop, template(email=LEAVE))))
    with monkeypatch.context() as patch:
        patch.setattr(pool, "COMMAND", ("/bin/false",))
        pool.POOL.close()
        assert send(postman).deferred == 1
    (story,) = stories(holder)
    assert (story.state, story.reason, story.attempts) == (State.DEFERRED, Reason.SERVER_UNAVAILABLE, 0)
    assert send(postman, now=NOW + timedelta(minutes=6)).accepted == 1


def test_staff_see_it_with_links_that_lead_nowhere(shop: Shop, postman: Postman) -> None:
    (holder,) = readers(shop, 1)
    reference = published(shop, template(email=f'<a href="https://shop.example.com/">Shop</a> {LEAVE}'))
    plan(shop, draft(holder, reference))
    (story,) = stories(holder)
    with db.transaction(shop.program.id) as conn:
        letter = queries.render(conn, holder, story.id, now=NOW)
    assert letter is not None
    assert "/u/" not in letter.html + letter.text
    assert "/l/" not in letter.html + letter.text
    assert "https://shop.example.com/" in letter.html


def _mjml(words: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section></mj-body></mjml>"
