"""The signed link "this was not me". Short, since it must fit into a text message beside what it is about."""

import base64
import binascii
import hmac

from verno.kit import config, secrets
from verno.kit.ids import packed

TAIL_BYTES = 8
MAC_BYTES = 8
"""64 bits: a guess costs a request each, and what it would win is to open a dispute about somebody's receipt."""
TOKEN = 22
"""Characters of a token."""


def url(message_id: str) -> str:
    """Return the address where the reader of a notice says that it was not them. It has no end."""
    return f"{config.public_url()}/d/{token(message_id)}"


def token(message_id: str) -> str:
    """Return the unguessable text that names a notice: the end of its id, which is random, and our signature."""
    body = packed(message_id)[-TAIL_BYTES:]
    return base64.urlsafe_b64encode(_mac(body) + body).decode().rstrip("=")


def read(text: str) -> str | None:
    """Return the end of the id that a token names, in hex; None for a text that we did not make."""
    if len(text) != TOKEN or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "==")
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body)) or token_of(raw) != text:
        return None
    return body.hex()


def token_of(raw: bytes) -> str:
    """Return the one text of these bytes: base64's last character leaves two bits free, and none may be another's."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(body: bytes) -> bytes:
    return secrets.mac("dispute", body)[:MAC_BYTES]
