"""Whether an operation may happen, judged as a whole before anything of it is applied."""

from verno.ledger.planner.book import AccountKey, Book
from verno.ledger.types import (
    MAX_POINTS,
    Capture,
    Earn,
    Hold,
    HoldState,
    Merge,
    Operation,
    PutBack,
    Refusal,
    Release,
    Spend,
    TakeBack,
)

COUNTED = (Earn, Spend, Hold, TakeBack, PutBack)
"""Entries that name a number of points above 0."""


def refusal(book: Book, operation: Operation) -> Refusal | None:
    """Return why the operation may not happen; None when it may."""
    wanted: dict[AccountKey, int] = {}
    for entry in operation.entries:
        if isinstance(entry, COUNTED) and not 0 < entry.points <= MAX_POINTS:
            return Refusal.TOO_MANY_POINTS
        if isinstance(entry, Spend | Hold):
            key = (entry.holder_id, entry.unit_id)
            wanted[key] = wanted.get(key, 0) + entry.points
        elif isinstance(entry, Capture | Release):
            found = _resolving(book, entry, wanted)
            if found is not None:
                return found
        elif isinstance(entry, Merge):
            account = book.accounts[entry.holder_id, entry.unit_id]
            if account.held:
                return Refusal.OPEN_HOLDS
    for key, points in wanted.items():
        if points > book.accounts[key].available:
            return Refusal.INSUFFICIENT_POINTS
    return None


def _resolving(book: Book, entry: Capture | Release, wanted: dict[AccountKey, int]) -> Refusal | None:
    key = (entry.holder_id, entry.unit_id)
    row = book.placed.get((entry.held_by, book.accounts[key].id))
    if isinstance(entry, Release):
        ended = row is not None and row.state in {HoldState.CAPTURED, HoldState.RELEASED}
        return Refusal.ALREADY_RESOLVED if ended else None
    if row is None or row.state in {HoldState.CAPTURED, HoldState.RELEASED}:
        return Refusal.ALREADY_RESOLVED
    if not 0 <= entry.points <= row.amount:
        return Refusal.TOO_MANY_POINTS
    if row.state is HoldState.LAPSED:
        if not entry.again:
            return Refusal.HOLD_EXPIRED
        wanted[key] = wanted.get(key, 0) + entry.points
    return None
