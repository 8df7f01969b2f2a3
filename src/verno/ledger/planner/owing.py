"""What a return takes beyond what the member has: owed, or let go and recovered when their spending comes back.

Without that a member could keep points: earn 100, spend them, return what had earned them (100 are let go), return what
they had paid for (100 are put back). So whatever is let go is taken out of what is put back later, as far as that had
been spent before: the result is that of the other order. What was spent after the write-off is not touched, since it
was paid with points that came later. Where a merge was undone, each of the two makes up for their own.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.ledger.planner.book import LetGo
from verno.ledger.planner.desk import Desk
from verno.ledger.types import (
    Account,
    AccountKind,
    Lot,
    Operation,
    PutBack,
    TakeBack,
    Transfer,
    TransferKind,
)


class Came(msgspec.Struct, frozen=True, gc=False):
    """Points that were put back into a lot just now; they had been spent ``at``."""

    lot: Lot
    points: int
    at: datetime


def owe(desk: Desk, account: Account, points: int, entry: TakeBack, operation: Operation, own: Sequence[Lot]) -> None:
    """Let the member owe what they do not have, or let it go in the same breath; ``own`` are the lots it was earned in.

    What holds keep is owed in any case: it is not there to be taken now, and may come free in a moment.
    """
    owed = min(points, max(0, account.held - account.debt)) if entry.write_off else points
    if owed:
        _take_on_paper(desk, account, owed, entry, operation, own)
        account.debt += owed
    if points > owed:
        # What was earned before a merge stays the story of who earned it: an undoing of the merge finds it there. Once
        # they are two again it is that of the one it is taken from, though the other may have earned it for them.
        parted = dict(entry.homes)
        earners = (lot.holder_id for lot in own if lot.restores_id is None and lot.holder_id not in parted)
        earner = next(earners, account.holder_id)
        theirs = msgspec.structs.replace(account, holder_id=earner)
        taken = _take_on_paper(desk, theirs, points - owed, entry, operation, own)
        made = write_off(desk, theirs, points - owed, entry.at, operation, reverses=taken.id)
        let_go = LetGo(made.id, made.recorded_at, made.amount)
        desk.book.let_go.setdefault((earner, account.unit_id), []).append(let_go)


def _take_on_paper(
    desk: Desk, account: Account, points: int, entry: TakeBack, operation: Operation, own: Sequence[Lot]
) -> Transfer:
    return desk.transfer(
        *(account, TransferKind.TAKE_BACK, points, entry.at, operation),
        gets_from=AccountKind.DEBT,
        gives_to=AccountKind.ISSUED,
        reverses=next((lot.id for lot in own if lot.holder_id == account.holder_id), None),
    )


def write_off(
    desk: Desk, account: Account, points: int, at: datetime, operation: Operation, *, reverses: str | None = None
) -> Transfer:
    """Let a debt go. One that names the take-back it comes from can be recovered; an erased member's is gone."""
    return desk.transfer(
        *(account, TransferKind.WRITE_OFF, points, at, operation),
        gets_from=AccountKind.WRITTEN_OFF,
        gives_to=AccountKind.DEBT,
        reverses=reverses,
    )


def let_go(desk: Desk, account: Account, entry: PutBack) -> list[LetGo]:
    """Return what is still let go of the account's member, and of those who are one with them, the oldest first."""
    now = dict(entry.homes)
    holders = [
        holder
        for holder in (entry.holder_id, *entry.merged_ids)
        if now.get(holder, entry.holder_id) == account.holder_id
    ]
    found = [one for holder in holders for one in desk.book.let_go.get((holder, entry.unit_id), ()) if one.left]
    found.sort(key=lambda one: one.at)
    return found


def recover(desk: Desk, account: Account, came: Came, entry: PutBack, operation: Operation) -> int:
    """Take what is still let go out of the points that came, before they pay a debt; returns how many.

    The oldest write-off goes first, since the fewest spendings are older still; and a debt comes after it, since any
    points pay that: so any order of returns recovers as much.
    """
    # A lot whose grace was over already kept nothing.
    left = min(came.points, came.lot.remaining - came.lot.held)
    recovered = 0
    for one in let_go(desk, account, entry):
        if part := min(left - recovered, one.left if came.at <= one.at else 0):
            made = desk.transfer(
                *(account, TransferKind.RECOVER, part, entry.at, operation),
                gives_to=AccountKind.WRITTEN_OFF,
                reverses=one.transfer_id,
            )
            desk.take(came.lot, part, made)
            account.available -= part
            one.left -= part
            recovered += part
    return recovered
