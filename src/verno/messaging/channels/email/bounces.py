"""Letters that come back: reports of delivery (RFC 3464), complaints (RFC 5965), unsubscribing by letter (RFC 2369).

What a server says in its own way, as qmail, Exim and Exchange do, is known by the signs that Mailman knows it by.

Anybody can write such a letter. It is believed when it holds a return path that we signed, and not otherwise; what
its own words claim to be the recipient is not even looked at.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message

import msgspec
from flufl.bounce import all_failures

from verno.messaging.channels.email import return_path
from verno.messaging.channels.email.smtp import names_dead_address
from verno.messaging.channels.port import Fate, Heard, Receipt, without_addresses, words_of_others
from verno.messaging.leaving import links
from verno.messaging.types import CHANNEL_EMAIL

SIZE_LIMIT = 200_000
"""Bytes read of one letter; a report stands at its beginning, before the letter it returns."""
TOKEN_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Return-Path")
"""Where the address stands that a letter came to; the last one in the letter that is returned."""
REPORT_HEADERS = ("Original-Envelope-Id", "Original-Mail-From")
OWN_LIMIT = 16_000
"""Bytes in which signs of a server's own words are looked for: some looks take longer with the square of the size."""
OWN_WORDS = "undeliverable"
_REFUSAL = re.compile(r"^.*\b5(?:\d\d|\.\d\.\d{1,3})\b.*$", re.MULTILINE)
_LINK = re.compile(r"[A-Za-z0-9_-]{48,}")
# It logs a trace of each sign that stumbled over a stranger's letter; what comes of that is said here.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


class Unread(msgspec.Struct, frozen=True, gc=False):
    """The letter says nothing of a message of ours; the text says why."""

    why: str


def read(letter: bytes, *, now: datetime, recipient: str | None = None) -> Receipt | Heard | Unread:
    """Return what a letter to the bounce mailbox says. ``recipient`` is whom it came to, where the server tells."""
    message = message_from_bytes(letter[:SIZE_LIMIT])
    leaves = _subscription(str(message.get("Subject", "")))
    if leaves is not None:
        return Heard(CHANNEL_EMAIL, "", "", now, leaves)
    parts = list(message.walk())
    message_id = return_path.find(" ".join([recipient or "", *_proofs(parts)]))
    if message_id is None:
        return Unread("no return path of ours")
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            return _delivery(part, message_id, now)
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part, message_id, now)
    return _in_own_words(message_from_bytes(letter[:OWN_LIMIT]), message_id, now)


def _subscription(subject: str) -> str | None:
    """Return what the letter leaves, by its subject: the one that ``List-Unsubscribe`` gave it."""
    return next((token for token in _LINK.findall(subject) if links.read(token) is not None), None)


def _proofs(parts: list[Message]) -> Iterator[str]:
    for part in parts:
        for name in (*TOKEN_HEADERS, *REPORT_HEADERS):
            yield from map(str, part.get_all(name, []))


def _delivery(report: Message, message_id: str, now: datetime) -> Receipt | Unread:
    """Read the block of the recipient; a letter of ours has one."""
    for block in _blocks(report):
        action = str(block.get("Action", "")).strip().lower()
        status = str(block.get("Status", "")).split("(")[0].strip()
        words = _in_one_line(f"{status} {block.get('Diagnostic-Code', '')}")
        if action == "failed":
            return Receipt(CHANNEL_EMAIL, message_id, Fate.BOUNCED, now, words, gone=names_dead_address(words))
        if action == "delivered":
            return Receipt(CHANNEL_EMAIL, message_id, Fate.DELIVERED, now, words)
        if action:
            return Unread(f"not an end: {action[:20]}")
    return Unread("a report of delivery without a recipient")


def _in_own_words(message: Message, message_id: str, now: datetime) -> Receipt | Unread:
    """Read what is no report; whom it names is not looked at, since the return path has said it."""
    try:
        waiting, failed = all_failures(message)
    except Exception as error:  # noqa: BLE001 whatever others' signs make of a stranger's letter
        return Unread(f"neither a report of delivery nor a complaint: {type(error).__name__}")
    if not failed:
        return Unread("not an end: delayed" if waiting else "neither a report of delivery nor a complaint")
    words = _in_one_line(_why(message))
    return Receipt(CHANNEL_EMAIL, message_id, Fate.BOUNCED, now, words, gone=names_dead_address(words))


def _why(message: Message) -> str:
    """Return the first line that holds the code of a refusal; servers give it before the letter that they return."""
    texts = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "text/plain"]
    text = texts[0].decode(errors="replace") if texts and isinstance(texts[0], bytes) else ""
    found = _REFUSAL.search(text)
    return words_of_others(without_addresses(found[0].strip())) if found else OWN_WORDS


def _complaint(report: Message, message_id: str, now: datetime) -> Receipt | Unread:
    for block in _blocks(report):
        kind = str(block.get("Feedback-Type", "")).strip().lower()
        if kind == "not-spam":
            return Unread("not an end: not-spam")
        if kind:
            return Receipt(CHANNEL_EMAIL, message_id, Fate.COMPLAINED, now, kind)
    return Unread("a complaint without a kind")


def _blocks(report: Message) -> list[Message]:
    """Return a report's blocks of headers; a sender that encoded them is read too."""
    payload = report.get_payload()
    return [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []


def _in_one_line(words: str) -> str:
    return without_addresses(" ".join(words.split()))
