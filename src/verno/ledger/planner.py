"""The pure planner: what a batch of operations does to locked accounts and their lots. Data in, data out.

Rules, in the order they apply to one account at the moment t = max(now, the account's last change):

1. lots whose ``active_from`` has come leave pending for available;
2. lots whose ``expires_at`` has come expire: one transfer per account and expiry moment, dated at that moment;
3. the batch's operations, in order: each wholly or not at all;
4. rules 1 and 2 again for the lots just made, since a receipt that comes months late may bring points that
   are over already.

So an expired lot can never be spent, whether or not a nightly job has run.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

import msgspec

from verno.ledger.types import (
    MAX_POINTS,
    Account,
    AccountKind,
    Balance,
    Earn,
    KnownOperation,
    Lot,
    LotMove,
    Operation,
    OperationRow,
    Posted,
    Refusal,
    Refused,
    Replayed,
    Result,
    Spend,
    Transfer,
    TransferKind,
)

NEVER = datetime(9999, 12, 31, tzinfo=UTC)

AccountKey = tuple[str, str]
"""(holder id, unit id)."""


class Book(msgspec.Struct):
    """What the batch may touch, as it was locked and loaded.

    ``lots`` holds all open lots of the accounts that need them (something is due, or the batch spends).
    ``program_accounts`` maps (unit id, kind) to an account id.
    """

    accounts: dict[AccountKey, Account]
    lots: dict[str, list[Lot]]
    known: Mapping[str, KnownOperation]
    program_accounts: Mapping[tuple[str, AccountKind], str]


class Plan(msgspec.Struct):
    """Everything to write, and one result per operation, in order."""

    results: list[Result]
    operations: list[OperationRow]
    transfers: list[Transfer]
    lots: list[Lot]
    moves: list[LotMove]
    drained: dict[str, Lot]
    accounts: dict[str, Account]


def plan(book: Book, operations: Sequence[Operation], *, now: datetime, ids: Iterable[str]) -> Plan:
    """Decide a batch. ``ids`` gives a fresh id for each transfer and lot; ``book``'s accounts are moved forward."""
    return _Planner(book, now, iter(ids)).run(operations)


def expiry_order(lot: Lot) -> tuple[datetime, datetime, str]:
    """Order in which lots are spent: first to expire first, then the oldest."""
    return lot.expires_at or NEVER, lot.active_from, lot.id


