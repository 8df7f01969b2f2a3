"""Signed links out of messages: who leaves which topic on which channel, without a login and without an end."""

import base64
import binascii
import hmac
import uuid
from functools import lru_cache
from urllib.parse import quote

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

ID_BYTES = 16
MAC_BYTES = 16
MAX_TOKEN = 512


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """One member's subscription to one topic on one channel."""

    program_id: str
    holder_id: str
    topic: str
    channel: str


@lru_cache(maxsize=512)
def token(subscription: Subscription) -> str:
    """Return the unguessable text that ends this subscription: a 128-bit HMAC over what it names.

    It carries no date: the link of a letter found years later still works. A letter says it three times.
    """
    body = packed(subscription.program_id) + packed(subscription.holder_id)
    body += f"{subscription.topic}\0{subscription.channel}".encode()
    return base64.urlsafe_b64encode(_mac(body) + body).decode().rstrip("=")


def read(text: str) -> Subscription | None:
    """Return what a token names, or None for a text that we did not make."""
    if len(text) > MAX_TOKEN or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if len(body) < 2 * ID_BYTES or not hmac.compare_digest(mac, _mac(body)):
        return None
    topic, _, channel = body[2 * ID_BYTES :].decode().partition("\0")
    return Subscription(
        str(uuid.UUID(bytes=body[:ID_BYTES])), str(uuid.UUID(bytes=body[ID_BYTES : 2 * ID_BYTES])), topic, channel
    )


def unsubscribe_mailto(subscription: Subscription) -> str | None:
    """Return the letter that ends it (RFC 2369), or None where there is no mailbox that somebody reads."""
    mailbox = config.bounce_address()
    if mailbox is None:
        return None
    return f"mailto:{quote(mailbox, safe='@')}?subject=unsubscribe%20{token(subscription)}"


def unsubscribe_url(subscription: Subscription) -> str:
    """Return the address that takes the one-click POST and shows people a page."""
    return f"{config.public_url()}/u/{token(subscription)}"


def _mac(body: bytes) -> bytes:
    return secrets.mac("unsubscribe", body)[:MAC_BYTES]
