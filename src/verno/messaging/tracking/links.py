"""Signed addresses of a message's own: which link of it was followed, and that it was opened.

They hold ids and no destination, so that nobody can make one that leads elsewhere.
"""

import base64
import binascii
import hmac
import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

Use = Literal["link", "pixel"]

ID_BYTES, NUMBER_BYTES, MAC_BYTES = 16, 2, 12
LENGTH = 3 * ID_BYTES + NUMBER_BYTES + MAC_BYTES


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
