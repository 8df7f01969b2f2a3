"""Words of disputes: what somebody says was not them, how it stands, and why an answer is refused."""

from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from verno.messaging.letters.notice import Move, Told

MOST_WORDS = 500
"""Characters of the member's own words, and of the answer's."""
OPENED = "dispute.opened.v1"


class State(StrEnum):
    """How a dispute stands; the last two are for good."""

    OPEN = "open"
    LOOKING = "looking"
    UPHELD = "upheld"
    REJECTED = "rejected"


UNDECIDED = (State.OPEN, State.LOOKING)


class Refusal(StrEnum):
    """Why nothing was done."""

    UNKNOWN = "unknown-dispute"
    DECIDED = "already-decided"
    NO_WORDS = "no-words"
    """Who is told no hears why."""


class Claim(msgspec.Struct, frozen=True):
    """What a link disputes: the message that it came in, its occasion, and what that told."""

    program_id: str
    holder_id: str
    message_id: str
    occasion: str
    locale: str
    told: Told
    moves: list[Move]
    day: date
    place: str | None
    number: str | None


class Dispute(msgspec.Struct, frozen=True):
    """A dispute as staff see it. ``moves`` are what the notice told; place, till and cashier are the receipt's."""

    id: str
    holder_id: str
    message_id: str
    occasion: str
    told: Told
    moves: list[Move]
    receipt_id: str | None
    number: str | None
    place: str | None
    till: str | None
    cashier: str | None
    happened_at: datetime | None
    state: State
    opened_at: datetime
    deadline: datetime
    decided_at: datetime | None
    decided_by: str | None
    words: bytes | None
    answer: bytes | None


class Row(msgspec.Struct, frozen=True, gc=False):
    """A cashier's disputes: how many of each end, and how many wait."""

    place: str | None
    cashier: str | None
    disputes: int
    waiting: int
    upheld: int


class Filter(msgspec.Struct, frozen=True):
    """Which disputes are wanted; ``places`` are those that somebody is bound to."""

    state: str | None = None
    place: str | None = None
    cashier: str | None = None
    places: tuple[str, ...] | None = None


class Opened(msgspec.Struct, frozen=True, gc=False):
    """The dispute is there; ``again`` when it was before."""

    id: str
    state: State
    deadline: datetime
    again: bool


class Decided(msgspec.Struct, frozen=True, gc=False):
    """The dispute stands so now."""

    id: str
    state: State


Outcome: TypeAlias = Decided | Refusal
