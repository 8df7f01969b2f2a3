"""Signed links to a member's preferences and to the confirmation of an address."""

import base64
import binascii
import hmac
import uuid
from datetime import UTC, datetime, timedelta

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

ID_BYTES = 16
MAC_BYTES = 16
HASH_BYTES = 32
STAMP_BYTES = 6
MAX_TOKEN = 300
CONFIRM_LIFE = timedelta(days=7)
"""How long the link of a confirmation letter works: nobody has to read mail within ten minutes to say yes to news."""


class Person(msgspec.Struct, frozen=True, gc=False):
    """Whose preferences a link opens."""

    program_id: str
    holder_id: str


class Address(msgspec.Struct, frozen=True, gc=False):
    """An e-mail address that its reader may confirm: a keyed hash in hex, good until a moment."""

    program_id: str
    holder_id: str
    address_hash: str
    until: datetime


def preferences_url(person: Person) -> str:
    """Return the address of a member's preferences. It has no end: the link of an old letter is still the way out."""
    return f"{config.public_url()}/p/{preferences_token(person)}"


def preferences_token(person: Person) -> str:
    """Return the unguessable text that opens a member's preferences."""
    return _signed(b"p", _ids(person.program_id, person.holder_id))


def read_preferences(text: str) -> Person | None:
    """Return whose preferences a token opens, or None for a text that we did not make."""
    body = _checked(b"p", text, 2 * ID_BYTES)
    return None if body is None else Person(*_names(body))


def confirm_url(address: Address) -> str:
    """Return where the reader of an address says that it is theirs."""
    return f"{config.public_url()}/c/{confirm_token(address)}"


def confirm_token(address: Address) -> str:
    """Return the text that confirms this very address, once it is posted."""
    stamp = int(address.until.timestamp()).to_bytes(STAMP_BYTES, "big")
    return _signed(b"c", _ids(address.program_id, address.holder_id) + bytes.fromhex(address.address_hash) + stamp)


def read_confirm(text: str) -> Address | None:
    """Return what a token confirms, or None; the caller asks whether its time is over."""
    body = _checked(b"c", text, 2 * ID_BYTES + HASH_BYTES + STAMP_BYTES)
    if body is None:
        return None
    stamp = int.from_bytes(body[-STAMP_BYTES:], "big")
    digest = body[2 * ID_BYTES : 2 * ID_BYTES + HASH_BYTES].hex()
    return Address(*_names(body), digest, datetime.fromtimestamp(stamp, UTC))


def _ids(program_id: str, holder_id: str) -> bytes:
    return packed(program_id) + packed(holder_id)


def _names(body: bytes) -> tuple[str, str]:
    return str(uuid.UUID(bytes=body[:ID_BYTES])), str(uuid.UUID(bytes=body[ID_BYTES : 2 * ID_BYTES]))


def _signed(kind: bytes, body: bytes) -> str:
    return base64.urlsafe_b64encode(_mac(kind, body) + body).decode().rstrip("=")


def _checked(kind: bytes, text: str, length: int) -> bytes | None:
    if len(text) > MAX_TOKEN or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    return body if len(body) == length and hmac.compare_digest(mac, _mac(kind, body)) else None


def _mac(kind: bytes, body: bytes) -> bytes:
    return secrets.mac("preferences", kind + body)[:MAC_BYTES]
