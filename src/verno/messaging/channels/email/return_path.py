"""Signed return paths: a bounce is believed when it comes to an address that only we could have made (VERP).

``bounces@example.com`` becomes ``bounces+<token>@example.com``, where the token is the message's id and 72 bits of
HMAC over it, in base32: letters' case may change on the way.
"""

import base64
import hmac
import re
import uuid

from verno.kit import secrets

ID_BYTES, MAC_BYTES = 16, 9
"""25 bytes are 40 characters of base32, so that a mailbox's name may have 23 more (RFC 5321 allows 64)."""

_TOKEN = re.compile(r"\b[a-z2-7]{40}\b", re.IGNORECASE)
_AT_WORK = b"return-path\0"
"""Keeps these signatures apart from others under the same key."""


def token(message_id: str) -> str:
    """Return the text that names a message and proves that we named it."""
    body = uuid.UUID(message_id).bytes
    return base64.b32encode(body + _mac(body)).decode().lower()


def address(mailbox: str, token_: str) -> str:
    """Return the mailbox's address for one letter."""
    name, _, domain = mailbox.rpartition("@")
    return f"{name}+{token_}@{domain}"


def find(text: str) -> str | None:
    """Return the message that the first token of ours in a text names; None when there is none."""
    for found in _TOKEN.findall(text):
        raw = base64.b32decode(found.upper())
        body, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        if hmac.compare_digest(mac, _mac(body)):
            return str(uuid.UUID(bytes=body))
    return None


def _mac(body: bytes) -> bytes:
    return hmac.digest(secrets.key("receipt"), _AT_WORK + body, "sha256")[:MAC_BYTES]
