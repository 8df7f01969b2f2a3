"""Words of intake: the receipt as a till sends it, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.kit.money import MAX_AMOUNT

MAX_LINES = 1000
MAX_PAYMENTS = 50
MAX_ATTRIBUTES = 50

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Short: TypeAlias = Annotated[str, Meta(max_length=100)]
Amount: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Quantity: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?\Z", max_length=13)]
"""A decimal string, numeric(12,3), never negative; zero is valid (weighing errors, gifts)."""
AttributeValue: TypeAlias = Annotated[str, Meta(max_length=1000)] | int | bool | None
Attributes: TypeAlias = Annotated[dict[Code, AttributeValue], Meta(max_length=MAX_ATTRIBUTES)]


class IdentityKind(StrEnum):
    """How a till may name a member."""

    ID = "id"
    CARD = "card"
    PHONE = "phone"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"


class MemberRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom the till named: exactly one of the fields."""

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


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sale as a till sends it. The key is (place, series, number), for ever.

    ``at`` without an offset is read in the place's zone.
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


class Refusal(StrEnum):
    """Why a receipt was not taken."""

    UNKNOWN_PLACE = "unknown-place"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    TIME_OUT_OF_RANGE = "time-out-of-range"
    MEMBER_NAMED_BADLY = "member-named-badly"
    TOO_MUCH = "too-much"


class Settled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The receipt was taken now. ``answer`` holds the JSON bytes of the reply; ``status`` is in it."""

    receipt_id: str
    answer: bytes
    points: int
    matched: bool


class Replayed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The same receipt had been taken before; ``answer`` is byte for byte what was answered then."""

    receipt_id: str
    answer: bytes


class Refused(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The receipt was not taken and nothing of it was written. ``field`` names what to mend."""

    reason: Refusal
    field: str
    detail: str


Outcome: TypeAlias = Settled | Replayed | Refused
