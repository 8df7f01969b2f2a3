"""Leaving a topic: what the one-click POST and the page's button do."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from verno.kit.db import Connection
from verno.members import queries as members
from verno.members import service
from verno.members.stopping import AGAIN
from verno.members.types import ConsentFact
from verno.messaging.facts import SQL
from verno.messaging.leaving.links import Subscription

ONE_CLICK = "one-click"
PAGE = "unsubscribe-page"
REASONS = ("too-often", "not-interesting", "never-asked", "no-longer-a-customer", "other")
MAX_WORDS = 500
ONE_REASON = timedelta(days=1)
"""How often a member may say why they left one topic on one channel."""
MOST_EXPLAINED = 50
"""Topics and channels that one answer is kept for."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def leave(conn: Connection, left: Subscription, *, method: str, reason: str | None = None, now: datetime) -> None:
    """Record that the member withdrew, in the caller's transaction; soon afterwards a second time changes nothing.

    Later it is a word of its own: a yes between the two, that an import brings, is none. A reason given later is kept
    as a further withdrawal, since history is only ever added to: one a day, or whoever holds the link could fill it.
    """
    # A letter from before a merge speaks for whom its reader is now, too.
    survivor = members.survivors(conn, left.program_id, [left.holder_id]).get(left.holder_id)
    if survivor is not None:
        leave(conn, msgspec.structs.replace(left, holder_id=survivor), method=method, reason=reason, now=now)
    newest = _newest(conn, left)
    if newest is not None and not newest[0]:
        if reason and (left.topic, left.channel) in explained(conn, left.program_id, left.holder_id, now=now):
            reason = None
        if reason is None and now - newest[1] < AGAIN:
            return
    # A grant whose clock ran ahead must not outlive the withdrawal.
    at = now if newest is None else max(now, newest[1])
    fact = ConsentFact(left.holder_id, left.topic, left.channel, granted=False, at=at, method=method, reason=reason)
    service.record_consents(conn, left.program_id, [fact], now=now)


def explained(conn: Connection, program_id: str, holder_id: str, *, now: datetime) -> set[tuple[str, str]]:
    """Return of which topics and channels the member has lately said why they left them."""
    asked = {"program": program_id, "holder": holder_id, "since": now - ONE_REASON}
    return set(conn.execute(SQL["explained"], asked).fetchall())


def has_left(conn: Connection, left: Subscription) -> bool:
    """Tell whether the member's newest word on this subscription is a withdrawal."""
    newest = _newest(conn, left)
    return newest is not None and not newest[0]


def reason_text(choices: Sequence[str], words: str) -> str | None:
    """Return the reason to store from what a form sent: a code of ours, and the member's words, made harmless."""
    code = next((choice for choice in choices if choice in REASONS), None)
    said = _CONTROL.sub(" ", words).strip()[:MAX_WORDS]
    if not code and not said:
        return None
    return f"{code or 'other'}: {said}" if said else code


def _newest(conn: Connection, left: Subscription) -> tuple[bool, datetime] | None:
    for word in members.consents(conn, [left.holder_id]).get(left.holder_id, []):
        if word.topic == left.topic and word.channel == left.channel:
            return word.granted, word.at
    return None
