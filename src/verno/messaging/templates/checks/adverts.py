"""Marks of advertising: the line that letters carry, and whether the words are those the token was given for."""

import hashlib
from collections.abc import Mapping

import msgspec

from verno.messaging.templates.types import AdClass, Advert, Template

NOT_INTERNET = frozenset({"sms", "voice"})
LABEL = "Реклама"
"""The word that Russian law asks for; other countries ask for none."""


def line(advert: Advert | None) -> str:
    """Return what advertising says of itself: the word, who advertises, the token; else nothing."""
    if advert is None or advert.ad_class is AdClass.NONE or not advert.erid:
        return ""
    who = f"{advert.name}, ИНН {advert.inn}" if advert.inn else advert.name
    return f"{LABEL}. {who}. erid: {advert.erid}"


def fingerprint(template: Template) -> str:
    """Return the hash of a template's words: another one than the token was given for makes it void."""
    blocks: Mapping[str, object] = msgspec.to_builtins(template.blocks)
    return hashlib.sha256(msgspec.json.encode(blocks, order="deterministic")).hexdigest()
