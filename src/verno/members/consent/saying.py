"""Writing down what members say, evidence included: the door for the API, the console, the preference page."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.members import queries, service
from verno.members.changes import CLOCKS_DIFFER, EARLIEST_CONSENT, moment
from verno.members.consent import texts
from verno.members.consent.state import WHOLE
from verno.members.consent.texts import Text
from verno.members.types import Action, Channel, Code, ConsentFact, Proof, Purpose, Refusal, Refused
from verno.workspace.types import Program

LONGEST_AGENT = 200

Reference: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]


class NewRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a member said. Advertising names a topic and a channel, the other purposes neither.

    Who leaves a whole class, topics that are made later included, withdraws from ``*marketing`` or ``*program``.

    ``text_id`` is a text published here, ``text_version`` its version; a version without an id is that of a text kept
    elsewhere. ``at`` without an offset is the program's wall clock.
    """

    action: Action
    method: Code
    purpose: Purpose = Purpose.ADVERTISING
    topic: Code | None = None
    channel: Channel | None = None
    text_id: Code | None = None
    text_version: Code | None = None
    locale: Code | None = None
    surface: Reference | None = None
    ip: Reference | None = None
    agent: Annotated[str, Meta(max_length=1000)] | None = None
    evidence_ref: Reference | None = None
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")] | None = None
    valid_until: datetime | None = None
    at: datetime | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None


def say(
    conn: Connection, program: Program, holder_id: str, records: Sequence[NewRecord], *, actor: str, now: datetime
) -> list[ConsentFact | Refused]:
    """Add records to a member's history; one result a record, in order. The same word of the same moment is one.

    Refusals: ``unknown-topic``, ``unknown-text``, ``bad-consent``, ``time-out-of-range``, ``bad-text``. Three round
    trips whatever their number. The caller vouches for the member.
    """
    topics = {one.code for one in queries.topics(conn, program.id)}
    published = {(one.text_id, str(one.version), one.locale): one for one in texts.texts(conn, program.id)}
    out = [_fact(program, holder_id, one, topics, published, actor, now) for one in records]
    service.record_consents(conn, program.id, [one for one in out if isinstance(one, ConsentFact)], now=now)
    return out


def shortened(ip: str | None) -> str | None:
    """Return the network that an address is of, /24 or /48: enough for a proof, too little to follow anybody."""
    try:
        address = ipaddress.ip_address((ip or "").strip())
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))  # noqa: PLR2004


def _fact(
    program: Program,
    holder_id: str,
    record: NewRecord,
    topics: set[str],
    published: Mapping[tuple[str, str, str], Text],
    actor: str,
    now: datetime,
) -> ConsentFact | Refused:
    wrong = _wrong(record, topics)
    if wrong is not None:
        return wrong
    zone = localtime.zone(program.timezone)
    at = now if record.at is None else moment(record.at, zone)
    if not EARLIEST_CONSENT <= at <= now + CLOCKS_DIFFER:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "at", "in the future, or before 1990")
    text = None if record.text_id is None else _text(record, published)
    if isinstance(text, Refused):
        return text
    until = record.valid_until
    proof = Proof(
        text_id=record.text_id,
        text_sha256=text.sha256 if text else None,
        locale=record.locale or (text.locale if text else None),
        surface=record.surface,
        actor=actor,
        ip=shortened(record.ip),
        agent=(record.agent or "")[:LONGEST_AGENT] or None,
        evidence_ref=record.evidence_ref,
        country=record.country or program.country,
        valid_until=until and moment(until, zone),
    )
    return ConsentFact(
        holder_id,
        record.topic or "",
        record.channel or "",
        record.action is Action.GRANT,
        min(at, now),
        record.method,
        record.text_version,
        record.reason,
        record.purpose,
        record.action,
        proof,
    )


def _wrong(record: NewRecord, topics: set[str]) -> Refused | None:
    for field, value in msgspec.structs.asdict(record).items():
        if batches.unclean(value):
            return Refused(Refusal.BAD_TEXT, field, "holds NUL or half a surrogate pair")
    if record.purpose is not Purpose.ADVERTISING:
        if record.topic or record.channel:
            return Refused(Refusal.BAD_CONSENT, "topic" if record.topic else "channel", "for advertising alone")
        return None
    if record.channel is None:
        return Refused(Refusal.BAD_CONSENT, "channel", "advertising is agreed to by channel")
    if record.topic in WHOLE.values():
        left = record.action is Action.WITHDRAW
        return None if left else Refused(Refusal.BAD_CONSENT, "topic", "a whole class can be left, not agreed to")
    known = record.topic in topics
    return None if known else Refused(Refusal.UNKNOWN_TOPIC, "topic", f"known: {', '.join(sorted(topics))}")


def _text(record: NewRecord, published: Mapping[tuple[str, str, str], Text]) -> Text | Refused:
    found = [
        text
        for (text_id, version, locale), text in published.items()
        if text_id == record.text_id and version == record.text_version and record.locale in {None, locale}
    ]
    if not found:
        return Refused(Refusal.UNKNOWN_TEXT, "text_id", "no such version of this text is published, in this language")
    if found[0].purpose is not record.purpose:
        return Refused(Refusal.UNKNOWN_TEXT, "text_id", f"this text asks for {found[0].purpose}")
    if len(found) > 1:
        return Refused(Refusal.UNKNOWN_TEXT, "locale", "say in which language the text was shown")
    return found[0]
