"""Layouts: ready templates in Russian and English, to be taken as they are or changed (``texts/*.toml``)."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from verno.members.types import Channel
from verno.messaging.layouts import parts
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.templates.types import Block, Template
from verno.messaging.types import MessageClass

GREETING: Mapping[Language, str] = {
    "ru": "{% if member.first_name %}{{ member.first_name }}, здравствуйте!{% else %}Здравствуйте!{% endif %}",
    "en": "{% if member.first_name %}Hello, {{ member.first_name }}!{% else %}Hello!{% endif %}",
}
TAX_ID: Mapping[Language, str] = {"ru": "ИНН", "en": "Tax ID"}
PREFERENCES: Mapping[Language, str] = {"ru": "Выбрать, что и как часто получать", "en": "Choose what you receive"}
LEAVE: Mapping[Language, str] = {"ru": "Больше не присылать такие письма", "en": "Stop sending me such letters"}
WITHOUT_LEAVING = frozenset({MessageClass.SECURITY, MessageClass.TRANSACTIONAL})

_DOTTED = re.compile(r"\.\[\[unit\]\]")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layout in one language. ``parts``: what stands in the letter, as (piece, text) or (button, text, address)."""

    name: str
    about: str
    subject: str
    preheader: str
    big: str
    why: str
    parts: list[list[str]]
    small: str = ""
    sms: str = ""
    telegram: str = ""
    push_title: str = ""
    push: str = ""
    sample: dict[str, Any] = {}


class Layout(msgspec.Struct, frozen=True):
    """A layout. ``topic``: what it had best belong to, where a program has that; ``words`` by language."""

    code: str
    class_name: MessageClass
    topic: str
    words: Mapping[Language, Words]
    position: int

    def blocks(self, unit: str) -> dict[Channel, dict[Language, dict[str, str]]]:
        """Return what it says by channel and language: ``subject``, ``preheader``, ``body``; of points of ``unit``."""
        out: dict[Channel, dict[Language, dict[str, str]]] = {Channel.EMAIL: {}}
        for language, said in self.words.items():
            letter = {"subject": said.subject, "preheader": said.preheader, "body": self._mjml(said, language)}
            out[Channel.EMAIL][language] = _of_unit(letter, unit)
            plain = {
                Channel.SMS: {"body": said.sms},
                Channel.TELEGRAM: {"body": said.telegram},
                Channel.PUSH: {"subject": said.push_title, "body": said.push},
            }
            for channel, block in plain.items():
                if block["body"]:
                    out.setdefault(channel, {})[language] = _of_unit(block, unit)
        return out

    def template(self, code: str, name: str, topic: str, unit: str) -> Template:
        """Return it as a template of a program, which nobody has stored yet."""
        blocks = {
            channel: {language: msgspec.convert(said, Block) for language, said in by_language.items()}
            for channel, by_language in self.blocks(unit).items()
        }
        return Template(code=code, name=name, class_name=self.class_name, topic=topic, blocks=blocks)

    def _mjml(self, said: Words, language: Language) -> str:
        small = parts.put(parts.SMALL, text=said.small) if said.small else ""
        ways_out = f'<a href="{{{{ preferences_url }}}}">{PREFERENCES[language]}</a>'
        if self.class_name not in WITHOUT_LEAVING:
            ways_out += f' · <a href="{{{{ unsubscribe_url }}}}">{LEAVE[language]}</a>'
        pieces = [
            parts.put(parts.HEAD, subject=said.subject, preheader=said.preheader),
            parts.put(parts.TOP, big=said.big, small=small),
            *(_piece(one, language) for one in said.parts),
            parts.put(
                parts.BOTTOM,
                why=said.why,
                sender=parts.put(parts.SENDER, tax_id=TAX_ID[language]),
                ways_out=ways_out,
            ),
        ]
        return "".join(pieces)


def layouts() -> list[Layout]:
    """Return all layouts, those about points first."""
    return sorted(_layouts(), key=lambda one: one.position)


def layout(code: str) -> Layout | None:
    """Return one layout, or None."""
    return next((one for one in _layouts() if one.code == code), None)


def sample(language: Language) -> dict[str, Any]:
    """Return figures that somebody made up for all that layouts can name of their own (``context.*``)."""
    out: dict[str, Any] = {}
    for one in layouts():
        out |= one.words[language].sample
    return out


@lru_cache(maxsize=1)
def _layouts() -> tuple[Layout, ...]:
    folder = resources.files("verno.messaging.layouts") / "texts"
    return tuple(
        _read(one.name, one.read_text(encoding="utf-8")) for one in folder.iterdir() if one.name.endswith("toml")
    )


def _read(name: str, text: str) -> Layout:
    said = tomllib.loads(text)
    words = {language: msgspec.convert(said[language], Words) for language in LANGUAGES}
    return Layout(name.removesuffix(".toml"), MessageClass(said["class"]), said["topic"], words, said["position"])


def _piece(said: list[str], language: Language) -> str:
    kind, text, *more = said
    if kind == "button":
        return parts.button(text, more[0])
    return parts.PIECES[kind](text.replace("[[greeting]]", GREETING[language]))


def _of_unit(block: dict[str, str], unit: str) -> dict[str, str]:
    # A code with a hyphen is no name for a template.
    named = unit if unit.isidentifier() else ""
    return {
        name: parts.put(text if named else _DOTTED.sub(f'["{unit}"]', text), unit=unit) for name, text in block.items()
    }
