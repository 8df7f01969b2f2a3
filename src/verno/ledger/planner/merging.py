"""Two members who are one: their lots move with their dates, and home again when that was a mistake."""

from datetime import datetime

from verno.ledger.planner.book import expiry_order, is_over
from verno.ledger.planner.desk import Desk
from verno.ledger.types import (
    Account,
    AccountKind,
    Lot,
    LotMove,
    Merge,
    Operation,
    SendHome,
    Transfer,
    TransferKind,
    Unmerge,
)


def merge(desk: Desk, entry: Merge, operation: Operation) -> int:
    """Move every open lot and the debt from one account to the other; returns how many points moved."""
    giver = desk.book.accounts[entry.holder_id, entry.unit_id]
    taker = desk.book.accounts[entry.into_id, entry.unit_id]
    moment = _meet(desk, giver, taker)
    desk.slide(taker, giver.lapses_at)
    points = 0
    for lot in sorted(desk.book.lots.get(giver.id, ()), key=expiry_order):
        if lot.remaining:
            points += lot.remaining
            _move(desk, giver, taker, lot, entry.at, operation)
    if giver.debt:
        _hand_over_debt(desk, giver, taker, entry.at, operation)
    desk.repay(taker, entry.at, operation)
    desk.forecast(giver, moment)
    desk.forecast(taker, moment)
    return points


def _move(
    desk: Desk, giver: Account, taker: Account, lot: Lot, at: datetime, operation: Operation, *, theirs: bool = False
) -> None:
    points, moment = lot.remaining - lot.held, giver.changed_at
    pending = lot.active_from > moment
    desk.take(lot, points, _out(desk, giver, points, at, operation))
    if pending:
        giver.pending -= points
    else:
        giver.available -= points
    # Earned for one member on the other's account: whoever follows the line of these points ends here.
    reverses = lot.id if theirs else None
    made = desk.transfer(
        taker, TransferKind.MERGE, points, at, operation, gets_from=AccountKind.CLEARING, reverses=reverses
    )
    fresh = desk.new_lot(taker, made, lot.active_from, lot.expires_at, awaits=lot.awaits, restores=lot.id)
    desk.book.earned.setdefault((operation.id, taker.id), []).append(fresh)
    desk.book.restored[lot.id] = lot


def _meet(desk: Desk, one: Account, other: Account) -> datetime:
    """Bring two accounts to the same moment, and return it: the later one's, if its clock ran ahead."""
    moment = max(desk.moment(one), desk.moment(other))
    for account in (one, other):
        if account.next_change_at is not None and account.next_change_at <= moment:
            desk.settle(account, moment)
        desk.touch(account, moment)
    return moment


def _out(desk: Desk, giver: Account, points: int, at: datetime, operation: Operation) -> Transfer:
    return desk.transfer(giver, TransferKind.MERGE, points, at, operation, gives_to=AccountKind.CLEARING)


def _hand_over_debt(desk: Desk, giver: Account, taker: Account, at: datetime, operation: Operation) -> None:
    debt, clearing = AccountKind.DEBT, AccountKind.CLEARING
    desk.transfer(giver, TransferKind.MERGE, giver.debt, at, operation, gets_from=clearing, gives_to=debt)
    desk.transfer(taker, TransferKind.MERGE, giver.debt, at, operation, gets_from=debt, gives_to=clearing)
    taker.debt += giver.debt
    giver.debt = 0


def unmerge(desk: Desk, entry: Unmerge, operation: Operation) -> int:
    """Send home what the lots of a merge still hold; what was spent or is over stays so. Returns how many points."""
    home = desk.book.accounts[entry.holder_id, entry.unit_id]
    host = desk.book.accounts[entry.into_id, entry.unit_id]
    moment = _meet(desk, home, host)
    desk.slide(home, host.lapses_at)
    points = 0
    for lot in desk.book.earned.get((entry.merged_by, host.id), ()):
        part = lot.remaining - lot.held
        original = desk.book.restored.get(lot.restores_id or "")
        if part and original is not None:
            points += part
            _return(desk, host, home, lot, original, entry.at, operation)
    # A lot may be over at home: nobody was active there meanwhile.
    lots = desk.book.lots.get(home.id, ())
    desk.expire(home, [lot for lot in lots if lot.remaining > lot.held and is_over(lot, home, moment)])
    desk.repay(home, entry.at, operation)
    desk.forecast(host, moment)
    desk.forecast(home, moment)
    return points


def _return(
    desk: Desk, host: Account, home: Account, lot: Lot, original: Lot, at: datetime, operation: Operation
) -> None:
    points, moment = lot.remaining - lot.held, host.changed_at
    pending = lot.active_from > moment
    desk.take(lot, points, _out(desk, host, points, at, operation))
    made = desk.transfer(home, TransferKind.MERGE, points, at, operation, gets_from=AccountKind.CLEARING)
    # What happened to the lot while it was away (an event it awaited) has happened.
    original.active_from, original.expires_at, original.awaits = lot.active_from, lot.expires_at, lot.awaits
    lots = desk.book.lots.setdefault(home.id, [])
    if all(one.id != original.id for one in lots):
        lots.append(original)
    original.remaining += points
    desk.out.moves.append(LotMove(original.holder_id, original.id, made.id, points))
    desk.change(original)
    if pending:
        host.pending -= points
        home.pending += points
    else:
        host.available -= points
        home.available += points


def send_home(desk: Desk, entry: SendHome, operation: Operation) -> int:
    """Move to their owner what came meanwhile in the place of their points; returns how many points moved."""
    home = desk.book.accounts[entry.holder_id, entry.unit_id]
    host = desk.book.accounts[entry.into_id, entry.unit_id]
    moment = _meet(desk, home, host)
    desk.slide(home, host.lapses_at)
    strays = desk.book.strays.get((home.id, host.id), [])
    earned = [lot for id_, _ in entry.earned for lot in desk.book.earned.get((id_, host.id), ())]
    points = 0
    for lots, theirs in ((strays, False), (earned, True)):
        for lot in sorted(lots, key=expiry_order):
            part = lot.remaining - lot.held
            if part and lot.account_id == host.id:
                points += part
                _move(desk, host, home, lot, entry.at, operation, theirs=theirs)
    desk.repay(home, entry.at, operation)
    desk.forecast(host, moment)
    desk.forecast(home, moment)
    return points
