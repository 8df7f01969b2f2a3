"""Whether an operation may happen, judged as a whole before anything of it is applied."""

from verno.ledger.planner.book import AccountKey, Book, OriginKey
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
    Shorten,
    Spend,
    TakeBack,
)

COUNTED = (Earn, Spend, Hold, TakeBack, PutBack)
"""Entries that name a number of points above 0."""


def refusal(book: Book, operation: Operation) -> Refusal | None:
    """Return why the operation may not happen; None when it may."""
    wanted: dict[AccountKey, int] = {}
    taken: dict[AccountKey, int] = {}
    resolved: set[OriginKey] = set()
    for entry in operation.entries:
        if isinstance(entry, COUNTED) and not 0 < entry.points <= MAX_POINTS:
            return Refusal.TOO_MANY_POINTS
        if isinstance(entry, Earn):  # nothing else can stand against what most entries are
            continue
        if isinstance(entry, Capture | Release):
            found = _resolving(book, entry, wanted, resolved)
            if found is not None:
                return found
        elif isinstance(entry, Merge) and book.accounts[entry.holder_id, entry.unit_id].held:
            return Refusal.OPEN_HOLDS
        elif isinstance(entry, Spend | Hold | TakeBack):
            _count(taken if isinstance(entry, TakeBack) else wanted, entry)
    for key, points in wanted.items():
        # What one operation takes back, or lets end, it cannot spend as well.
        if points + taken.get(key, 0) + _may_end(book, key, operation) > book.accounts[key].available:
            return Refusal.INSUFFICIENT_POINTS
    return None


def _may_end(book: Book, key: AccountKey, operation: Operation) -> int:
    """Return how many points of an account the operation gives an earlier end, which may be over."""
    account = book.accounts[key]
    lots = [
        lot
        for entry in operation.entries
        if isinstance(entry, Shorten)
        for lot, _ in book.lengthened.get((entry.extended_by, account.id), ())
        if lot.account_id == account.id
    ]
    return sum([lot.remaining - lot.held for lot in lots])


def _count(points: dict[AccountKey, int], entry: Spend | Hold | TakeBack | Capture) -> None:
    key = (entry.holder_id, entry.unit_id)
    points[key] = points.get(key, 0) + entry.points


def _resolving(
    book: Book, entry: Capture | Release, wanted: dict[AccountKey, int], resolved: set[OriginKey]
) -> Refusal | None:
    origin = (entry.held_by, book.accounts[entry.holder_id, entry.unit_id].id)
    if origin in resolved:
        return Refusal.ALREADY_RESOLVED
    resolved.add(origin)
    row = book.placed.get(origin)
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
        _count(wanted, entry)
    return None
