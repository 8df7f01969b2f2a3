"""Points that get a later end, and lose it again when what brought it is taken back.

A lot keeps its dates for ever, so its points move: out of it, and into a new one of the same account that names it. The
story tells when and why; sums, expiry and the order of spending need to know nothing of it (docs/adr/0020).
"""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import localtime
from verno.ledger import lifetime
from verno.ledger.planner.book import expiry_order
from verno.ledger.planner.desk import Desk
from verno.ledger.types import Account, AccountKind, Extend, Lot, Operation, Shorten, TransferKind


def extend(desk: Desk, account: Account, entry: Extend, operation: Operation) -> int:
    """Give usable points that end soon a later end; returns how many points."""
    moment = desk.moment(account)
    desk.touch(account, moment)
    zone = localtime.zone(entry.zone)
    lengthened = desk.book.lengthened.setdefault((operation.id, account.id), [])
    done = {lot.id for lot, _ in lengthened}
    parts: list[tuple[Lot, datetime]] = []
    for lot in desk.usable(account, moment):
        if lot.expires_at is None or lot.expires_at > entry.before or lot.id in done:
            continue
        ends = entry.until or lifetime.later(lot.expires_at, entry.days, zone)
        if ends > lot.expires_at:
            parts.append((lot, ends))
    fresh = _move(desk, account, parts, entry.at, operation)
    lengthened += [(new, lot.expires_at) for new, (lot, _) in zip(fresh, parts, strict=True) if lot.expires_at]
    return sum([lot.amount for lot in fresh])


def shorten(desk: Desk, account: Account, entry: Shorten, operation: Operation) -> int:
    """Give points the end back that they had; returns how many points."""
    desk.touch(account, desk.moment(account))
    found = sorted(desk.book.lengthened.get((entry.extended_by, account.id), ()), key=lambda one: expiry_order(one[0]))
    parts = [(lot, ends) for lot, ends in found if lot.account_id == account.id and lot.remaining > lot.held]
    return sum([lot.amount for lot in _move(desk, account, parts, entry.at, operation, undoes=True)])


def _move(
    desk: Desk,
    account: Account,
    parts: Sequence[tuple[Lot, datetime]],
    at: datetime,
    operation: Operation,
    *,
    undoes: bool = False,
) -> list[Lot]:
    """Move what is free of lots into new ones with other ends, by one transfer out and one in for each."""
    moment = desk.moment(account)
    fresh: list[Lot] = []
    if parts:
        points = sum([lot.remaining - lot.held for lot, _ in parts])
        out = desk.transfer(account, TransferKind.EXTEND, points, at, operation, gives_to=AccountKind.CLEARING)
        account.available -= points
        for lot, ends in parts:
            part = desk.take(lot, lot.remaining - lot.held, out)
            made = desk.transfer(
                *(account, TransferKind.EXTEND, part, at, operation),
                gets_from=AccountKind.CLEARING,
                reverses=lot.id if undoes else None,
            )
            new = desk.new_lot(account, made, lot.active_from, ends, restores=lot.id)
            fresh.append(new)
            for earned in desk.book.earned.values():
                # Whoever takes back what was earned finds it here.
                if any(one is lot for one in earned):
                    earned.append(new)
    desk.forecast(account, moment)
    return fresh
