"""A template before it is sent: as a member would see it, as somebody made up would, and as a test in a mailbox."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from tests.builders import Shop
from tests.messaging.news import NOW, readers
from tests.messaging.people import earn
from tests.messaging.postman import Postman
from tests.messaging.templates.letters import LEAVE, template
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember
from verno.messaging import facts
from verno.messaging import service as messages
from verno.messaging.templates import previewing, trying
from verno.messaging.templates.types import Broken, Refusal, Refused, Rendered, Sent, Template
from verno.messaging.types import NewSuppression
from verno.workspace import audit, settings
from verno.workspace.audit import SYSTEM


@pytest.fixture
def made(shop: Shop) -> Template:
    unit = shop.unit.code
    words = (
        f"{{{{ member.first_name | default('friend') }}}}: {{{{ balance.{unit} | points }}}}"
        f" {{% if expiring.{unit}.day %}}{{{{ expiring.{unit}.points | points }}}} until"
        f" {{{{ expiring.{unit}.day | day }}}}{{% endif %}}"
        " {% if shown.riga %}Riga{% endif %}"
        " {% for row in context.rows %}[{{ row.name }} {{ row.price | money }}]{% endfor %}"
    )
    tree: dict[str, object] = {
        "combinator": "and",
        "rules": [{"field": "member.attributes.city", "operator": "=", "value": "Riga"}],
    }
    link = '<a href="https://shop.example.com/">Shop</a>'
    sms = f"{words} Баллы"
    return template(email=f"{words} {link} {LEAVE}", sms=sms, shown={"riga": tree}, languages=("ru", "en"))


def preview(
    shop: Shop,
    made: Template,
    holder: str | None,
    channel: str = "email",
    locale: str = "en",
    context: Mapping[str, object] | None = None,
) -> Rendered | Broken:
    with db.transaction(shop.program.id) as conn:
        return previewing.preview(conn, shop.program.id, made, holder, channel, locale, now=NOW, context=context)


def test_as_somebody_made_up(shop: Shop, made: Template) -> None:
    seen = preview(shop, made, None)
    assert isinstance(seen, Rendered), seen
    assert "Anna: 1,250 points 300 points until November 17, 2026 Riga [name 12.50\u00a0RUB]" in seen.text
    assert "https://shop.example.com/" in seen.html, "links lead where they say"
    assert "/l/" not in seen.html
    assert "/u/" not in seen.html
    assert "/o/" not in seen.html
    russian = preview(shop, made, None, locale="ru")
    assert isinstance(russian, Rendered)
    assert "Анна: 1" in russian.text


def test_as_a_member(shop: Shop, made: Template) -> None:
    (holder,) = readers(shop, 1)
    with db.transaction(shop.program.id) as conn:
        earn(conn, shop, holder, 42, NOW)
        members.upsert(conn, shop.program, [NewMember("m-0", attributes={"city": "Riga"})], now=NOW)
    rows = {"rows": [{"name": "Tea", "price": 45000}]}
    seen = preview(shop, made, holder, context=rows)
    assert isinstance(seen, Rendered), seen
    assert " ".join(seen.text.split()).startswith("Member: 42 points Riga [Tea 450.00 RUB]")
    assert "/u/" not in seen.html + seen.text
    assert "/p/" not in seen.html + seen.text
    assert preview(shop, made, "018f3c00-0000-7000-8000-000000000000") == Broken(previewing.UNKNOWN_MEMBER)


def test_what_ends_next_is_told_with_its_last_day(shop: Shop, made: Template) -> None:
    first, second = readers(shop, 2)
    with db.transaction(shop.program.id) as conn:
        earn(conn, shop, first, 30, NOW, expires_at=datetime(2026, 12, 1, 21, tzinfo=UTC))
        earn(conn, shop, first, 12, NOW, expires_at=datetime(2026, 11, 10, 21, tzinfo=UTC))
        earn(conn, shop, second, 7, NOW)
    seen = preview(shop, made, first)
    assert isinstance(seen, Rendered), seen
    assert "42 points 12 points until November 10, 2026" in " ".join(seen.text.split()), "midnight in Moscow"
    other = preview(shop, made, second)
    assert isinstance(other, Rendered)
    assert "until" not in other.text


def test_a_text_has_segments_and_a_price(shop: Shop, made: Template) -> None:
    seen = preview(shop, made, None, "sms")
    assert isinstance(seen, Rendered)
    assert (seen.html, seen.segments, seen.cost) == ("", 2, None)
    with db.transaction(shop.program.id) as conn:
        settings.write(conn, shop.program.id, "messages.sms_segment_price", 350, by=SYSTEM, now=NOW)
    seen = preview(shop, made, None, "sms")
    assert isinstance(seen, Rendered)
    assert (seen.segments, seen.cost) == (2, 700)


def test_what_cannot_be_shown(shop: Shop, made: Template) -> None:
    assert preview(shop, made, None, "telegram") == Broken(previewing.NO_BLOCK)
    broken = preview(shop, template(email="{{ nothing }}"), None)
    assert isinstance(broken, Broken)
    assert broken.detail.startswith("html: ")


@pytest.fixture
def relay(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> Postman:
    monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
    return postman


def try_(shop: Shop, made: Template, address: str = "marketer@example.com", channel: str = "email") -> Sent | Refused:
    with db.transaction(shop.program.id) as conn:
        trial = trying.ready(conn, shop.program.id, made, (channel, "en"), address, by=SYSTEM, now=NOW)
    return trial if isinstance(trial, Refused) else trying.send(trial, now=NOW)


def letter(postman: Postman, to: str = "marketer@example.com") -> EmailMessage:
    return postman.letter(to)


def test_a_test_arrives_and_is_marked(shop: Shop, made: Template, relay: Postman) -> None:
    assert isinstance(try_(shop, made), Sent)
    found = letter(relay)
    assert found["Subject"] == "[Test] News"
    assert found["List-Unsubscribe"] is None, "it is nobody's whom a click could unsubscribe"
    part = found.get_body(("plain",))
    assert part is not None
    assert "Anna: 1,250 points" in part.get_content()
    assert "/u/" not in part.get_content()
    with db.transaction(shop.program.id) as conn:
        (entry,) = [one for one in audit.page(conn, shop.program.id) if one.action == "template.try"]
        assert (entry.object_id, entry.detail) == ("welcome", "email")
        assert conn.execute("SELECT count(*) FROM messaging_message").fetchone() == (0,)


def test_what_is_not_tried(shop: Shop, made: Template, relay: Postman) -> None:
    assert try_(shop, made, "nobody") == Refused(Refusal.BAD_ADDRESS)
    assert try_(shop, made, "a@example.com\r\nBcc: b@example.com") == Refused(Refusal.BAD_ADDRESS)
    assert try_(shop, made, "12345", "telegram") == Refused(Refusal.NO_BLOCK)
    assert try_(shop, made, "+79161234567", "sms") == Refused(Refusal.NO_PROVIDER)
    assert try_(shop, made, "x", "voice") == Refused(Refusal.BAD_ADDRESS)
    broken = try_(shop, template(email="{{ nothing }}"))
    assert isinstance(broken, Refused)
    assert broken.reason is Refusal.BROKEN
    declined = try_(shop, made, "rcpt-550@example.com")
    assert isinstance(declined, Refused)
    assert declined.reason is Refusal.NOT_TAKEN
    assert relay.stored == []


def test_stopped_is_stopped(shop: Shop, made: Template, relay: Postman) -> None:
    digest = facts.address_hash(shop.program.id, "email", "gone@example.com")
    with db.transaction(shop.program.id) as conn:
        messages.suppress(conn, shop.program.id, [NewSuppression("email", digest, "complaint", "test")], now=NOW)
    assert try_(shop, made, "gone@example.com") == Refused(Refusal.STOPPED)
    with db.transaction(shop.program.id) as conn:
        messages.stop(conn, shop.program.id, "all", by=SYSTEM, now=NOW)
    assert try_(shop, made) == Refused(Refusal.STOPPED)
    assert relay.stored == []


def test_a_server_that_is_away(shop: Shop, made: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:9")
    refused = try_(shop, made)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.NOT_TAKEN
    monkeypatch.delenv("VERNO_SMTP_URL")
    assert try_(shop, made) == Refused(Refusal.NO_PROVIDER)
