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
    """Where expired and erased points go."""
    ADJUSTED = "adjusted"
    """Where adjustments by staff come from and go to."""
    OPENING = "opening"
    """Where balances brought along from another system come from."""
    CLEARING = "clearing"
    """What is on its way from one member to another; empty between two operations."""
    DEBT = "debt"
    """What members owe: taken back beyond what they had."""
    WRITTEN_OFF = "written_off"
    """What was taken back on paper only, since the member had no more."""


class TransferKind(StrEnum):
    """What a transfer did for the member."""

    EARN = "earn"
    SPEND = "spend"
    EXPIRE = "expire"
    TAKE_BACK = "take_back"
    """A return took what its sale had earned: from lots, from what they had lost by expiry, or as debt."""
    PUT_BACK = "put_back"
    """A return gave what its sale had spent."""
    REPAY = "repay"
    """A debt was paid out of points that became available."""
    WRITE_OFF = "write_off"
    """A debt was let go: by the unit's policy, in the breath in which it came to be, or with an erased member."""
    RECOVER = "recover"
    """What a return had let go was taken out of what another one put back."""
    ADJUST = "adjust"
    """Staff gave or took, with a reason."""
    OPEN = "open"
    """A balance brought along."""
    SEND = "send"
    RECEIVE = "receive"
    """Between two members, by their own will."""
    MERGE = "merge"
    """Between two members who are one; also its undoing."""
    REINSTATE = "reinstate"
    """Expired points given again within the window."""
    EXTEND = "extend"
    """Points got a later end, or lost it again: out of one lot and into another that stands in its place."""
    ERASE = "erase"
    """What a member had when they were erased."""


class Refusal(StrEnum):
    """Why an operation was not posted."""

    INSUFFICIENT_POINTS = "insufficient-points"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    TOO_MANY_POINTS = "too-many-points"
    HOLD_EXPIRED = "hold-expired"
    """The hold has lapsed, and its points are the member's again."""
    ALREADY_RESOLVED = "already-resolved"
    """The hold was captured or cancelled before."""
    OPEN_HOLDS = "open-holds"
    """Points are set aside, so the account cannot be merged now."""


MAX_POINTS = 10**12
"""The most points of one entry, in the unit's smallest step; keeps sums of a billion entries in 64 bits."""


class Earn(msgspec.Struct, frozen=True, gc=False):
    """Give points as one lot. ``active_from`` None means usable at once; ``expires_at`` (exclusive) None means never.

    ``awaits`` names the event that will activate the lot (see ``Activate``); until then it is pending without a date.
    ``lapses_at`` moves the account's own end (sliding expiry) forward, never back. ``most`` caps what the account may
    hold: what is above is not given, and ``Posted.moved`` tells. ``kind`` may also be adjust, open, receive.
    """

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    active_from: datetime | None = None
    expires_at: datetime | None = None
    awaits: str | None = None
    lapses_at: datetime | None = None
    most: int | None = None
    kind: TransferKind = TransferKind.EARN


class Spend(msgspec.Struct, frozen=True, gc=False):
    """Take available points, the lots that expire first going first. ``kind`` may also be adjust, send."""

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    lapses_at: datetime | None = None
    kind: TransferKind = TransferKind.SPEND


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Set available points aside until ``expires_at``; one hold per operation and unit."""

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    expires_at: datetime


class Capture(msgspec.Struct, frozen=True, gc=False):
    """Spend ``points`` (0 or more, at most what is held) of the hold that operation ``held_by`` placed; free the rest.

    After the hold has lapsed: refused, or, with ``again``, spent from what is available.
    """

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    held_by: str
    again: bool = False
    lapses_at: datetime | None = None


class Release(msgspec.Struct, frozen=True, gc=False):
    """Free the hold of operation ``held_by``; one that has lapsed by itself is free already, which is no error."""

    holder_id: str
    unit_id: str
    at: datetime
    held_by: str


class TakeBack(msgspec.Struct, frozen=True, gc=False):
    """Take what operation ``earned_by`` (at ``earned_at``) had earned.

    Its own lots first, pending ones before the others; then what these have lost by expiry, which costs the member
    nothing; then other available lots; what remains becomes debt. With ``write_off`` it is let go instead, but for what
    holds keep, since that may come free again. ``merged_ids`` are the members who were merged into this one: what the
    operation earned for one of them is looked up there, and followed to here. ``homes`` are those of them who are
    somebody else now, each with whom they are: what is let go is not their story.
    """

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    earned_by: str
    earned_at: datetime
    write_off: bool = False
    merged_ids: tuple[str, ...] = ()
    homes: tuple[tuple[str, str], ...] = ()


class PutBack(msgspec.Struct, frozen=True, gc=False):
    """Give what operation ``spent_by`` (at ``spent_at``) had spent back into the very lots, the one spent last first.

    A lot that is over by now gets a new one in its place, usable until ``grace_until``, which names it; and so does
    one of a member who was merged into this one (``merged_ids``), with that lot's own end. ``homes`` are those of them
    who are somebody else now, each with whom they are: what was spent of their points goes back to that one. ``owners``
    says of lots whose points they are where their line does not tell: a purchase of one of them earned them while they
    were merged. What take-backs have let go of whoever gets points back, since these were spent, is recovered out of
    them, and never out of others.
    """

    holder_id: str
    unit_id: str
    points: int
    at: datetime
    spent_by: str
    spent_at: datetime
    grace_until: datetime
    merged_ids: tuple[str, ...] = ()
    homes: tuple[tuple[str, str], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()


class Activate(msgspec.Struct, frozen=True, gc=False):
    """Make the lots of operation ``earned_by`` that await ``event`` usable from ``active_from`` on."""

    holder_id: str
    unit_id: str
    at: datetime
    earned_by: str
    earned_at: datetime
    event: str
    active_from: datetime
    expires_at: datetime | None = None
    """A new end, for units whose points live from their activation; None keeps the lot's own."""
    lapses_at: datetime | None = None
    merged_ids: tuple[str, ...] = ()
    """Members who were merged into this one, whose lots these may have been."""


