"""The signed link "this was not me". Short, since it must fit into a text message beside what it is about."""

import base64
import binascii
import hmac
import uuid

import msgspec

from verno.kit import config, secrets

ID_BYTES = 16
TAIL_BYTES = 8
MAC_BYTES = 8
"""64 bits: a guess costs a request each, and what it would win is to open a dispute about somebody's receipt."""
TOKEN = 43
"""Characters of a token."""


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """Whose message is disputed, and the end of its id: among one member's messages that is its name."""

    holder_id: str
    tail: str


def url(holder_id: str, message_id: str) -> str:
    """Return the address where the reader of a notice says that it was not them. It has no end."""
    return f"{config.public_url()}/d/{token(holder_id, message_id)}"


def token(holder_id: str, message_id: str) -> str:
    """Return the unguessable text that names a member's message."""
    body = uuid.UUID(holder_id).bytes + uuid.UUID(message_id).bytes[-TAIL_BYTES:]
    return base64.urlsafe_b64encode(_mac(body) + body).decode().rstrip("=")


def read(text: str) -> Doubt | None:
    """Return what a token names, or None for a text that we did not make."""
    if len(text) != TOKEN or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=")
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body)) or token_of(raw) != text:
        return None
    return Doubt(str(uuid.UUID(bytes=body[:ID_BYTES])), body[ID_BYTES:].hex())


def token_of(raw: bytes) -> str:
    """Return the one text of these bytes: base64's last character leaves two bits free, and none may be another's."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(body: bytes) -> bytes:
    return hmac.digest(secrets.key("dispute"), body, "sha256")[:MAC_BYTES]
