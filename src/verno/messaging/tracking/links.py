"""Signed addresses of a message's own: which link of it was followed, and that it was opened.

They hold ids and no destination, so that nobody can make one that leads elsewhere.
"""

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

Use = Literal["link", "pixel", "text"]

ID_BYTES, NUMBER_BYTES, MAC_BYTES = 16, 2, 12
LENGTH = 3 * ID_BYTES + NUMBER_BYTES + MAC_BYTES
TAIL_BYTES, SHORT_MAC_BYTES = 8, 7
"""A text is paid for by its length: the end of the message's id, which is random, and 56 bits of HMAC. A guess costs a
request, and what it would win is a count too many."""
SHORT = 22
"""Characters of a short token."""
MOST_SHORT = 256
"""Links that a text can number."""


class Followed(msgspec.Struct, frozen=True, gc=False):
    """A message, and the number of one of its links (0 for the pixel)."""

    program_id: str
    holder_id: str
    message_id: str
    link: int = 0


def token(use: Use, followed: Followed) -> str:
    """Return the unguessable text of one link of one message: 96 bits of HMAC over what it names."""
    return _token(use, _ids(followed), followed.link)


def read(use: Use, text: str) -> Followed | None:
    """Return what a token names, or None for a text that we did not make for this use."""
    if not text.isascii() or len(text) != (LENGTH * 4 + 2) // 3:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    # Spare bits of the last character would give a token several spellings.
    if not hmac.compare_digest(mac, _mac(use, body)) or _text(raw) != text:
        return None
    program, holder, message = (str(uuid.UUID(bytes=body[at : at + ID_BYTES])) for at in (0, ID_BYTES, 2 * ID_BYTES))
    return Followed(program, holder, message, int.from_bytes(body[3 * ID_BYTES :]))


def urls(program_id: str, holder_id: str, message_id: str, count: int) -> Sequence[str]:
    """Return the addresses that stand in a letter in place of its links, in order."""
    base, ids = config.links_url(), _ids(Followed(program_id, holder_id, message_id))
    return [f"{base}/l/{_token('link', ids, number)}" for number in range(count)]


class Short(msgspec.Struct, frozen=True, gc=False):
    """The end of a message's id, in hex, and the number of one of its links."""

    tail: str
    link: int


def short_token(message_id: str, link: int) -> str:
    """Return the unguessable text of one link of a message that is a text."""
    body = packed(message_id)[-TAIL_BYTES:] + link.to_bytes(1)
    return _text(body + _mac("text", body)[:SHORT_MAC_BYTES])


def read_short(text: str) -> Short | None:
    """Return what a short token names, or None for a text that we did not make."""
    if not text.isascii() or len(text) != SHORT:
        return None
    try:
        raw = base64.b64decode(text + "==", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    body, mac = raw[:-SHORT_MAC_BYTES], raw[-SHORT_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac("text", body)[:SHORT_MAC_BYTES]) or _text(raw) != text:
        return None
    return Short(body[:TAIL_BYTES].hex(), body[TAIL_BYTES])


def short_urls(message_id: str, count: int) -> Sequence[str]:
    """Return the addresses that stand in a text in place of its links, in order."""
    return [f"{_short_base()}{short_token(message_id, number)}" for number in range(min(count, MOST_SHORT))]


def sample_url() -> str:
    """Return an address as long as those of ``short_urls``, to reckon with."""
    return _short_base() + "x" * SHORT


def first_in(text: str) -> str | None:
    """Return the first address of ``short_urls`` in a text."""
    found = re.search(re.escape(_short_base()) + rf"[A-Za-z0-9_-]{{{SHORT}}}", text)
    return found.group(0) if found else None


def _short_base() -> str:
    return f"{config.links_url()}/t/"


def pixel_url(program_id: str, holder_id: str, message_id: str) -> str:
    """Return the address of the picture that tells of opening."""
    return f"{config.links_url()}/o/{token('pixel', Followed(program_id, holder_id, message_id))}.gif"


def _ids(followed: Followed) -> bytes:
    return b"".join([packed(one) for one in (followed.program_id, followed.holder_id, followed.message_id)])


def _token(use: Use, ids: bytes, link: int) -> str:
    body = ids + link.to_bytes(NUMBER_BYTES)
    return _text(body + _mac(use, body))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(use: Use, body: bytes) -> bytes:
    return secrets.mac("tracking", use.encode() + b"\0" + body)[:MAC_BYTES]