class Reinstate(msgspec.Struct, frozen=True, gc=False):
    """Give again, until ``expires_at``, what has expired since ``since`` and was not given again yet."""

    holder_id: str
    unit_id: str
    at: datetime
    since: datetime
    expires_at: datetime


class Extend(msgspec.Struct, frozen=True, gc=False):
    """Let usable points that end by ``before`` live longer: each lot's free part in a new one that names it.

    They get ``days`` local days of ``zone`` more, or end at ``until``. What has no end, or a later one, and what a hold
    keeps stay as they are: nothing is ever shortened, and nothing is lengthened twice by one operation.
    """

    holder_id: str
    unit_id: str
    at: datetime
    before: datetime
    zone: str
    days: int = 0
    until: datetime | None = None


class Shorten(msgspec.Struct, frozen=True, gc=False):
    """Undo what ``Extend`` did in operation ``extended_by``: what its lots still hold free ends when it had before.

    What would be over by now expires at once, dated at that end. What was spent, or lengthened anew by another
    operation, stays as it is. ``merged_ids`` are the members who were merged into this one, whose lots these may have
    been.
    """

    holder_id: str
    unit_id: str
    at: datetime
    extended_by: str
    extended_at: datetime
    merged_ids: tuple[str, ...] = ()


class Merge(msgspec.Struct, frozen=True, gc=False):
    """Move all open lots with their dates, and the debt, from ``holder_id`` to ``into_id``."""

    holder_id: str
    into_id: str
    unit_id: str
    at: datetime


class Unmerge(msgspec.Struct, frozen=True, gc=False):
    """Undo operation ``merged_by`` (at ``merged_at``): what its lots on ``into_id`` still hold goes home."""

    holder_id: str
    into_id: str
    unit_id: str
    at: datetime
    merged_by: str
    merged_at: datetime


class SendHome(msgspec.Struct, frozen=True, gc=False):
    """Move from ``into_id`` what came there, while the two were one, in the place of ``holder_id``'s points.

    That is what stands for lots of ``mine``, the holder and whoever was merged into them, and what their operations
    ``earned`` there, each with its moment. ``kin`` are all whose lots may lie in between. Comes after ``Unmerge``,
    which fills the very lots that the merge had emptied.
    """

    holder_id: str
    into_id: str
    unit_id: str
    at: datetime
    mine: tuple[str, ...]
    kin: tuple[str, ...]
    earned: tuple[tuple[str, datetime], ...] = ()


class Erase(msgspec.Struct, frozen=True, gc=False):
    """Void the holds, let everything go to breakage, write the debt off."""

    holder_id: str
    unit_id: str
    at: datetime


Entry: TypeAlias = (
    Earn
    | Spend
    | Hold
    | Capture
    | Release
    | TakeBack
    | PutBack
    | Activate
    | Reinstate
    | Extend
    | Shorten
    | Merge
    | Unmerge
    | SendHome
    | Erase
)


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
    """A member's points of one unit at one moment, in the unit's smallest step; ``debt`` only while available is 0."""

    unit_id: str
    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0


class Posted(msgspec.Struct, frozen=True):
    """The operation happened now; balances are those right after it, ``moved`` the points of each entry in order.

    ``moved`` differs from what was asked for ``Earn`` under a cap, and says what ``Release``, ``Activate``,
    ``Reinstate``, ``Extend``, ``Shorten``, ``Merge``, ``Unmerge``, ``SendHome`` and ``Erase`` found; for ``TakeBack``
    it is all that was taken, in whatever way, and for ``PutBack`` what was not recovered at once for an earlier
    write-off.
    """

    operation_id: str
    balances: tuple[Balance, ...]
    moved: tuple[int, ...] = ()


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
    debt: int
    next_change_at: datetime | None
    lapses_at: datetime | None
    changed_at: datetime


class Lot(msgspec.Struct, gc=False, omit_defaults=True):
    """Points that live and die together. ``active_from`` <= usable < ``expires_at``; ``id`` is its transfer's.

    ``held`` of ``remaining`` are set aside by holds. ``restores_id`` names the lot in whose place this one stands.
    """

    holder_id: str
    id: str
    account_id: str
    amount: int
    remaining: int
    held: int
    active_from: datetime
    expires_at: datetime | None
    awaits: str | None = None
    restores_id: str | None = None


class Transfer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A debit and a credit in one row. ``at`` is business time; ``recorded_at`` never runs back within an account.

    ``reverses_id`` names the transfer that this one takes (partly) back; after a merge, the one that gave a member's
    points to the other.
    """

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
    reverses_id: str | None = None


class LotMove(msgspec.Struct, frozen=True, gc=False):
    """How much a transfer took out of a lot; into it, when the transfer credits the lot's account."""

    holder_id: str
    lot_id: str
    transfer_id: str
    amount: int


class HoldState(StrEnum):
    """What became of a hold; all but the first are final."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    LAPSED = "lapsed"


class HoldRow(msgspec.Struct, gc=False):
    """Points of one account set aside by one operation."""

    holder_id: str
    id: str
    account_id: str
    operation_id: str
    amount: int
    captured: int
    placed_at: datetime
    expires_at: datetime
    state: HoldState


class HoldLot(msgspec.Struct, frozen=True, gc=False):
    """How much of a lot a hold has set aside."""

    holder_id: str
    hold_id: str
    lot_id: str
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
