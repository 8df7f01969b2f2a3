"""How a program's letters look, and what they say of who sends them."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from tests.builders import Shop
from tests.messaging.channels.test_writing import content
from verno.kit import db
from verno.messaging.law.packs import pack
from verno.messaging.layouts import brand
from verno.messaging.letters import compose
from verno.workspace import settings
from verno.workspace.registry import Country
from verno.workspace.settings import NotSet

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
READABLE = 4.5
"""What WCAG 2.2 asks of small text (AA)."""
SAID = {
    "brand.colour": "#ffd400",
    "brand.logo_url": "https://shop.example/logo.png",
    "brand.legal_name": "ООО «Лавка»",
    "brand.address": "101000, Москва, Тверская, 1",
    "brand.contact": "hello@shop.example",
    "brand.reply_to": "answers@shop.example",
    "brand.tax_id": "7701234567",
    "brand.site": "https://shop.example/",
}


def test_a_brand_is_what_the_settings_say(shop: Shop) -> None:
    program = shop.program.id
    with db.transaction() as conn:
        assert brand.brand(conn, program) == brand.PLAIN
        settings.write_all(conn, program, SAID, now=NOW)
        assert brand.brand(conn, program) == brand.coloured("#ffd400") | {
            key.removeprefix("brand."): value for key, value in SAID.items() if key != "brand.colour"
        }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brand.colour", "red"),
        ("brand.colour", "#fff"),
        ("brand.colour", "#0b6e4f;background:url(x)"),
        ("brand.logo_url", "http://shop.example/logo.png"),
        ("brand.logo_url", "javascript:alert(1)"),
        ("brand.reply_to", "nobody"),
        ("brand.reply_to", "a@shop"),
        ("brand.reply_to", "a..b@shop.example"),
        ("brand.reply_to", "a@shop.example\r\nBcc: b@shop.example"),
        ("brand.reply_to", "a@shop.example, b@shop.example"),
        ("brand.reply_to", f"{'a' * 250}@shop.example"),
        ("brand.logo_url", 'https://shop.example/"onerror="x'),
        ("brand.site", "https://"),
        ("brand.legal_name", "x" * 201),
        ("brand.address", "a\nb"),
    ],
)
def test_what_a_letter_cannot_show_is_refused(shop: Shop, key: str, value: str) -> None:
    with db.transaction() as conn:
        (refused,) = settings.write_all(conn, shop.program.id, {key: value}, now=NOW)
        assert isinstance(refused, NotSet)
        assert brand.brand(conn, shop.program.id) == brand.PLAIN


@pytest.mark.parametrize("parts", list(product(("00", "40", "80", "bb", "ff"), repeat=3)), ids="".join)
def test_any_colour_can_be_read(parts: tuple[str, str, str]) -> None:
    look = brand.coloured("#" + "".join(parts))
    assert brand.contrast(look["colour"], look["ink"]) >= READABLE
    assert brand.contrast(look["accent"], brand.CARD) >= READABLE
    assert brand.contrast(look["accent_dark"], brand.DARK_CARD) >= READABLE


def test_contrast_is_what_the_standard_says() -> None:
    assert brand.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert brand.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("country", "wanted"),
    [
        (Country.RU, ["legal_name", "address", "contact", "tax_id"]),
        (Country.EU, ["legal_name", "address", "contact"]),
        (Country.US, ["legal_name", "address", "contact"]),
        (Country.STRICT, ["legal_name", "address", "contact"]),
    ],
)
def test_what_a_country_wants_and_nobody_has_said(country: Country, wanted: list[str]) -> None:
    rules = pack(country).on(date(2026, 11, 1))
    assert brand.missing(brand.PLAIN, rules) == wanted
    said = {**brand.PLAIN, **dict.fromkeys(wanted, "x")}
    assert brand.missing(said, rules) == []


def test_every_built_in_letter_says_who_sends_it() -> None:
    said = {**brand.PLAIN, **{key.removeprefix("brand."): value for key, value in SAID.items()}}
    said |= brand.coloured("#ffd400")
    letter = compose.letter(content("email", "ru", said))
    for part in (letter.html, letter.text):
        assert "ООО «Лавка» · ИНН 7701234567" in part
        assert "101000, Москва, Тверская, 1" in part
        assert "hello@shop.example" in part
    assert "background:#ffd400" in letter.html
    assert "color:#000000" in letter.html
    assert "logo.png" in letter.html


def test_a_program_that_has_said_nothing_has_its_mail_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_MAIL_FROM", "points@shop.example")
    letter = compose.letter(content("email"))
    assert "mailto:points@shop.example" in letter.html.replace("&#x2f;", "/")
    assert "Tax ID" not in letter.text


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("hello@shop.example", "mailto:hello@shop.example"),
        ("+7 (495) 123-45-67", "tel:+74951234567"),
        ("Ask in the shop", ""),
    ],
)
def test_a_contact_leads_where_it_can(words: str, address: str) -> None:
    assert brand.contact({**brand.PLAIN, "contact": words}) == (words, address)
