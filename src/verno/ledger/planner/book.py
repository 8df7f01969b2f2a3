"""What a batch may touch, as it was locked and loaded, and everything to write."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from verno.ledger.types import (
    Account,
    AccountKind,
    HoldLot,
    HoldRow,
    KnownOperation,
    Lot,
    LotMove,
    OperationRow,
    Result,
    Transfer,
)

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The beginning of a lot that awaits an event."""

AccountKey: TypeAlias = tuple[str, str]
"""(holder id, unit id)."""

OriginKey: TypeAlias = tuple[str, str]
"""(operation id, account id)."""


class Part(msgspec.Struct, gc=False):
    """What one transfer, recorded ``at``, spent of one lot, whose points these had been first, what of it is back."""

    transfer_id: str
    lot: Lot
    amount: int
    at: datetime
    back: int = 0
    origin_id: str = ""


class LetGo(msgspec.Struct, gc=False):
    """What a take-back wrote off, recorded ``at``, and how much of that nothing has made up for yet."""

    transfer_id: str
    at: datetime
    left: int


class Book(msgspec.Struct):
    """What the batch may touch; the planner moves it forward, so that a later item sees what an earlier one did.

    ``lots`` holds all open lots of the accounts that need them (something is due, or the batch does more than earn),
    ``holds`` their open holds. ``program_accounts`` maps (unit id, kind) to an account id. Of operations named as
    origins, ``earned`` holds the lots they made (closed ones too), ``spent`` what they spent, both also of members who
    were merged into the account's, ``placed`` the holds they placed (ended ones too), and ``expired`` an account's lots
    that lost something to expiry. ``lapsed`` says how much of a lot went to breakage and was not made up for since.
    """

    accounts: dict[AccountKey, Account]
    lots: dict[str, list[Lot]]
    known: Mapping[str, KnownOperation]
    program_accounts: Mapping[tuple[str, AccountKind], str]
    holds: dict[str, list[HoldRow]] = {}
    hold_lots: dict[str, list[HoldLot]] = {}
    placed: dict[OriginKey, HoldRow] = {}
    earned: dict[OriginKey, list[Lot]] = {}
    spent: dict[OriginKey, list[Part]] = {}
    lengthened: dict[OriginKey, list[tuple[Lot, datetime]]] = {}
    """Lots that an operation gave a later end to, each with the end that its points had before."""
    expired: dict[str, list[tuple[Lot, datetime]]] = {}
    lapsed: dict[str, int] = {}
    let_go: dict[AccountKey, list[LetGo]] = {}
    """What is still let go, by whose story tells it: for whoever gets points put back."""
    restored: dict[str, Lot] = {}
    """Lots that others stand in for, by id: where an undone merge goes home."""
    strays: dict[tuple[str, str], list[Lot]] = {}
    """Lots of one account that stand for those of another's, by (home account id, host account id)."""


class Plan(msgspec.Struct):
    """Everything to write, and one result per operation, in order."""

    results: list[Result] = []
    operations: list[OperationRow] = []
    transfers: list[Transfer] = []
    lots: list[Lot] = []
    moves: list[LotMove] = []
    changed_lots: dict[str, Lot] = {}
    holds: list[HoldRow] = []
    hold_lots: list[HoldLot] = []
    ended_holds: dict[str, HoldRow] = {}
    accounts: dict[str, Account] = {}


def expiry_order(lot: Lot) -> tuple[datetime, datetime, str]:
    """Order in which lots are spent: first to expire first, then the oldest."""
    return lot.expires_at or NEVER, lot.active_from, lot.id


def end(lot: Lot, account: Account) -> datetime | None:
    """Return the first moment at which a lot is over: its own, or its account's (sliding expiry)."""
    lapse = account.lapses_at
    if lapse is None or lot.active_from > lapse:
        return lot.expires_at
    return lapse if lot.expires_at is None else min(lot.expires_at, lapse)


def is_over(lot: Lot, account: Account, moment: datetime) -> bool:
    """Tell whether a lot has ended by a moment."""
    last = end(lot, account)
    return last is not None and last <= moment


def hasten(account: Account, moment: datetime | None) -> None:
    """Let the account change by itself at ``moment`` at the latest."""
    if moment is not None and (account.next_change_at is None or moment < account.next_change_at):
        account.next_change_at = moment
