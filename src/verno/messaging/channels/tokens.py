"""Names of messages that are given away and come back: who returns one proves that we gave it.

A token is the message's id and 72 bits of HMAC over it and its use, in base32, since letters' case may change on the
way. Its 40 characters leave 23 to a mailbox's name (RFC 5321 allows 64).
"""

import base64
import hmac
import re
import uuid
from typing import Literal

from verno.kit import secrets
from verno.kit.ids import packed

Use = Literal["return-path", "sms-receipt"]

ID_BYTES, MAC_BYTES = 16, 9
_TOKEN = re.compile(r"\b[a-z2-7]{40}\b", re.IGNORECASE | re.ASCII)


def token(use: Use, message_id: str) -> str:
    """Return the text that names a message and proves that we named it, for one use."""
    body = packed(message_id)
    return base64.b32encode(body + _mac(use, body)).decode().lower()


def find(use: Use, text: str) -> str | None:
    """Return the message that the first token of ours in a text names; None when there is none."""
    for found in _TOKEN.findall(text):
        raw = base64.b32decode(found.upper())
        body, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        if hmac.compare_digest(mac, _mac(use, body)):
            return str(uuid.UUID(bytes=body))
    return None


def _mac(use: Use, body: bytes) -> bytes:
    return secrets.mac("receipt", use.encode() + b"\0" + body)[:MAC_BYTES]
