"""What each kind of entry does to locked accounts. An entry was judged before: here nothing is refused."""

import msgspec

from verno.ledger.planner import owing
from verno.ledger.planner.book import NEVER, Part, expiry_order, is_over
from verno.ledger.planner.desk import Desk
from verno.ledger.types import (
    Account,
    AccountKind,
    Activate,
    Capture,
    Earn,
    Erase,
    Hold,
    HoldLot,
    HoldRow,
    HoldState,
    Lot,
    LotMove,
    Operation,
    PutBack,
    Reinstate,
    Release,
    Spend,
    TakeBack,
    TransferKind,
)

GIVERS = {
    TransferKind.EARN: AccountKind.ISSUED,
    TransferKind.ADJUST: AccountKind.ADJUSTED,
    TransferKind.OPEN: AccountKind.OPENING,
    TransferKind.RECEIVE: AccountKind.CLEARING,
}
"""Where the points of an ``Earn`` come from, by its kind."""

TAKERS = {
    TransferKind.SPEND: AccountKind.REDEEMED,
    TransferKind.ADJUST: AccountKind.ADJUSTED,
    TransferKind.SEND: AccountKind.CLEARING,
}
"""Where the points of a ``Spend`` go, by its kind."""


def earn(desk: Desk, account: Account, entry: Earn, operation: Operation) -> int:
    """Give points as one lot, under the cap; returns how many."""
    moment = desk.moment(account)
    points = entry.points
    desk.slide(account, entry.lapses_at)
    if entry.most is not None:
        holds = account.available + account.pending + account.held - account.debt
        points = max(0, min(points, entry.most - holds))
    if not points:
        desk.touch(account, moment)
        return 0
    made = desk.transfer(account, entry.kind, points, entry.at, operation, gets_from=GIVERS[entry.kind])
    # "At once" never means later than now: a till whose clock runs ahead still sells usable points.
    active_from = NEVER if entry.awaits else entry.active_from or min(entry.at, moment)
    lot = desk.new_lot(account, made, active_from, entry.expires_at, awaits=entry.awaits)
    desk.book.earned.setdefault((operation.id, account.id), []).append(lot)
    if account.debt:
        desk.repay(account, entry.at, operation)
    return points


def spend(desk: Desk, account: Account, entry: Spend, operation: Operation) -> int:
    """Take available points."""
    _spend(desk, account, entry.points, entry, operation)
    return entry.points


def _spend(desk: Desk, account: Account, points: int, entry: Spend | Capture, operation: Operation) -> None:
    kind = entry.kind if isinstance(entry, Spend) else TransferKind.SPEND
    moment = desk.moment(account)
    made = desk.transfer(account, kind, points, entry.at, operation, gives_to=TAKERS[kind])
    desk.slide(account, entry.lapses_at)
    desk.touch(account, moment)
    before = len(desk.out.moves)
    desk.take_available(account, points, made, moment)
    _remember(desk, account, operation, desk.out.moves[before:])
    desk.forecast(account, moment)


def _remember(desk: Desk, account: Account, operation: Operation, moves: list[LotMove]) -> None:
    lots = {lot.id: lot for lot in desk.book.lots[account.id]}
    parts = [Part(move.transfer_id, lots[move.lot_id], move.amount, desk.moment(account)) for move in moves]
    desk.book.spent.setdefault((operation.id, account.id), []).extend(parts)


def hold(desk: Desk, account: Account, entry: Hold, operation: Operation) -> int:
    """Set points aside, from the lots that would be spent."""
    moment = desk.moment(account)
    row = HoldRow(
        account.holder_id,
        desk.next_id(),
        account.id,
        operation.id,
        entry.points,
        0,
        moment,
        entry.expires_at,
        HoldState.OPEN,
    )
    parts: list[HoldLot] = []
    left = entry.points
    for lot in desk.usable(account, moment):
        if left == 0:
            break
        part = min(left, lot.remaining - lot.held)
        left -= part
        lot.held += part
        desk.change(lot)
        parts.append(HoldLot(account.holder_id, row.id, lot.id, part))
    account.available -= entry.points
    account.held += entry.points
    desk.out.holds.append(row)
    desk.out.hold_lots.extend(parts)
    desk.book.holds.setdefault(account.id, []).append(row)
    desk.book.hold_lots[row.id] = parts
    desk.book.placed[operation.id, account.id] = row
    desk.touch(account, moment)
    if row.expires_at <= moment:
        desk.free(account, row, HoldState.LAPSED, moment)
    desk.forecast(account, moment)
    return entry.points


