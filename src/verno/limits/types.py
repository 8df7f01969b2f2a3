"""Words of limits: a limit, what counts against it, and what is said when it is full."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

MAX_LIMITS = 50
"""Limits of one program: each use looks at all of them."""
MOST = 10**12
"""The highest figure a limit may name; what the ledger takes in one entry."""

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]


class Subject(StrEnum):
    """Whose uses are counted together. A till or a cashier is one of a place: codes repeat from store to store."""

    MEMBER = "member"
    CARD = "card"
    CASHIER = "cashier"
    TILL = "till"
    PLACE = "place"
    PROGRAM = "program"


class Measure(StrEnum):
    """What is counted: receipts, or points of one unit in its smallest step."""

    RECEIPTS = "receipts"
    EARNED = "earned"
    SPENT = "spent"
    ADJUSTED = "adjusted"
    """Points that staff gave or took, both counted as they are large."""


class Window(StrEnum):
    """The calendar hour or the business day, in the zone of the place, that the use's own time falls into."""

    HOUR = "hour"
    DAY = "day"


class NewLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit as an owner states it.

    ``id`` names one that is there, of which only ``most`` and ``hard`` may differ. ``unit`` goes with points alone,
    and may be left out while the program has one unit. ``place``: only there, else everywhere.
    """

    subject: Subject
    measure: Measure
    window: Window
    most: Annotated[int, Meta(ge=0, le=MOST)]
    hard: bool
    id: Code | None = None
    unit: Code | None = None
    place: Code | None = None


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A limit that holds. A ``hard`` one refuses what would exceed ``most``, a soft one lets it pass and tells."""

    id: str
    subject: Subject
    measure: Measure
    unit: str | None
    window: Window
    most: int
    hard: bool
    place: str | None


class Figures(msgspec.Struct, frozen=True):
    """What an operation used: receipts (0 or 1) and points by unit code, in the unit's smallest step, none negative."""

    receipts: int = 0
    earned: Mapping[str, int] = {}
    spent: Mapping[str, int] = {}
    adjusted: Mapping[str, int] = {}


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that wants to be counted, with all that tells which limits it meets.

    ``operation_id`` is the id that ``confirm`` and ``free`` name later: a receipt's own, an adjustment's. ``at`` is
    business time, ``zone`` the IANA name of the place's (else the program's). ``cashier`` is also whoever adjusts.
    ``card`` is the card's keyed hash, never its number. ``until`` makes it a reservation: past that moment it counts
    no more, whether or not anybody has looked. ``claimed``: the receipt itself was counted when it came, without
    its member; now it counts for the member and the card.
    """

    operation_id: str
    at: datetime
    zone: str
    figures: Figures
    place: str | None = None
    till: str | None = None
    cashier: str | None = None
    holder_id: str | None = None
    card: str | None = None
    until: datetime | None = None
    claimed: bool = False


class OverLimit(msgspec.Struct, frozen=True):
    """A hard limit is in the way: ``used`` of ``limit.most`` are taken, reservations included, and more was asked.

    ``frees_at`` is when the hour or day ends (it may be long past, for a receipt that comes late); a reservation that
    is cancelled frees its part earlier.
    """

    limit: Limit
    used: int
    asked: int
    frees_at: datetime

    @property
    def left(self) -> int:
        """How much would still pass."""
        return max(0, self.limit.most - self.used)


class Refusal(StrEnum):
    """Why a list of limits was not taken."""

    UNKNOWN_LIMIT = "unknown-limit"
    OTHER_LIMIT = "other-limit"
    """The id belongs to a limit that counts something else; a limit of another kind is a new one."""
    UNKNOWN_UNIT = "unknown-unit"
    UNKNOWN_PLACE = "unknown-place"
    TOO_MANY_LIMITS = "too-many-limits"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was changed. ``position`` is the item's in the list, ``field`` what to mend in it."""

    reason: Refusal
    position: int
    field: str
    detail: str


class Alert(msgspec.Struct, frozen=True):
    """A soft limit was exceeded, told once an hour or day and subject.

    ``subject`` is a member's id, a card's keyed hash, ``place~code`` of a cashier or a till, a place's code, or
    nothing for the program. ``used`` is the figure that the operation made; ``most`` the limit's at that moment.
    """

    id: str
    limit: Limit
    subject: str
    used: int
    most: int
    operation_id: str
    holder_id: str | None
    place: str | None
    at: datetime
    recorded_at: datetime
