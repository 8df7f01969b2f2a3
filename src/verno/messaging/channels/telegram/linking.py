"""Links that tie a chat to a member: ``t.me/<bot>?start=<token>``, which Telegram hands back to the bot.

A token names program and member, is signed by us and good for a quarter of an hour; whoever takes it notes that it was
used. Its 63 characters are what Telegram lets through.
"""

import base64
import binascii
import hmac
import uuid
from datetime import UTC, datetime, timedelta

import msgspec

from verno.kit import config, secrets
from verno.kit.ids import packed

LIFE = timedelta(minutes=15)
STAMP_BYTES, MAC_BYTES = 4, 11
BODY_BYTES = 16 + 16 + STAMP_BYTES
LENGTH = 63
"""Letters of a token; Telegram takes 64."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """Whose chat the one who starts the bot has; good until a moment."""

    program_id: str
    holder_id: str
    until: datetime


def link_to(program_id: str, holder_id: str, *, now: datetime) -> tuple[str, datetime] | None:
    """Return where a member links their chat, and until when; None where there is no bot, or its name is not set."""
    bot = config.telegram_bot()
    if bot is None or config.telegram_token() is None:
        return None
    link = Link(program_id, holder_id, (now + LIFE).replace(microsecond=0))
    return f"https://t.me/{bot}?start={token(link)}", link.until


def token(link: Link) -> str:
    """Return the text that Telegram hands back."""
    stamp = int(link.until.timestamp()).to_bytes(STAMP_BYTES, "big")
    body = packed(link.program_id) + packed(link.holder_id) + stamp
    return base64.urlsafe_b64encode(_mac(body) + body).decode().rstrip("=")


def read(text: str) -> Link | None:
    """Return what a token of ours links; the caller asks whether its time is over, and whether it was used."""
    if len(text) != LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    # The last letter has two bits that say nothing: only the one that we write is taken.
    if len(body) != BODY_BYTES or not hmac.compare_digest(mac, _mac(body)):
        return None
    until = datetime.fromtimestamp(int.from_bytes(body[-STAMP_BYTES:], "big"), UTC)
    link = Link(str(uuid.UUID(bytes=body[:16])), str(uuid.UUID(bytes=body[16:32])), until)
    return link if token(link) == text else None


def _mac(body: bytes) -> bytes:
    return secrets.mac("telegram", b"link\0" + body)[:MAC_BYTES]