def capture(desk: Desk, account: Account, entry: Capture, operation: Operation) -> int:
    """Spend of a hold, from the lots it keeps, and free the rest; of a lapsed one, from what is available."""
    row = desk.book.placed[entry.held_by, account.id]
    if row.state is not HoldState.OPEN and entry.points:
        _spend(desk, account, entry.points, entry, operation)
        return entry.points
    moment = desk.moment(account)
    desk.slide(account, entry.lapses_at)
    desk.touch(account, moment)
    if row.state is not HoldState.OPEN:
        return 0
    if entry.points:
        made = desk.transfer(
            account, TransferKind.SPEND, entry.points, entry.at, operation, gives_to=AccountKind.REDEEMED
        )
        before = len(desk.out.moves)
        left = entry.points
        lots = {lot.id: lot for lot in desk.book.lots[account.id]}
        kept: list[HoldLot] = []
        for part in desk.book.hold_lots[row.id]:
            used = min(left, part.amount)
            left -= used
            if used:
                lots[part.lot_id].held -= used
                desk.take(lots[part.lot_id], used, made)
            if used < part.amount:
                kept.append(HoldLot(part.holder_id, part.hold_id, part.lot_id, part.amount - used))
        _remember(desk, account, operation, desk.out.moves[before:])
        row.captured = entry.points
        account.held -= entry.points
        desk.end_hold(account, row, HoldState.CAPTURED)
        desk.book.hold_lots[row.id] = kept
        desk.free_lots(account, row.amount - row.captured, row.id, moment)
    else:
        desk.free(account, row, HoldState.CAPTURED, moment)
    desk.repay(account, entry.at, operation)
    desk.forecast(account, moment)
    return entry.points


def release(desk: Desk, account: Account, entry: Release, operation: Operation) -> int:
    """Free a hold; one that has lapsed is free already."""
    row = desk.book.placed.get((entry.held_by, account.id))
    moment = desk.moment(account)
    desk.touch(account, moment)
    if row is None or row.state is not HoldState.OPEN:
        return 0
    desk.free(account, row, HoldState.RELEASED, moment)
    desk.repay(account, entry.at, operation)
    desk.forecast(account, moment)
    return row.amount


def take_back(desk: Desk, account: Account, entry: TakeBack, operation: Operation) -> int:
    """Take what an operation had earned: own lots, own expired points, other lots, debt."""
    moment = desk.moment(account)
    desk.touch(account, moment)
    own = desk.book.earned.get((entry.earned_by, account.id), [])
    own = sorted(own, key=lambda lot: (lot.active_from <= moment, expiry_order(lot)))
    left = entry.points
    parts: list[tuple[Lot, int]] = []
    mine = [lot for lot in own if lot.account_id == account.id]
    for lot in mine:
        if part := min(left, lot.remaining - lot.held):
            parts.append((lot, part))
            left -= part
    lapsed = _lapsed(desk, own, left)
    left -= sum([part for _, part in lapsed])
    own_ids = {lot.id for lot in mine}
    for lot in desk.usable(account, moment):
        if lot.id not in own_ids and (part := min(left, lot.remaining - lot.held)):
            parts.append((lot, part))
            left -= part
    reverses = mine[0].id if mine else None
    if parts:
        points = sum([part for _, part in parts])
        made = desk.transfer(
            *(account, TransferKind.TAKE_BACK, points, entry.at, operation),
            gives_to=AccountKind.ISSUED,
            reverses=reverses,
        )
        for lot, part in parts:
            desk.take(lot, part, made)
            if lot.active_from > moment:
                account.pending -= part
            else:
                account.available -= part
    for lot, part in lapsed:
        # What a member lost before they were merged into this one stays their story.
        theirs = msgspec.structs.replace(account, holder_id=lot.holder_id)
        desk.transfer(
            *(theirs, TransferKind.TAKE_BACK, part, entry.at, operation),
            gets_from=AccountKind.BREAKAGE,
            gives_to=AccountKind.ISSUED,
            reverses=lot.id,
        )
        desk.book.lapsed[lot.id] -= part
    if left:
        owing.owe(desk, account, left, entry, operation, own)
    desk.forecast(account, moment)
    return entry.points


def _lapsed(desk: Desk, own: list[Lot], left: int) -> list[tuple[Lot, int]]:
    found: list[tuple[Lot, int]] = []
    for lot in own:
        if part := min(left, desk.book.lapsed.get(lot.id, 0)):
            found.append((lot, part))
            left -= part
    return found


def put_back(desk: Desk, account: Account, entry: PutBack, operation: Operation) -> int:
    """Fill the very lots a spend ate, the last one first; a lot that is over gets a new one in its place.

    Returns how many points were not recovered at once.
    """
    owners = {account.id: account}
    homes, whose = dict(entry.homes), dict(entry.owners)
    desk.touch(account, desk.moment(account))
    left = entry.points
    recovered = 0
    living: dict[tuple[str, str], list[tuple[Part, int]]] = {}
    for part in reversed(desk.book.spent.get((entry.spent_by, account.id), [])):
        points = min(left, part.amount - part.back)
        if not points:
            continue
        left -= points
        part.back += points
        first = whose.get(part.lot.id, part.origin_id)
        owner = desk.book.accounts[homes.get(first, account.holder_id), account.unit_id]
        owners[owner.id] = owner
        desk.touch(owner, desk.moment(owner))
        lot = part.lot
        if lot.account_id != owner.id or is_over(lot, owner, owner.changed_at):
            lot = _in_its_place(desk, owner, points, entry, operation, part)
        elif owner.debt or owing.let_go(desk, owner, entry):
            _refill(desk, owner, [(part, points)], entry, operation, part.transfer_id)
        else:
            living.setdefault((owner.id, part.transfer_id), []).append((part, points))
        # A write-off and a debt take what comes first, so that it makes no difference in how many parts a return comes.
        recovered += owing.recover(desk, owner, owing.Came(lot, points, part.at), entry, operation)
        desk.repay(owner, entry.at, operation)
    for (owner_id, transfer_id), parts in living.items():
        _refill(desk, owners[owner_id], parts, entry, operation, transfer_id)
    if left:
        # Spent under a name that nobody told us: there is no lot here that it came from.
        lot = _in_its_place(desk, account, left, entry, operation, None)
        recovered += owing.recover(desk, account, owing.Came(lot, left, entry.spent_at), entry, operation)
        desk.repay(account, entry.at, operation)
    for owner in owners.values():
        desk.forecast(owner, owner.changed_at)
    return entry.points - recovered


