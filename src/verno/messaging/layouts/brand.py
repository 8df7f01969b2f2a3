"""The look of a program's letters, and what they say of who sends them; read from its settings.

Any colour may be a brand's: what is written on it, and what is written in it, is chosen so that it can be read.
"""

import re
from collections.abc import Mapping

from verno.kit import config
from verno.kit.db import Connection
from verno.messaging.law.packs import Rules
from verno.messaging.letters.wording import Language
from verno.workspace import registry, settings
from verno.workspace.settings import Book

READABLE = 4.5
"""The least contrast of text that everybody can read (WCAG 2.2, AA)."""
WHITE, INK, CARD, DARK_CARD = "#ffffff", "#000000", "#ffffff", "#2a323b"
"""Text on dark and on light colours; what letters are written on, by day and (the lightest of it) by night."""
STEPS = 20

SAID: Mapping[str, registry.Definition[str | None]] = {
    "logo_url": registry.BRAND_LOGO,
    "legal_name": registry.BRAND_LEGAL_NAME,
    "address": registry.BRAND_ADDRESS,
    "contact": registry.BRAND_CONTACT,
    "reply_to": registry.BRAND_REPLY_TO,
    "tax_id": registry.BRAND_TAX_ID,
    "site": registry.BRAND_SITE,
}
TAX_ID: Mapping[Language, str] = {"ru": "ИНН", "en": "Tax ID"}

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s()-]{5,24}", re.ASCII)


def brand(conn: Connection, program_id: str) -> dict[str, str]:
    """Return what a template can name as ``brand.*``; what nobody has said is an empty text."""
    return of(settings.load(conn, program_id))


def of(book: Book) -> dict[str, str]:
    """Return the brand that settings say."""
    said = {name: book.value(definition) or "" for name, definition in SAID.items()}
    return coloured(book.value(registry.BRAND_COLOUR)) | said


def coloured(colour: str) -> dict[str, str]:
    """Return a colour, what is written on it, and the same as a colour of text by day and by night."""
    return {
        "colour": colour,
        "ink": WHITE if contrast(colour, WHITE) >= READABLE else INK,
        "accent": _towards(colour, "#000000", on=CARD),
        "accent_dark": _towards(colour, WHITE, on=DARK_CARD),
    }


def missing(said: Mapping[str, str], rules: Rules) -> list[str]:
    """Return what the country's law wants letters to say of their sender, and nobody has said."""
    return [name for name in ("legal_name", "address", "contact", "tax_id") if name in rules.sender and not said[name]]


def lines(said: Mapping[str, str], language: Language) -> list[str]:
    """Return who sends, as the foot of a letter says it: name and tax id, then the postal address."""
    tax_id = f"{TAX_ID[language]} {said['tax_id']}" if said["tax_id"] else ""
    name = " · ".join(part for part in (said["legal_name"], tax_id) if part)
    return [line for line in (name, said["address"]) if line]


def contact(said: Mapping[str, str]) -> tuple[str, str]:
    """Return where a reader may turn to, as words and as a link; the address that letters come from when not said."""
    words = said["contact"] or config.mail_from()
    if _MAIL.fullmatch(words):
        return words, f"mailto:{words}"
    return words, f"tel:{re.sub(r'[^+0-9]', '', words)}" if _PHONE.fullmatch(words) else ""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours ``#rrggbb``: 1 for the same, 21 for black and white."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = [_linear(part / 255) for part in _parts(colour)]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 the standard's formula


def _towards(colour: str, end: str, *, on: str) -> str:
    """Return the colour, as far towards ``end`` as it takes to be read."""
    mixed = [_mixed(colour, end, step) for step in range(STEPS + 1)]
    return next(one for one in mixed if contrast(one, on) >= READABLE)


def _mixed(colour: str, end: str, step: int) -> str:
    pairs = zip(_parts(colour), _parts(end), strict=True)
    return "#" + "".join(f"{(a * (STEPS - step) + b * step) // STEPS:02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


PLAIN: Mapping[str, str] = coloured(registry.BRAND_COLOUR.default) | dict.fromkeys(SAID, "")
"""The look of a program that has said nothing."""
