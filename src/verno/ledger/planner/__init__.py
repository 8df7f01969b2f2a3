"""The pure planner: what a batch of operations does to locked accounts and their lots. Data in, data out.

First every account whose ``next_change_at`` has passed is settled (see ``desk``), then the operations happen in order,
each wholly or not at all.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from verno.ledger.planner import entries, extending, merging
from verno.ledger.planner.book import NEVER, AccountKey, Book, LetGo, OriginKey, Part, Plan, end, expiry_order
from verno.ledger.planner.desk import Desk
from verno.ledger.planner.judging import refusal
from verno.ledger.types import (
    Account,
    Activate,
    Balance,
    Capture,
    Earn,
    Entry,
    Erase,
    Extend,
    Hold,
    KnownOperation,
    Merge,
    Operation,
    OperationRow,
    Posted,
    PutBack,
    Refusal,
    Refused,
    Reinstate,
    Release,
    Replayed,
    Result,
    SendHome,
    Shorten,
    Spend,
    TakeBack,
    Unmerge,
)

__all__ = ["NEVER", "AccountKey", "Book", "LetGo", "OriginKey", "Part", "Plan", "end", "expiry_order", "plan"]

BETWEEN_TWO = (Merge, Unmerge, SendHome)


def plan(book: Book, operations: Sequence[Operation], *, now: datetime, ids: Iterable[str]) -> Plan:
    """Decide a batch. ``ids`` gives a fresh id for each transfer and hold; ``book`` is moved forward."""
    desk = Desk(book, now, ids)
    for account in book.accounts.values():
        moment = desk.moment(account)
        if account.next_change_at is not None and account.next_change_at <= moment:
            desk.settle(account, moment)
    for operation in operations:
        desk.out.results.append(_decide(desk, operation))
    return desk.out


def _decide(desk: Desk, operation: Operation) -> Result:
    known = desk.done.get(operation.key)
    if known is not None:
        if known.fingerprint != operation.fingerprint:
            return Refused(Refusal.IDEMPOTENCY_MISMATCH)
        return Replayed(known.id)
    reason = refusal(desk.book, operation)
    if reason is not None:
        return Refused(reason)
    touched: dict[str, Account] = {}
    moved: list[int] = []
    for entry in operation.entries:
        account = desk.book.accounts[entry.holder_id, entry.unit_id]
        touched[account.id] = account
        moved.append(_apply(desk, account, entry, operation))
        if isinstance(entry, BETWEEN_TWO):
            other = desk.book.accounts[entry.into_id, entry.unit_id]
            touched[other.id] = other
    desk.done[operation.key] = KnownOperation(operation.id, operation.fingerprint)
    desk.out.operations.append(OperationRow(operation.key, operation.id, operation.holder_id, operation.fingerprint))
    return Posted(
        operation.id,
        tuple([Balance(a.unit_id, a.available, a.pending, a.held, a.debt) for a in touched.values()]),
        tuple(moved),
    )


def _apply(desk: Desk, account: Account, entry: Entry, operation: Operation) -> int:  # noqa: C901, PLR0911, PLR0912 one line a kind
    match entry:
        case Earn():
            return entries.earn(desk, account, entry, operation)
        case Spend():
            return entries.spend(desk, account, entry, operation)
        case Hold():
            return entries.hold(desk, account, entry, operation)
        case Capture():
            return entries.capture(desk, account, entry, operation)
        case Release():
            return entries.release(desk, account, entry, operation)
        case TakeBack():
            return entries.take_back(desk, account, entry, operation)
        case PutBack():
            return entries.put_back(desk, account, entry, operation)
        case Activate():
            return entries.activate(desk, account, entry, operation)
        case Reinstate():
            return entries.reinstate(desk, account, entry, operation)
        case Extend():
            return extending.extend(desk, account, entry, operation)
        case Shorten():
            return extending.shorten(desk, account, entry, operation)
        case Erase():
            return entries.erase(desk, account, entry, operation)
        case Merge():
            return merging.merge(desk, entry, operation)
        case Unmerge():
            return merging.unmerge(desk, entry, operation)
        case SendHome():
            return merging.send_home(desk, entry, operation)
        case _:
            assert_never(entry)
