"""Words of privacy: requests to be forgotten, what goes and what stays, certificates, refusals."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

DUE_DAYS = 30
"""Days within which a request has to be done."""
CERTIFICATE = "verno-erasure-certificate/1"


class State(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    DONE = "done"
    CANCELLED = "cancelled"


class Refusal(StrEnum):
    """Why nothing was done."""

    UNKNOWN_MEMBER = "unknown-member"
    ALREADY_REQUESTED = "already-requested"
    UNKNOWN_REQUEST = "unknown-request"
    NOT_OPEN = "not-open"
    """It is done, or was cancelled."""
    JOURNALLED = "journalled"
    """The journal has its line already: it is done at the next start, if nobody does it before."""
    MERGED = "merged"
    """The member is another one now: that one is to be erased, and this one goes along."""
    ON_HOLD = "on-hold"
    """The days that the program keeps for open disputes are not over."""
    TWO_ADDRESSES = "two-addresses"
    """The member has not confirmed both an e-mail and a phone: one is for the link, the other for the code."""
    NOT_SENT = "not-sent"
    NO_WORDS = "no-words"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was done, and why, in words."""

    reason: Refusal
    detail: str


class Erasure(msgspec.Struct, frozen=True):
    """A request and what became of it."""

    id: str
    holder_id: str
    state: State
    requested_at: datetime
    requested_by: str
    due_at: datetime
    done_at: datetime | None
    done_by: str | None
    certificate: str | None


class Line(msgspec.Struct, frozen=True):
    """What one kind of thing is: how many rows, and in which table."""

    table: str
    rows: int


class Preview(msgspec.Struct, frozen=True):
    """What an erasure would do now. ``points`` by unit code go to breakage; ``waiting`` messages are withheld."""

    holders: tuple[str, ...]
    points: dict[str, int]
    waiting: int
    goes: tuple[Line, ...]
    emptied: tuple[Line, ...]
    stays: tuple[Line, ...]


class Certificate(msgspec.Struct, frozen=True):
    """What is certified: whose data went, when, by whose hands, what stayed and why. Nothing in it names a person.

    ``journal`` is the hash of the line of the erasure journal. ``public_key`` is this installation's; the signature
    covers all other fields.
    """

    format: str
    id: str
    program: str
    member: str
    merged: tuple[str, ...]
    requested_at: datetime
    due_at: datetime
    done_at: datetime
    done_by: str
    points: dict[str, int]
    withheld_messages: int
    erased: dict[str, int]
    emptied: dict[str, int]
    kept: dict[str, str]
    journal: str
    public_key: str = ""
    signature: str = ""


class Journalled(msgspec.Struct, frozen=True):
    """A line of the erasure journal. ``previous`` is the hash of the line before, so that none can be left out."""

    format: str
    id: str
    program: str
    holders: tuple[str, ...]
    requested_at: datetime
    due_at: datetime
    at: datetime
    by: str
    previous: str


class Forgotten(msgspec.Struct, frozen=True):
    """An erasure that was done."""

    erasure: Erasure
    certificate: Certificate


RequestOutcome: TypeAlias = Erasure | Refused
Outcome: TypeAlias = Forgotten | Refused
