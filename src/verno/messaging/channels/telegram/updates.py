"""What Telegram tells us: who started the bot, what they wrote, who left."""

import hmac
from datetime import datetime
from typing import TypeAlias

import msgspec

from verno.kit import secrets
from verno.messaging.channels.port import Heard
from verno.messaging.channels.telegram import CODE

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 the header's name
_LEFT = frozenset({"kicked", "left"})


class Started(msgspec.Struct, frozen=True, gc=False):
    """Somebody opened the bot, by a link with ``payload`` if it is not empty: who they are, signed by us."""

    chat_id: int
    payload: str
    at: datetime


class Left(msgspec.Struct, frozen=True, gc=False):
    """Somebody blocked the bot: write there no more."""

    chat_id: int
    at: datetime


Update: TypeAlias = Heard | Started | Left


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """Nothing that concerns us: another kind of update, a group, or not Telegram's JSON at all."""


def secret() -> str:
    """Return the text that Telegram must send with every update; it follows from our own key."""
    return secrets.key("telegram").hex()


def is_telegrams(header: str | None) -> bool:
    """Tell whether a request to our address holds the secret; takes as long for a wrong one as for the right one."""
    return hmac.compare_digest((header or "").encode(), secret().encode())


class _Chat(msgspec.Struct):
    id: int
    type: str


class _Message(msgspec.Struct):
    chat: _Chat
    text: str | None = None


class _Member(msgspec.Struct):
    status: str


class _Membership(msgspec.Struct):
    chat: _Chat
    new_chat_member: _Member


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    my_chat_member: _Membership | None = None


def read(body: bytes, *, now: datetime) -> Update | Ignored:
    """Return what an update says. Telegram sends it again until we answer 200, so the caller must bear twins."""
    try:
        update = msgspec.json.decode(body, type=_Update)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Ignored()
    said = update.message or update.edited_message
    if said is not None and said.text is not None and _private(said.chat):
        return _said(said.chat.id, said.text, now)
    member = update.my_chat_member
    if member is not None and _private(member.chat) and member.new_chat_member.status in _LEFT:
        return Left(member.chat.id, now)
    return Ignored()


def number(body: bytes) -> int | None:
    """Return an update's number, by which Telegram is told that we have it."""
    try:
        return msgspec.json.decode(body, type=_Numbered).update_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Numbered(msgspec.Struct):
    update_id: int


def _said(chat_id: int, text: str, now: datetime) -> Heard | Started:
    command, _, rest = text.partition(" ")
    if command.partition("@")[0] == "/start":
        return Started(chat_id, rest.strip(), now)
    return Heard(CODE, str(chat_id), text, now)


def _private(chat: _Chat) -> bool:
    return chat.type == "private"