class _Planner:
    """One batch at work; lives for one call of ``plan``."""

    def __init__(self, book: Book, now: datetime, ids: Iterable[str]) -> None:
        self.book = book
        self.now = now
        self.next_id = iter(ids).__next__
        self.done: dict[str, KnownOperation] = dict(book.known)
        self.fresh: set[str] = set()
        self.out = Plan(results=[], operations=[], transfers=[], lots=[], moves=[], drained={}, accounts={})

    def run(self, operations: Sequence[Operation]) -> Plan:
        for account in self.book.accounts.values():
            moment = max(self.now, account.changed_at)
            if account.next_change_at is not None and account.next_change_at <= moment:
                self.settle(account, moment)
        for operation in operations:
            self.out.results.append(self.decide(operation))
        return self.out

    def decide(self, operation: Operation) -> Result:
        known = self.done.get(operation.key)
        if known is not None:
            if known.fingerprint != operation.fingerprint:
                return Refused(Refusal.IDEMPOTENCY_MISMATCH)
            return Replayed(known.id)
        refusal = self.refusal(operation)
        if refusal is not None:
            return Refused(refusal)
        touched: dict[str, Account] = {}
        for entry in operation.entries:
            account = self.book.accounts[entry.holder_id, entry.unit_id]
            touched[account.id] = account
            if isinstance(entry, Earn):
                self.earn(account, entry, operation)
            else:
                self.spend(account, entry, operation)
        self.done[operation.key] = KnownOperation(operation.id, operation.fingerprint)
        self.out.operations.append(
            OperationRow(operation.key, operation.id, operation.holder_id, operation.fingerprint)
        )
        return Posted(
            operation.id,
            tuple([Balance(a.unit_id, a.available, a.pending, a.held) for a in touched.values()]),
        )

    def refusal(self, operation: Operation) -> Refusal | None:
        """Judge the whole operation before anything of it is applied."""
        wanted: dict[AccountKey, int] = {}
        for entry in operation.entries:
            if not 0 < entry.points <= MAX_POINTS:
                return Refusal.TOO_MANY_POINTS
            if isinstance(entry, Spend):
                key = (entry.holder_id, entry.unit_id)
                wanted[key] = wanted.get(key, 0) + entry.points
        for key, points in wanted.items():
            if points > self.book.accounts[key].available:
                return Refusal.INSUFFICIENT_POINTS
        return None

    def earn(self, account: Account, entry: Earn, operation: Operation) -> None:
        moment = max(self.now, account.changed_at)
        transfer = self.transfer(account, TransferKind.EARN, entry.points, entry.at, operation)
        # "At once" never means later than now: a till whose clock runs ahead still sells usable points.
        active_from = entry.active_from or min(entry.at, moment)
        lot = Lot(
            account.holder_id,
            self.next_id(),
            account.id,
            entry.points,
            entry.points,
            active_from,
            entry.expires_at,
            transfer.id,
        )
        self.out.lots.append(lot)
        self.fresh.add(lot.id)
        self.touch(account, moment)
        if entry.expires_at is not None and entry.expires_at <= moment:
            account.available += lot.remaining
            self.expire(account, [lot])
            return
        if active_from > moment:
            account.pending += lot.remaining
            _hasten(account, active_from)
        else:
            account.available += lot.remaining
        if entry.expires_at is not None:
            _hasten(account, entry.expires_at)
        self.book.lots.setdefault(account.id, []).append(lot)

    def spend(self, account: Account, entry: Spend, operation: Operation) -> None:
        moment = max(self.now, account.changed_at)
        transfer = self.transfer(account, TransferKind.SPEND, entry.points, entry.at, operation)
        self.touch(account, moment)
        left = entry.points
        lots = self.book.lots.get(account.id, [])
        for lot in sorted(lots, key=expiry_order):
            if left == 0:
                break
            if lot.active_from <= moment:
                left -= self.take(lot, min(left, lot.remaining), transfer)
        account.available -= entry.points
        self.forecast(account, moment)

    def settle(self, account: Account, moment: datetime) -> None:
        """Activate and expire what is due by ``moment``."""
        over: list[Lot] = []
        for lot in self.book.lots.get(account.id, []):
            ended = lot.expires_at is not None and lot.expires_at <= moment
            # A lot may end before it begins (a short life, a long wait): it too expires out of available.
            if account.changed_at < lot.active_from and (lot.active_from <= moment or ended):
                account.pending -= lot.remaining
                account.available += lot.remaining
            if ended:
                over.append(lot)
        self.touch(account, moment)
        self.expire(account, over)
        self.forecast(account, moment)

    def expire(self, account: Account, over: list[Lot]) -> None:
        over.sort(key=expiry_order)
        for expires_at, group in groupby(over, key=lambda lot: lot.expires_at or NEVER):
            lots = list(group)
            points = sum(lot.remaining for lot in lots)
            transfer = self.transfer(account, TransferKind.EXPIRE, points, expires_at, None)
            account.available -= points
            for lot in lots:
                self.take(lot, lot.remaining, transfer)

    def take(self, lot: Lot, points: int, transfer: Transfer) -> int:
        lot.remaining -= points
        self.out.moves.append(LotMove(lot.holder_id, lot.id, transfer.id, points))
        if lot.id not in self.fresh:
            self.out.drained[lot.id] = lot
        return points

    def transfer(
        self, account: Account, kind: TransferKind, points: int, at: datetime, operation: Operation | None
    ) -> Transfer:
        other = self.book.program_accounts[account.unit_id, _COUNTERPART[kind]]
        gives = kind is TransferKind.EARN
        made = Transfer(
            account.holder_id,
            self.next_id(),
            account.unit_id,
            other if gives else account.id,
            account.id if gives else other,
            points,
            kind,
            operation.reason if operation else "lifetime",
            at,
            max(self.now, account.changed_at),
            operation.id if operation else None,
        )
        self.out.transfers.append(made)
        return made

    def touch(self, account: Account, moment: datetime) -> None:
        account.changed_at = moment
        self.out.accounts[account.id] = account

    def forecast(self, account: Account, moment: datetime) -> None:
        """Say when the account next changes by itself, and forget the lots that are empty."""
        lots = [lot for lot in self.book.lots.get(account.id, []) if lot.remaining > 0]
        self.book.lots[account.id] = lots
        account.next_change_at = None
        for lot in lots:
            if lot.active_from > moment:
                _hasten(account, lot.active_from)
            if lot.expires_at is not None:
                _hasten(account, lot.expires_at)


_COUNTERPART = {
    TransferKind.EARN: AccountKind.ISSUED,
    TransferKind.SPEND: AccountKind.REDEEMED,
    TransferKind.EXPIRE: AccountKind.BREAKAGE,
}


def _hasten(account: Account, moment: datetime) -> None:
    if account.next_change_at is None or moment < account.next_change_at:
        account.next_change_at = moment
