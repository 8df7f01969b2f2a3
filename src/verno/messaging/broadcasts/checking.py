"""Whether what is wanted holds together, before it is stored; and whether a second person has to look at it."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

import msgspec

from verno.kit.db import Connection
from verno.messaging import facts
from verno.messaging.broadcasts import audience
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    AtMoment,
    Broadcast,
    BroadcastRefusal,
    NewBroadcast,
    Refused,
)
from verno.messaging.types import MessageClass
from verno.workspace import registry, settings

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


def second_person(
    conn: Connection, program_id: str, held: Broadcast, by: str | None, *, now: datetime, count: int | None = None
) -> Refused | None:
    """Return why ``by`` (``kind:id``) cannot be who approves a broadcast, or None.

    ``needs-a-second-person``: they wrote its newest version, and its audience (``count``, where it is known) is over
    the setting; ``detail`` holds both figures.
    """
    limit = settings.value(conn, program_id, registry.SECOND_PERSON_OVER)
    if limit is None or by != _author(conn, program_id, held):
        return None
    if count is None:
        chosen = audience.selection(conn, program_id, held.wanted.audience, now=now)
        count = 0 if isinstance(chosen, Refused) else audience.count(conn, chosen)
    return Refused(BroadcastRefusal.SECOND_PERSON, f"{count}/{limit}") if count > limit else None


def _author(conn: Connection, program_id: str, held: Broadcast) -> str:
    asked = {"program": program_id, "id": held.id, "version": held.version}
    row = conn.execute(facts.SQL["broadcast_author"], asked).fetchone()
    return row[0] if row else held.created_by


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
