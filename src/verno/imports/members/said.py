"""What a file says that members agreed to: a yes or no, with its evidence as far as there is any."""

from datetime import datetime
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from verno.kit import batches
from verno.members.changes import CLOCKS_DIFFER, EARLIEST_CONSENT, moment
from verno.members.consent.state import WHOLE
from verno.members.types import Channel, Code, Purpose

MAX_SAID = 200
"""Words of one row: an export has all that a member said, on each topic by each channel."""
COLUMN = "consents"

Reference: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Sha256: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Said(msgspec.Struct, frozen=True, gc=False):
    """A yes or no that the file tells of; what was said when and where is the evidence, as far as there is any.

    Topic and channel are empty but for advertising. ``evidence`` is where the proof lies.
    """

    topic: str
    channel: str
    granted: bool
    at: datetime | None
    method: str | None
    text_version: str | None
    evidence: str | None
    purpose: Purpose = Purpose.ADVERTISING
    text_id: str | None = None
    text_sha256: str | None = None
    locale: str | None = None
    valid_until: datetime | None = None


class Word(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One word of the column ``consents``: the API's consent, and what an export adds to it."""

    granted: bool
    topic: Code | None = None
    channel: Channel | None = None
    at: datetime | None = None
    method: Code | None = None
    text_version: Code | None = None
    evidence: Reference | None = None
    purpose: Purpose = Purpose.ADVERTISING
    text_id: Code | None = None
    text_sha256: Sha256 | None = None
    locale: Code | None = None
    valid_until: datetime | None = None


class Column(msgspec.Struct, frozen=True):
    """The column by its name, so that an error tells it."""

    consents: Annotated[list[Word], Meta(max_length=MAX_SAID)]


class Wrong(ValueError):
    """A word is no good: the field and why."""

    def __init__(self, field: str, reason: str) -> None:
        """Say which."""
        super().__init__(reason)
        self.field, self.reason = field, reason


def read(cell: object, topics: frozenset[str], zone: ZoneInfo, now: datetime) -> tuple[Said, ...]:
    """Read the column ``consents``. Raises ``Wrong``, or ``msgspec.ValidationError`` for what has another shape."""
    if batches.unclean(cell):
        raise Wrong(COLUMN, "holds NUL or half a surrogate pair")
    words = msgspec.convert({COLUMN: cell}, Column).consents
    return tuple(_said(f"{COLUMN}[{i}]", word, topics, zone, now) for i, word in enumerate(words))


def _said(where: str, word: Word, topics: frozenset[str], zone: ZoneInfo, now: datetime) -> Said:
    if word.purpose is not Purpose.ADVERTISING:
        if word.topic or word.channel:
            raise Wrong(_at(where, topic=bool(word.topic)), "for advertising alone")
    elif word.topic is None or word.channel is None:
        raise Wrong(_at(where, topic=word.topic is None), "is required")
    elif word.topic in WHOLE.values() and word.granted:
        raise Wrong(_at(where, topic=True), "a whole class can be left, not agreed to")
    elif word.topic not in topics | set(WHOLE.values()):
        known = ", ".join(sorted(topics))
        raise Wrong(_at(where, topic=True), f"unknown-topic: known: {known}")
    at = None if word.at is None else moment(word.at, zone)
    if at is not None and not EARLIEST_CONSENT <= at <= now + CLOCKS_DIFFER:
        moment_ = f"{where}.at"
        raise Wrong(moment_, "time-out-of-range: in the future, or before 1990")
    until = None if word.valid_until is None else moment(word.valid_until, zone)
    return Said(
        *(word.topic or "", word.channel or "", word.granted, at, word.method, word.text_version, word.evidence),
        *(word.purpose, word.text_id, word.text_sha256, word.locale, until),
    )


def _at(where: str, *, topic: bool) -> str:
    return f"{where}.topic" if topic else f"{where}.channel"
