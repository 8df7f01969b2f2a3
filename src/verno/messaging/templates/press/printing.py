"""From a prepared message to what its reader sees, through the press."""

import hashlib
import html
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from verno.messaging.templates.press.pool import POOL, Ask
from verno.messaging.templates.press.protocol import Rendered, Reply
from verno.messaging.templates.types import Broken, Prepared, Sources
from verno.messaging.types import Letter

MARKS = {"ru": "[Проверка] ", "en": "[Test] "}


class Addresses(msgspec.Struct, frozen=True):
    """A message's own addresses. ``links`` in the order of the template's; the pixel may be left out."""

    unsubscribe: str
    preferences: str
    links: Sequence[str]
    pixel: str = ""


def printed(message: Prepared, addresses: Addresses) -> Letter | Broken:
    """Return the letter, or why it cannot be rendered. Raises ``Unavailable`` when there is no press to be had."""
    return _letter(message, POOL.render(*_asked(message, addresses)))


def printed_all(messages: Sequence[tuple[Prepared, Addresses]]) -> list[Letter | Broken]:
    """Return many letters, in order, see ``printed``."""
    replies = POOL.render_all([_asked(*one) for one in messages])
    return [_letter(message, reply) for (message, _), reply in zip(messages, replies, strict=True)]


def _asked(message: Prepared, addresses: Addresses) -> Ask:
    view = message.view | {
        "unsubscribe_url": addresses.unsubscribe,
        "preferences_url": addresses.preferences,
        "_links": [html.escape(one) for one in addresses.links],
        "_texts": list(addresses.links),
        "_pixel": addresses.pixel,
    }
    sources = message.sources
    return key_of(sources), (sources.subject, sources.html, sources.text), view


def _letter(message: Prepared, reply: Reply) -> Letter | Broken:
    if not isinstance(reply, Rendered):
        return Broken(": ".join(part for part in (getattr(reply, "where", ""), getattr(reply, "detail", "")) if part))
    mark = MARKS[message.language] if message.is_test else ""
    if message.sources.html or message.sources.subject:
        return Letter(mark + reply.subject, reply.html, reply.text)
    return Letter(reply.subject, reply.html, mark + reply.text)


@lru_cache(maxsize=256)
def key_of(sources: Sources) -> str:
    """Return what names a block's sources for ever."""
    text = f"{sources.subject}\0{sources.html}\0{sources.text}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
