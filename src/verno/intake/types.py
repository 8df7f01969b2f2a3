"""Words of intake: the receipt as a till sends it, and what became of it."""

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias, final

import msgspec
from msgspec import Meta

from verno.kit.money import MAX_AMOUNT
from verno.ledger.types import MAX_POINTS

MAX_LINES = 1000
MAX_PAYMENTS = 50
MAX_ATTRIBUTES = 50
MAX_WISHES = 10
MOST_HOLD_SECONDS = 86_400
MAX_TOKEN = 4_000
SEPARATOR = "~"
"""Stands between place, series and number where an address names a receipt."""

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Short: TypeAlias = Annotated[str, Meta(max_length=100)]
Amount: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Quantity: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?\Z", max_length=13)]
"""A decimal string, numeric(12,3), never negative; zero is valid (weighing errors, gifts)."""
AttributeValue: TypeAlias = Annotated[str, Meta(max_length=1000)] | int | bool | None
Attributes: TypeAlias = Annotated[dict[Code, AttributeValue], Meta(max_length=MAX_ATTRIBUTES)]

Brought: TypeAlias = Counter[tuple[str, str, str]]
"""What a receipt's rules leave with the member, by (rule, effect, name), and how often."""


class IdentityKind(StrEnum):
    """How a till may name a member."""

    ID = "id"
    CARD = "card"
    PHONE = "phone"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"


class MemberRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom the till named: one of the fields. A receipt may give several: `members.matching` says which is believed."""

    id: Code | None = None
    card: Code | None = None
    phone: Code | None = None
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None = None
    external_id: Code | None = None


class Line(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One line: ``amount`` and ``discount`` in minor units, ``amount`` after the till's own discounts."""

    sku: Code
    quantity: Quantity
    amount: Amount
    discount: Amount = 0
    attributes: Attributes = {}


class Payment(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """How a part was paid: a fact for rules; may differ from the lines by rounding."""

    method: Code
    amount: Amount


class Wish(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """Points of a unit that are to pay: so many in the unit's smallest step, or (``max``) as many as can."""

    unit: Code
    points: Annotated[int, Meta(ge=0, le=MAX_POINTS)] | None = None
    max: bool = False

    def __post_init__(self) -> None:
        """Refuse neither and both."""
        if (self.points is None) != self.max:
            message = "say either points or max"
            raise ValueError(message)


class Approval(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Somebody of the staff vouches for the member: whom the till calls ``staff``, and their PIN."""

    staff: Code
    pin: Code


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sale as a till sends it. The key is (place, series, number), for ever.

    ``at`` without an offset is read in the place's zone. With ``spend`` or ``quote`` points pay a part; with ``hold``
    nothing has happened yet: points are set aside for ``hold_seconds``, until a capture or a cancel.
    """

    number: Code
    place: Code
    at: datetime
    lines: Annotated[list[Line], Meta(min_length=1, max_length=MAX_LINES)]
    series: Short = ""
    till: Code | None = None
    cashier: Code | None = None
    fiscal_number: Code | None = None
    member: MemberRef | None = None
    payments: Annotated[list[Payment], Meta(max_length=MAX_PAYMENTS)] = []
    channel: Code | None = None
    attributes: Attributes = {}
    spend: Annotated[list[Wish], Meta(max_length=MAX_WISHES)] = []
    hold: bool = False
    hold_seconds: Annotated[int, Meta(ge=1, le=MOST_HOLD_SECONDS)] | None = None
    quote: Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN)] | None = None
    approval: Approval | None = None


@final
class Approved(msgspec.Struct, frozen=True):
    """A receipt whose approval the door has checked; ``staff_id`` is who gave it."""

    receipt: Receipt
    staff_id: str


class ById(msgspec.Struct, frozen=True, gc=False):
    """A receipt named by our id."""

    id: str


class ByNumber(msgspec.Struct, frozen=True, gc=False):
    """A receipt named as its till knows it."""

    place: str
    series: str
    number: str


class ByCode(msgspec.Struct, frozen=True, gc=False):
    """A receipt of nobody named by the code on its slip."""

    code: str


Target: TypeAlias = ById | ByNumber | ByCode


class LineQuantity(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How much of a line, counted from 1 in the sale's order."""

    line: Annotated[int, Meta(ge=1, le=MAX_LINES)]
    quantity: Quantity


class Refusal(StrEnum):
    """Why a call was not done."""

    UNKNOWN_PLACE = "unknown-place"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    TIME_OUT_OF_RANGE = "time-out-of-range"
    MEMBER_NAMED_BADLY = "member-named-badly"
    TOO_MUCH = "too-much"
    INVALID = "invalid"
    """What the shape alone could not tell; ``field`` names it."""
    UNKNOWN_MEMBER = "unknown-member"
    APPROVAL_NEEDED = "approval-needed"
    FOREIGN_PLACE = "foreign-place"
    SPENDING_NOT_SET = "spending-not-set"
    INSUFFICIENT_POINTS = "insufficient-points"
    OVER_LIMIT = "over-limit"
    STALE_QUOTE = "stale-quote"
    NOT_FOUND = "not-found"
    HOLD_EXPIRED = "hold-expired"
    ALREADY_RESOLVED = "already-resolved"
    NOT_SETTLED = "not-settled"
    """A return, an activation of what is still held, or was cancelled."""
    OVER_RETURN = "over-return"
    NOT_A_SALE = "not-a-sale"
    """A return cannot be returned."""
    CLAIM_TOO_LATE = "claim-too-late"


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What points pay of a receipt: points by unit, their worth in minor units, and each line's part of that."""

    points: dict[str, int]
    value: int
    lines: list[int]


class Settled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The receipt (or return, or step) was taken now. ``answer`` holds the JSON bytes of the reply."""

    receipt_id: str
    answer: bytes
    points: int = 0
    matched: bool = True


class Parked(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The return waits for its sale; said now or, as a replay, again."""

    receipt_id: str
    answer: bytes
    again: bool = False


class Replayed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The same call had been taken before; ``answer`` is byte for byte what was answered then."""

    receipt_id: str
    answer: bytes


class Refused(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The call was not done and nothing of it was written. ``field`` names what to mend.

    ``more`` is a JSON object of what the refusal's type promises besides: the new quote when the old one was stale,
    what is left of a limit.
    """

    reason: Refusal
    field: str
    detail: str
    more: bytes = b""


Outcome: TypeAlias = Settled | Parked | Replayed | Refused
