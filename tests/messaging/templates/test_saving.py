"""Templates are saved, published for good, retired; what breaks is not saved, what is wrong is not published."""

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.templates.letters import LEAVE, NOW, mjml, published, template
from tests.messaging.templates.test_press import BOMBS
from verno.kit import db
from verno.members.types import Channel
from verno.messaging.templates import queries, service
from verno.messaging.templates.types import (
    AdClass,
    Advert,
    Block,
    Lint,
    Published,
    Refusal,
    Refused,
    Saved,
    Template,
)
from verno.messaging.types import MessageClass
from verno.workspace import audit, settings
from verno.workspace.audit import SYSTEM

GREETING = f"Hello {{{{ member.first_name | default('friend') }}}}, you have {{{{ balance.points | points }}}}. {LEAVE}"


def save(shop: Shop, made: Template) -> Saved | Refused:
    with db.transaction(shop.program.id) as conn:
        return service.save(conn, shop.program.id, made, by=SYSTEM, now=NOW)


def publish(shop: Shop, code: str = "welcome", because: str | None = None) -> Published | Refused:
    with db.transaction(shop.program.id) as conn:
        return service.publish(conn, shop.program.id, code, because=because, by=SYSTEM, now=NOW)


def audited(shop: Shop) -> list[tuple[str, str]]:
    with db.transaction(shop.program.id) as conn:
        return [(one.action, one.detail) for one in audit.page(conn, shop.program.id) if "template" in one.action]


def test_a_draft_is_replaced_until_it_is_published(shop: Shop) -> None:
    unit = shop.unit.code
    words = GREETING.replace("balance.points", f"balance.{unit}")
    assert save(shop, template(email="First")) == Saved(1)
    assert save(shop, template(email=words)) == Saved(1)
    with db.transaction(shop.program.id) as conn:
        assert queries.template(conn, shop.program.id, "welcome") is None
        (only,) = queries.templates(conn, shop.program.id)
        assert (only.version, only.published_at, only.reference) == (1, None, "welcome@1")
    assert publish(shop) == Published(1)
    assert publish(shop) == Refused(Refusal.UNKNOWN, "welcome"), "the draft is gone"
    assert save(shop, template(email=words, subject="Again")) == Saved(2)
    with db.transaction(shop.program.id) as conn:
        one = queries.template(conn, shop.program.id, "welcome")
        draft = queries.draft(conn, shop.program.id, "welcome")
        assert one is not None
        assert draft is not None
        assert (one.version, draft.version) == (1, 2)
        assert one.template.blocks[Channel.EMAIL]["en"].subject == "News"
        (newest,) = queries.templates(conn, shop.program.id)
        assert newest.version == 2
        found = queries.compiled(
            conn, shop.program.id, ["welcome@1", "welcome@2", "welcome@3", "no", "x@y", "@", "a@1"]
        )
        assert sorted(found) == ["welcome@1", "welcome@2"]
        assert found["welcome@1"].needs == ["balance"]
        assert "{{ balance" in found["welcome@1"].blocks["email"]["en"].html
    assert audited(shop)[:2] == [("template.save", "2"), ("template.publish", "1")]


def test_nobody_changes_what_is_published(shop: Shop) -> None:
    published(shop, template(email=LEAVE))
    for change in ("body = '{}'", "compiled = '{}'", "published_at = now()", "code = 'other'"):
        with db.transaction(shop.program.id) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(f"UPDATE messaging_template SET {change}")
    with db.transaction(shop.program.id) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("DELETE FROM messaging_template")


def test_retired_templates_take_no_new_messages(shop: Shop) -> None:
    published(shop, template(email=LEAVE))
    save(shop, template(email=LEAVE))
    with db.transaction(shop.program.id) as conn:
        assert service.retire(conn, shop.program.id, "welcome", by=SYSTEM, now=NOW) is None
        assert service.retire(conn, shop.program.id, "nobody", by=SYSTEM, now=NOW) == Refused(Refusal.UNKNOWN, "nobody")
        assert queries.draft(conn, shop.program.id, "welcome") is None
        kept = queries.template(conn, shop.program.id, "welcome")
        assert kept is not None
        assert kept.retired_at == NOW
        assert "welcome@1" in queries.compiled(conn, shop.program.id, ["welcome@1"]), "what is queued still leaves"


@pytest.mark.parametrize(
    "words", ["{% if %}", "{{ nothing.at.all }}", "{{ balance.gold | points }}", "{{ 1 | nosuch }}", BOMBS["doubling"]]
)
def test_what_cannot_be_rendered_is_not_saved(shop: Shop, words: str) -> None:
    for made in (template(email=words), template(sms=words), template(email="x", subject=words[:300])):
        refused = save(shop, made)
        assert isinstance(refused, Refused), made
        assert refused.reason is Refusal.BROKEN
        assert refused.detail
    with db.transaction(shop.program.id) as conn:
        assert queries.templates(conn, shop.program.id) == []


def test_mjml_that_is_none_is_not_saved(shop: Shop) -> None:
    blocks = {Channel.EMAIL: {"en": Block(subject="s", body="<mjml><mj-body>")}}
    refused = save(shop, template(blocks=blocks))
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("email/en: ")


