"""Words of corrections: what may be asked, what became of it, why not. Codes only: no free text, nothing personal."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from verno.intake.types import Code, MemberRef
from verno.ledger.types import MAX_POINTS

T = TypeVar("T")

UNDO_DAYS = 30
"""For how long a merge can be undone."""

Points: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_POINTS)]
IdempotencyKey: TypeAlias = Annotated[str, Meta(pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?\Z")]
"""1 to 200 printable ASCII characters, none of them a blank at an end."""


class ByKind(StrEnum):
    """What kind of hand corrects; the audit's words."""

    STAFF = "staff"
    KEY = "key"
    OPERATOR = "operator"
    SYSTEM = "system"


class By(msgspec.Struct, frozen=True):
    """Who corrects: an id, never a name. ``address`` is the network address, for the audit."""

    kind: ByKind
    id: str
    address: str | None = None


class Kind(StrEnum):
    """What is corrected under an idempotency key; every kind has keys of its own."""

    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"
    REINSTATEMENT = "reinstatement"


class Status(StrEnum):
    """Where a correction stands; all but waiting are final."""

    POSTED = "posted"
    WAITING = "waiting"
    """A second person has to agree."""
    REFUSED = "refused"


class Adjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Give (above 0) or take (below 0) points, for a reason that the program knows by its code.

    What is given is usable at once and ends when the unit's points do, or at ``expires_at`` (the first moment without).
    """

    unit: Code
    points: Annotated[int, Meta(ge=-MAX_POINTS, le=MAX_POINTS)]
    reason: Code
    expires_at: datetime | None = None


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points from one member to another, by the first one's will. They keep the ends that they have."""

    to: MemberRef
    unit: Code
    points: Points


class Pooling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points that a member of a household puts into its pool, or takes out of it. They keep the ends that they have."""

    member: MemberRef
    unit: Code
    points: Points


class Reinstatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Give again what has expired within the unit's window."""

    unit: Code


class Asked(msgspec.Struct, Generic[T], frozen=True):
    """A correction of a member, asked by somebody under a key that names it for ever.

    ``fingerprint`` is the hex HMAC of the request (``naming.fingerprint``); ``to_id`` the receiver of a transfer.
    """

    holder_id: str
    body: T
    key: str
    fingerprint: str
    by: By
    to_id: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """What a second person says of a waiting adjustment."""

    id: str
    agreed: bool
    by: By


class Opening(msgspec.Struct, frozen=True):
    """A lot that a member brings along from another system. It begins when it began there, ``active_from``.

    ``key`` names it for ever; ``row`` is where it stands in the file of the import ``run_id``.
    """

    holder_id: str
    unit_id: str
    points: int
    key: str
    fingerprint: str
    run_id: str
    row: int
    active_from: datetime | None = None
    expires_at: datetime | None = None
    lapses_at: datetime | None = None


class NewMerge(msgspec.Struct, frozen=True):
    """Two members who are one: ``holder_id`` is no member of their own from here on."""

    holder_id: str
    into_id: str
    by: By


class Refusal(StrEnum):
    """Why nothing was done."""

    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    UNKNOWN_UNIT = "unknown-unit"
    UNKNOWN_REASON = "unknown-reason"
    UNKNOWN_MEMBER = "unknown-member"
    NO_POINTS = "no-points"
    TIME_OUT_OF_RANGE = "time-out-of-range"
    INSUFFICIENT_POINTS = "insufficient-points"
    TOO_MANY_POINTS = "too-many-points"
    OVER_LIMIT = "over-limit"
    NOT_ALLOWED = "not-allowed"
    """The program's settings say no; the detail names the setting."""
    OWN_ACCOUNT = "own-account"
    SECOND_PERSON = "second-person-needed"
    """Nobody agrees to what they have asked for."""
    UNKNOWN = "unknown-correction"
    ALREADY_RESOLVED = "already-resolved"
    NOTHING_EXPIRED = "nothing-to-reinstate"
    SAME_MEMBER = "same-member"
    ALREADY_MERGED = "already-merged"
    MERGED_SINCE = "merged-since"
    """The survivor was merged further: undo that merge first."""
    OPEN_HOLDS = "open-holds"
    UNDO_OVER = "undo-over"
    TWO_HOUSEHOLDS = "two-households"
    NOT_IN_HOUSEHOLD = "not-in-the-household"
    ALREADY_BROUGHT = "already-brought"
    """The same lot stands in the file twice."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing of it was written. ``field`` names what to mend, where a field is meant."""

    reason: Refusal
    field: str
    detail: str


class Done(msgspec.Struct, frozen=True, gc=False):
    """It happened now, or waits for a second person (``status``). ``answer`` holds the JSON bytes of the reply."""

    id: str
    status: Status
    answer: bytes


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """It had been asked before; ``answer`` is byte for byte what was answered last."""

    id: str
    answer: bytes


class Brought(msgspec.Struct, frozen=True, gc=False):
    """The lot is there; ``replayed`` when it was before."""

    replayed: bool


class Merged(msgspec.Struct, frozen=True, gc=False):
    """The two are one, now or (``replayed``) before."""

    id: str
    answer: bytes
    replayed: bool = False


class Unmerged(msgspec.Struct, frozen=True, gc=False):
    """The two are two again, now or (``replayed``) before."""

    id: str
    answer: bytes
    replayed: bool = False


class Erased(msgspec.Struct, frozen=True, gc=False):
    """What a member had went to breakage: ``points`` by unit code; nothing is empty."""

    holder_id: str
    points: dict[str, int]


Outcome: TypeAlias = Done | Replayed | Refused
OpeningOutcome: TypeAlias = Brought | Refused
MergeOutcome: TypeAlias = Merged | Refused
UndoOutcome: TypeAlias = Unmerged | Refused
