"""The signed link to one's own data: it names the handout and its program, and nobody can guess another."""

import base64
import binascii
import hmac
import uuid

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

ID_BYTES = 16
MAC_BYTES = 16
TOKEN = 64
"""Characters of a token: 48 bytes, which base64 writes without padding and in one way alone."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """What a link opens."""

    program_id: str
    id: str


def url(link: Link) -> str:
    """Return the address that the member is sent."""
    return f"{config.public_url()}/x/{token(link)}"


def token(link: Link) -> str:
    """Return the unguessable text of the address."""
    body = packed(link.program_id) + packed(link.id)
    return base64.urlsafe_b64encode(_mac(body) + body).decode()


def read(text: str) -> Link | None:
    """Return what a token opens, or None for a text that we did not make."""
    if len(text) != TOKEN or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text)
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if len(body) != 2 * ID_BYTES or not hmac.compare_digest(mac, _mac(body)):
        return None
    return Link(*(str(uuid.UUID(bytes=body[at : at + ID_BYTES])) for at in (0, ID_BYTES)))


def _mac(body: bytes) -> bytes:
    return secrets.mac("handout", body)[:MAC_BYTES]
