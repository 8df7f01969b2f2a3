"""Whether what is wanted holds together, before it is stored."""

from collections.abc import Mapping

import msgspec

from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.broadcasts.types import BroadcastRefusal, NewBroadcast, Refused
from verno.messaging.types import MessageClass

FOR_MANY = frozenset({MessageClass.PROGRAM, MessageClass.MARKETING})
"""Classes that a broadcast may be of: what is owed to one member, and codes, ask for no consent and know no night."""


class Known(msgspec.Struct, frozen=True):
    """What a program has that a broadcast may name."""

    topics: Mapping[str, MessageClass]


def known(conn: Connection, program_id: str) -> Known:
    """Read what a program has."""
    return Known(facts.topic_classes(conn, program_id))


def problem(wanted: NewBroadcast, known: Known) -> Refused | None:
    """Return the first thing that is wrong with a draft, or None.

    ``same-variant-twice``, ``same-channel-twice``, ``unknown-channel``, ``unknown-topic``, ``topic-not-for-many``,
    ``winner-needs-variants``.
    """
    codes = [one.code for one in wanted.variants]
    if (twice := _twice(codes)) is not None:
        return Refused(BroadcastRefusal.SAME_VARIANT, twice)
    channels = [one.channel for one in wanted.channels]
    if (twice := _twice(channels)) is not None:
        return Refused(BroadcastRefusal.SAME_CHANNEL, twice)
    for channel in channels:
        if channel not in facts.ADDRESS_KIND:
            return Refused(BroadcastRefusal.UNKNOWN_CHANNEL, channel)
    if wanted.topic not in known.topics:
        return Refused(BroadcastRefusal.UNKNOWN_TOPIC, wanted.topic)
    if known.topics[wanted.topic] not in FOR_MANY:
        return Refused(BroadcastRefusal.TOPIC_NOT_FOR_MANY, wanted.topic)
    if wanted.winner is not None and len(codes) == 1:
        return Refused(BroadcastRefusal.NO_RIVALS)
    return None


def _twice(codes: list[str]) -> str | None:
    return next((code for at, code in enumerate(codes) if code in codes[:at]), None)