def _refill(
    desk: Desk,
    account: Account,
    parts: list[tuple[Part, int]],
    entry: PutBack,
    operation: Operation,
    transfer_id: str,
) -> None:
    made = desk.transfer(
        *(account, TransferKind.PUT_BACK, sum([points for _, points in parts]), entry.at, operation),
        gets_from=AccountKind.REDEEMED,
        reverses=transfer_id,
    )
    lots = desk.book.lots.setdefault(account.id, [])
    for part, points in parts:
        lot = part.lot
        if lot.remaining == 0 and all(one.id != lot.id for one in lots):
            lots.append(lot)
        lot.remaining += points
        desk.out.moves.append(LotMove(lot.holder_id, lot.id, made.id, points))
        desk.change(lot)
        account.available += points


def _in_its_place(
    desk: Desk, account: Account, points: int, entry: PutBack, operation: Operation, part: Part | None
) -> Lot:
    made = desk.transfer(
        *(account, TransferKind.PUT_BACK, points, entry.at, operation),
        gets_from=AccountKind.REDEEMED,
        reverses=part.transfer_id if part else None,
    )
    moment = desk.moment(account)
    # The lot of a member merged into this one lies out of reach: what stands for it keeps its end while that lasts.
    lasts = part and not is_over(part.lot, account, moment)
    ends = part.lot.expires_at if part and lasts else entry.grace_until
    return desk.new_lot(account, made, moment, ends, restores=part.lot.id if part else None)


def activate(desk: Desk, account: Account, entry: Activate, operation: Operation) -> int:
    """Let the event have happened that an operation's lots await; returns how many points that concerns."""
    moment = desk.moment(account)
    desk.slide(account, entry.lapses_at)
    desk.touch(account, moment)
    points = 0
    over: list[Lot] = []
    for lot in desk.book.earned.get((entry.earned_by, account.id), ()):
        if lot.account_id != account.id or lot.awaits != entry.event or not lot.remaining:
            continue
        points += lot.remaining
        lot.awaits = None
        lot.active_from = entry.active_from
        lot.expires_at = entry.expires_at or lot.expires_at
        desk.change(lot)
        ended = is_over(lot, account, moment)
        if lot.active_from <= moment or ended:
            account.pending -= lot.remaining
            account.available += lot.remaining
        if ended:
            over.append(lot)
    desk.expire(account, over)
    desk.repay(account, entry.at, operation)
    desk.forecast(account, moment)
    return points


def reinstate(desk: Desk, account: Account, entry: Reinstate, operation: Operation) -> int:
    """Give expired points again, each lot's in a new one that names it; returns how many."""
    moment = desk.moment(account)
    desk.touch(account, moment)
    points = 0
    for lot, expired_at in list(desk.book.expired.get(account.id, ())):
        part = desk.book.lapsed.get(lot.id, 0)
        if part and expired_at >= entry.since:
            made = desk.transfer(
                *(account, TransferKind.REINSTATE, part, entry.at, operation),
                gets_from=AccountKind.BREAKAGE,
                reverses=lot.id,
            )
            desk.book.lapsed[lot.id] -= part
            desk.new_lot(account, made, moment, entry.expires_at, restores=lot.id)
            points += part
    desk.repay(account, entry.at, operation)
    desk.forecast(account, moment)
    return points


def erase(desk: Desk, account: Account, entry: Erase, operation: Operation) -> int:
    """Leave nothing: holds voided, all lots to breakage, the debt written off; returns how many points went."""
    moment = desk.moment(account)
    desk.touch(account, moment)
    if account.debt:
        owing.write_off(desk, account, account.debt, entry.at, operation)
        account.debt = 0
    for row in list(desk.book.holds.get(account.id, ())):
        desk.free(account, row, HoldState.RELEASED, moment)
    points = account.available + account.pending
    if points:
        made = desk.transfer(*(account, TransferKind.ERASE, points, entry.at, operation), gives_to=AccountKind.BREAKAGE)
        for lot in desk.book.lots.get(account.id, ()):
            if lot.remaining:
                desk.take(lot, lot.remaining, made)
        account.available = account.pending = 0
    desk.forecast(account, moment)
    return points
