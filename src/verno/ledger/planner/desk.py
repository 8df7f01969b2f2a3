"""What all entries share: transfers, lots taken and filled, what time alone does to an account.

Rules, in the order they apply to one account at the moment t = max(now, the account's last change):

1. lots whose ``active_from`` has come leave pending for available;
2. lots that are over expire, except for what a hold keeps: one transfer per account and moment, dated at that moment;
3. holds whose time is over free their lots. What comes free after its lot's end is over at once, dated when it came
   free;
4. what is available pays a debt.

They apply in the order of time: at the end of every hold, at every ``active_from`` while there is a debt, and at t. So
it makes no difference who looked when.

So an expired lot can never be spent, whether or not a nightly job has run.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from verno.ledger.planner.book import NEVER, Book, Plan, end, expiry_order, hasten, is_over
from verno.ledger.types import (
    Account,
    AccountKind,
    HoldRow,
    HoldState,
    KnownOperation,
    Lot,
    LotMove,
    Operation,
    Transfer,
    TransferKind,
)

EXPIRE, BREAKAGE = TransferKind.EXPIRE, AccountKind.BREAKAGE
"""Named once: in a load most points are over at once, and to look a member of an enum up takes as long as a row."""


class Desk:
    """One batch at work; lives for one call of ``plan``."""

    def __init__(self, book: Book, now: datetime, ids: Iterable[str]) -> None:
        """Take the book over: its accounts and lots are moved forward."""
        self.book = book
        self.now = now
        self.next_id = iter(ids).__next__
        self.done: dict[str, KnownOperation] = dict(book.known)
        self.fresh: set[str] = set()
        self.out = Plan()

    def moment(self, account: Account) -> datetime:
        """Return the time it is for an account: time never runs back."""
        return max(self.now, account.changed_at)

    # Postings ---------------------------------------------------------------------------------------------------------

    def transfer(
        self,
        account: Account,
        kind: TransferKind,
        points: int,
        at: datetime,
        operation: Operation | None,
        *,
        gets_from: AccountKind | None = None,
        gives_to: AccountKind | None = None,
        reverses: str | None = None,
    ) -> Transfer:
        """Post between the member's account and one of the program's, or, with both named, between two of these."""
        sides, unit = self.book.program_accounts, account.unit_id
        made = Transfer(
            account.holder_id,
            self.next_id(),
            unit,
            sides[unit, gets_from] if gets_from else account.id,
            sides[unit, gives_to] if gives_to else account.id,
            points,
            kind,
            operation.reason if operation else "lifetime",
            at,
            self.moment(account),
            operation.id if operation else None,
            reverses,
        )
        self.out.transfers.append(made)
        return made

    def new_lot(
        self,
        account: Account,
        source: Transfer,
        active_from: datetime,
        expires_at: datetime | None,
        *,
        awaits: str | None = None,
        restores: str | None = None,
    ) -> Lot:
        """Make the lot of a transfer and count it, pending or available; one that is over already expires at once."""
        points = source.amount
        lot = Lot(
            account.holder_id, source.id, account.id, points, points, 0, active_from, expires_at, awaits, restores
        )
        self.out.lots.append(lot)
        self.fresh.add(lot.id)
        moment = self.moment(account)
        self.touch(account, moment)
        over = end(lot, account)
        if over is not None and over <= moment:
            account.available += points
            self._expire_at(account, over, [lot])
            return lot
        if active_from > moment:
            account.pending += points
            if active_from < NEVER:
                hasten(account, active_from)
        else:
            account.available += points
        hasten(account, over)
        self.book.lots.setdefault(account.id, []).append(lot)
        return lot

    def take(self, lot: Lot, points: int, transfer: Transfer) -> int:
        """Take points out of a lot; the account's figures are the caller's."""
        lot.remaining -= points
        self.out.moves.append(LotMove(lot.holder_id, lot.id, transfer.id, points))
        self.change(lot)
        return points

    def change(self, lot: Lot) -> None:
        """Have a lot written again at the end."""
        if lot.id not in self.fresh:
            self.out.changed_lots[lot.id] = lot

    def usable(self, account: Account, moment: datetime) -> list[Lot]:
        """Return the lots that can be spent now, in the order they are."""
        found = [
            lot for lot in self.book.lots.get(account.id, ()) if lot.remaining > lot.held and lot.active_from <= moment
        ]
        found.sort(key=expiry_order)
        return found

    def take_available(self, account: Account, points: int, transfer: Transfer, moment: datetime) -> None:
        """Take available points, the lots that expire first going first."""
        left = points
        for lot in self.usable(account, moment):
            if left == 0:
                break
            left -= self.take(lot, min(left, lot.remaining - lot.held), transfer)
        account.available -= points

    # Time -------------------------------------------------------------------------------------------------------------

    def settle(self, account: Account, moment: datetime) -> None:
        """Do what time alone has done by ``moment``; ``next_change_at`` may have been too early."""
        self.forecast(account, account.changed_at)
        if account.next_change_at is None or account.next_change_at > moment:
            self.out.accounts[account.id] = account
            return
        stops = {hold.expires_at for hold in self.book.holds.get(account.id, ())}
        if account.debt:
            stops |= {lot.active_from for lot in self.book.lots.get(account.id, ())}
        for stop in sorted(stop for stop in stops if account.changed_at < stop < moment):
            self.age(account, stop)
        self.age(account, moment)
        self.forecast(account, moment)

    def age(self, account: Account, moment: datetime) -> None:
        """Take one step in time: activate, expire and free what is due by ``moment``, and pay a debt."""
        over: list[Lot] = []
        for lot in self.book.lots.get(account.id, ()):
            ended = is_over(lot, account, moment)
            # A lot may end before it begins (a short life, a long wait): it too expires out of available.
            if account.changed_at < lot.active_from and (lot.active_from <= moment or ended):
                account.pending -= lot.remaining
                account.available += lot.remaining
            if ended and lot.remaining > lot.held:
                over.append(lot)
        self.touch(account, moment)
        self.expire(account, over)
        for hold in list(self.book.holds.get(account.id, ())):
            if hold.expires_at <= moment:
                self.free(account, hold, HoldState.LAPSED, moment)
        self.repay(account, moment, None)

    def expire(self, account: Account, over: list[Lot], freed_at: datetime | None = None) -> None:
        """Let what no hold keeps of these lots go to breakage, dated at each lot's end, or when it came free."""

        def ended(lot: Lot) -> datetime:
            last = end(lot, account) or NEVER
            return last if freed_at is None or lot.id in self.fresh else max(last, freed_at)

        if len(over) == 1:  # the common case, and what a late receipt brings
            self._expire_at(account, ended(over[0]), over)
            return
        over.sort(key=lambda lot: (ended(lot), expiry_order(lot)))
        for at, group in groupby(over, key=ended):
            self._expire_at(account, at, list(group))

    def _expire_at(self, account: Account, at: datetime, lots: list[Lot]) -> None:
        points = sum([lot.remaining - lot.held for lot in lots])
        transfer = self.transfer(account, EXPIRE, points, at, None, gives_to=BREAKAGE)
        account.available -= points
        for lot in lots:
            part = self.take(lot, lot.remaining - lot.held, transfer)
            self.book.lapsed[lot.id] = self.book.lapsed.get(lot.id, 0) + part
        if account.id in self.book.expired:
            self.book.expired[account.id] += [(lot, at) for lot in lots]

    def repay(self, account: Account, at: datetime, operation: Operation | None) -> int:
        """Pay a debt out of what has become available, and return how much: available is 0 while a debt is left."""
        points = min(account.debt, account.available)
        if points:
            transfer = self.transfer(account, TransferKind.REPAY, points, at, operation, gives_to=AccountKind.DEBT)
            self.take_available(account, points, transfer, account.changed_at)
            account.debt -= points
        return points

    def free(self, account: Account, hold: HoldRow, state: HoldState, at: datetime) -> None:
        """End a hold and give its lots back to the account; what is over by now expires at once."""
        self.end_hold(account, hold, state)
        self.free_lots(account, hold.amount, hold.id, at)

    def free_lots(self, account: Account, points: int, hold_id: str, at: datetime) -> None:
        """Give what a hold still keeps of its lots back to the account; a debt is the caller's to pay."""
        over: list[Lot] = []
        mine = {lot.id: lot for lot in self.book.lots.get(account.id, ())}
        for part in self.book.hold_lots[hold_id]:
            lot = mine[part.lot_id]
            lot.held -= part.amount
            self.change(lot)
            if is_over(lot, account, at):
                over.append(lot)
        account.held -= points
        account.available += points
        self.expire(account, over, at)

    def end_hold(self, account: Account, hold: HoldRow, state: HoldState) -> None:
        """Say what became of a hold."""
        hold.state = state
        self.out.ended_holds[hold.id] = hold
        self.book.holds[account.id] = [one for one in self.book.holds[account.id] if one is not hold]

    def touch(self, account: Account, moment: datetime) -> None:
        """Have an account written, as changed at ``moment``."""
        account.changed_at = moment
        self.out.accounts[account.id] = account

    def slide(self, account: Account, lapses_at: datetime | None) -> None:
        """Move the account's own end forward, never back.

        An end that is past already, news of an old activity, ends nothing that is there.
        """
        if lapses_at is None or (account.lapses_at is not None and lapses_at <= account.lapses_at):
            return
        ahead = lapses_at > self.moment(account)
        if ahead or not (account.available or account.pending or account.held):
            account.lapses_at = lapses_at
        if ahead:
            # Early is harmless; an account that only earns has not read the lots that this concerns.
            hasten(account, lapses_at)

    def forecast(self, account: Account, moment: datetime) -> None:
        """Say when the account next changes by itself, and forget the lots that are empty."""
        lots = [lot for lot in self.book.lots.get(account.id, ()) if lot.remaining > 0]
        self.book.lots[account.id] = lots
        account.next_change_at = None
        for lot in lots:
            if moment < lot.active_from < NEVER:
                hasten(account, lot.active_from)
            if lot.remaining > lot.held:
                hasten(account, end(lot, account))
        for hold in self.book.holds.get(account.id, ()):
            hasten(account, hold.expires_at)
