"""Whether what is wanted holds together, before it is stored."""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec

from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    AtMoment,
    BroadcastRefusal,
    NewBroadcast,
    Refused,
)
from verno.messaging.types import MessageClass

FOR_MANY = frozenset({MessageClass.PROGRAM, MessageClass.MARKETING})
"""Classes that a broadcast may be of: what is owed to one member, and codes, ask for no consent and know no night."""
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that may be named: a clock some zones away, and some days on, is still within the calendar."""


class Known(msgspec.Struct, frozen=True):
    """What a program has that a broadcast may name."""

    topics: Mapping[str, MessageClass]


def known(conn: Connection, program_id: str) -> Known:
    """Read what a program has."""
    return Known(facts.topic_classes(conn, program_id))


def problem(wanted: NewBroadcast, known: Known) -> Refused | None:
    """Return the first thing that is wrong with a draft, or None.

    ``same-variant-twice``, ``same-channel-twice``, ``unknown-channel``, ``unknown-topic``, ``topic-not-for-many``,
    ``winner-needs-variants``, ``bad-moment``.
    """
    return next(_problems(wanted, known), None)


def _problems(wanted: NewBroadcast, known: Known) -> Iterator[Refused]:
    codes = [one.code for one in wanted.variants]
    if (twice := _twice(codes)) is not None:
        yield Refused(BroadcastRefusal.SAME_VARIANT, twice)
    channels = [one.channel for one in wanted.channels]
    if (twice := _twice(channels)) is not None:
        yield Refused(BroadcastRefusal.SAME_CHANNEL, twice)
    for channel in channels:
        if channel not in facts.ADDRESS_KIND:
            yield Refused(BroadcastRefusal.UNKNOWN_CHANNEL, channel)
    if wanted.topic not in known.topics:
        yield Refused(BroadcastRefusal.UNKNOWN_TOPIC, wanted.topic)
    elif known.topics[wanted.topic] not in FOR_MANY:
        yield Refused(BroadcastRefusal.TOPIC_NOT_FOR_MANY, wanted.topic)
    if wanted.winner is not None and len(codes) == 1:
        yield Refused(BroadcastRefusal.NO_RIVALS)
    for day in _days(wanted):
        if not FIRST <= day <= LAST:
            yield Refused(BroadcastRefusal.BAD_MOMENT, day.isoformat())


def _days(wanted: NewBroadcast) -> Iterator[date]:
    match wanted.send:
        case AtMoment(at=at):
            yield at.date()
        case AtLocalHour(day=day) | AtBestHour(day=day):
            yield day
    if wanted.valid_until is not None:
        yield wanted.valid_until.date()


def _twice(codes: list[str]) -> str | None:
    return next((code for at, code in enumerate(codes) if code in codes[:at]), None)
