"""The ledger's words: what is asked of it, what it answers, and the rows it writes."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec


class AccountKind(StrEnum):
    """Whose points an account counts. Only a member's account has a cached balance and lots."""

    MEMBER = "member"
    ISSUED = "issued"
    """Where earned points come from."""
    REDEEMED = "redeemed"
    """Where spent points go."""
    BREAKAGE = "breakage"
    """Where expired points go."""


class TransferKind(StrEnum):
    """What a transfer did for the member."""

    EARN = "earn"
    SPEND = "spend"
    EXPIRE = "expire"


class Refusal(StrEnum):
    """Why an operation was not posted."""

    INSUFFICIENT_POINTS = "insufficient-points"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    TOO_MANY_POINTS = "too-many-points"


MAX_POINTS = 10**12
"""The most points of one entry, in the unit's smallest step; keeps sums of a billion entries in 64 bits."""


class Earn(msgspec.Struct, frozen=True, gc=False):
    """Give points. ``active_from`` None means usable at once; ``expires_at`` (exclusive) None means never."""

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    active_from: datetime | None = None
    expires_at: datetime | None = None


class Spend(msgspec.Struct, frozen=True, gc=False):
    """Take available points, the lots that expire first going first."""

    holder_id: str
    unit_id: str
    points: int
    at: datetime


Entry: TypeAlias = Earn | Spend


class Operation(msgspec.Struct, frozen=True):
    """Entries that happen together or not at all, under a key that names them for ever.

    ``id`` is the caller's object (a receipt's own id, say); ``fingerprint`` is the hex HMAC of the request.
    """

    key: str
    id: str
    holder_id: str
    fingerprint: str
    entries: tuple[Entry, ...]
    reason: str = "receipt"


class Balance(msgspec.Struct, frozen=True, gc=False):
    """A member's points of one unit at one moment, in the unit's smallest step."""

    unit_id: str
    available: int = 0
    pending: int = 0
    held: int = 0


class Posted(msgspec.Struct, frozen=True):
    """The operation happened now; balances are those right after it."""

    operation_id: str
    balances: tuple[Balance, ...]


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The same operation had happened before; nothing was changed."""

    operation_id: str


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The operation did not happen, and nothing of it was written."""

    reason: Refusal


Result: TypeAlias = Posted | Replayed | Refused


class Account(msgspec.Struct, gc=False):
    """A member's account as it was locked; the planner moves it forward."""

    holder_id: str
    id: str
    unit_id: str
    available: int
    pending: int
    held: int
    next_change_at: datetime | None
    changed_at: datetime


class Lot(msgspec.Struct, gc=False):
    """Points that live and die together. ``active_from`` <= usable < ``expires_at``."""

    holder_id: str
    id: str
    account_id: str
    amount: int
    remaining: int
    active_from: datetime
    expires_at: datetime | None
    transfer_id: str


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """A debit and a credit in one row. ``at`` is business time; ``recorded_at`` never runs back within an account."""

    holder_id: str
    id: str
    unit_id: str
    debit_account_id: str
    credit_account_id: str
    amount: int
    kind: TransferKind
    reason: str
    at: datetime
    recorded_at: datetime
    operation_id: str | None


class LotMove(msgspec.Struct, frozen=True, gc=False):
    """How much of a lot a transfer took."""

    holder_id: str
    lot_id: str
    transfer_id: str
    amount: int


class OperationRow(msgspec.Struct, frozen=True, gc=False):
    """The claim of an operation's key."""

    key: str
    id: str
    holder_id: str
    fingerprint: str


class KnownOperation(msgspec.Struct, frozen=True, gc=False):
    """An operation that had happened before this batch."""

    id: str
    fingerprint: str
