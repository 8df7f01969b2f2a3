"""Words of steps: what a till says of a receipt it has sent before."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.intake.types import MAX_LINES, Code, LineQuantity, MemberRef, Target

Event: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}\Z")]
Lines: TypeAlias = Annotated[list[LineQuantity], Meta(min_length=1, max_length=MAX_LINES)]


class Kind(StrEnum):
    """The steps there are."""

    CAPTURE = "capture"
    CANCEL = "cancel"
    ACTIVATE = "activate"
    CLAIM = "claim"


class Capture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The held sale happened: all of it, or the ``lines`` that are named; what is not named is let go."""

    fiscal_number: Code | None = None
    lines: Lines | None = None
    at: datetime | None = None
    till: Code | None = None
    cashier: Code | None = None


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The held sale did not happen."""

    at: datetime | None = None
    till: Code | None = None
    cashier: Code | None = None


class Activate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something happened that points wait for, such as ``delivered``."""

    event: Event
    at: datetime
    till: Code | None = None
    cashier: Code | None = None


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The receipt of nobody is this member's. ``claim_code`` may repeat the code on the slip."""

    member: MemberRef
    claim_code: Code | None = None
    at: datetime | None = None
    till: Code | None = None
    cashier: Code | None = None


Step: TypeAlias = Capture | Cancel | Activate | Claim

KINDS: dict[type[Step], Kind] = {
    Capture: Kind.CAPTURE,
    Cancel: Kind.CANCEL,
    Activate: Kind.ACTIVATE,
    Claim: Kind.CLAIM,
}


class Asked(msgspec.Struct, frozen=True):
    """A step of the receipt that ``target`` names. ``places`` are the stores that the caller may act at; empty: all."""

    target: Target
    step: Step
    places: frozenset[str] = frozenset()