def test_what_is_wrong_is_not_published(shop: Shop) -> None:
    save(shop, template(email="Hello {{ member.name }}"))
    refused = publish(shop, because="I like it so")
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.NOT_VALID
    assert {one.code for one in refused.problems} == {Lint.MISSING_FALLBACK, Lint.NO_UNSUBSCRIBE}


def test_mixed_content_needs_a_name_and_a_reason(shop: Shop) -> None:
    made = template(sms="Your order is ready. 20% off today!", topic="orders", class_name=MessageClass.TRANSACTIONAL)
    save(shop, made)
    refused = publish(shop)
    assert isinstance(refused, Refused)
    assert (refused.reason, [one.detail for one in refused.problems]) == (Refusal.NEEDS_REASON, ["20% off"])
    assert publish(shop, because="   ") == refused
    assert publish(shop, because="Legal has agreed: ticket 7") == Published(1)
    assert audited(shop)[0] == ("template.publish", "1:mixed-class")
    with db.transaction(shop.program.id) as conn:
        (version,) = queries.versions(conn, shop.program.id, "welcome")
        assert (version.because, version.published_by) == ("Legal has agreed: ticket 7", "system:verno")


def test_names_that_are_put_together_are_not_believed(shop: Shop) -> None:
    save(shop, template(email="{{ member['na' ~ 'me'] | default('x') }}" + LEAVE))
    refused = publish(shop)
    assert isinstance(refused, Refused)
    assert [(one.code, one.detail) for one in refused.problems] == [(Lint.UNKNOWN_NAME, "member")]


def test_a_token_is_for_the_words_it_was_entered_with(shop: Shop) -> None:
    with db.transaction(shop.program.id) as conn:
        settings.write(conn, shop.program.id, "messages.country", "RU", now=NOW)
    mark = Advert(AdClass.OWN, "Shop", "7700000000", "2VtzqxAbCdE")
    words = "{{ advert }} Hello " + LEAVE
    save(shop, template(email=words))
    refused = publish(shop)
    assert isinstance(refused, Refused)
    assert [one.code for one in refused.problems] == [Lint.NOT_MARKED]
    save(shop, template(email=words, advert=mark))
    assert publish(shop) == Published(1)
    with db.transaction(shop.program.id) as conn:
        compiled = queries.compiled(conn, shop.program.id, ["welcome@1"])["welcome@1"]
        assert compiled.advert == "Реклама. Shop, ИНН 7700000000. erid: 2VtzqxAbCdE"
    save(shop, template(email="{{ advert }} Hello again " + LEAVE, advert=mark))
    refused = publish(shop)
    assert isinstance(refused, Refused)
    assert [(one.code, one.detail) for one in refused.problems] == [(Lint.MARK_VOID, "2VtzqxAbCdE")]
    another = Advert(AdClass.OWN, "Shop", "7700000000", "3AnotherOne")
    save(shop, template(email="{{ advert }} Hello again " + LEAVE, advert=another))
    assert publish(shop) == Published(2)


def test_own_letters_go_without_a_token_once_somebody_has_answered_for_it(shop: Shop) -> None:
    save(shop, template(email="Hello " + LEAVE, advert=Advert(AdClass.OWN, "Shop")))
    for key, value, expected in (
        ("messages.country", "RU", False),
        ("messages.marking", "own_mail_exempt", False),
        ("messages.marking_note", "A. Ivanova, counsel: memo 14", True),
    ):
        with db.transaction(shop.program.id) as conn:
            settings.write(conn, shop.program.id, key, value, now=NOW)
        assert isinstance(publish(shop), Published) is expected, key


def test_conditions_are_checked(shop: Shop) -> None:
    tree = {"combinator": "and", "rules": [{"field": "member.nose", "operator": "=", "value": 1}]}
    save(shop, template(email="{% if shown.gold %}Gold{% endif %}" + LEAVE, shown={"gold": tree}))
    refused = publish(shop)
    assert isinstance(refused, Refused)
    assert [one.code for one in refused.problems] == [Lint.BAD_CONDITION]


def test_programs_do_not_see_each_others(shop: Shop) -> None:
    published(shop, template(email=LEAVE))
    with db.transaction("018f3c00-0000-7000-8000-000000000000") as conn:
        assert conn.execute("SELECT count(*) FROM messaging_template").fetchone() == (0,)


def test_links_carry_marks(shop: Shop) -> None:
    own = '<a href="https://shop.example.com/a?utm_source=own&amp;b=1#x">A</a>'
    words = f'{own} <a href="https://shop.example.com/b">B</a> {LEAVE}'
    published(shop, template(email=words, utm={"source": "verno", "campaign": "spring sale"}))
    with db.transaction(shop.program.id) as conn:
        compiled = queries.compiled(conn, shop.program.id, ["welcome@1"])["welcome@1"]
    assert compiled.links == [
        "https://shop.example.com/a?utm_source=own&b=1&utm_campaign=spring+sale#x",
        "https://shop.example.com/b?utm_source=verno&utm_campaign=spring+sale",
    ]
    html = compiled.blocks["email"]["en"].html
    assert "shop.example.com" not in html
    assert "_links[0]" in html
    assert mjml(words) not in html
