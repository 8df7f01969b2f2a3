"""Short words for cases told one by one: operations of one entry on Ann's points, and what is asserted of them."""

from datetime import datetime

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.programs import day
from verno.ledger.types import (
    Activate,
    Capture,
    Earn,
    Entry,
    Erase,
    Hold,
    Merge,
    Operation,
    PutBack,
    Reinstate,
    Release,
    Spend,
    TakeBack,
    Unmerge,
)

ANN = ("ann", "points")
BOB = ("bob", "points")


def on(number: int | None) -> datetime | None:
    return None if number is None else day(number)


def operation(key: str, *entries: Entry) -> Operation:
    return Operation(key, f"id-{key}", "ann", "00", entries)


def earn(
    key: str,
    points: int,
    *,
    born: int = 0,
    ends: int | None = None,
    begins: int | None = None,
    awaits: str | None = None,
    lapses: int | None = None,
    most: int | None = None,
    who: tuple[str, str] = ANN,
) -> Operation:
    return operation(key, Earn(*who, points, day(born), on(begins), on(ends), awaits, on(lapses), most))


def spend(key: str, points: int, *, at: int = 0, lapses: int | None = None, who: tuple[str, str] = ANN) -> Operation:
    return operation(key, Spend(*who, points, day(at), on(lapses)))


def hold(key: str, points: int, *, until: int, at: int = 0) -> Operation:
    return operation(key, Hold(*ANN, points, day(at), day(until)))


def capture(key: str, points: int, held: str, *, at: int = 0, again: bool = False) -> Operation:
    return operation(key, Capture(*ANN, points, day(at), f"id-{held}", again))


def release(key: str, held: str, *, at: int = 0) -> Operation:
    return operation(key, Release(*ANN, day(at), f"id-{held}"))


def take_back(
    key: str,
    points: int,
    earned: str,
    *,
    born: int = 0,
    at: int = 0,
    write_off: bool = False,
    who: tuple[str, str] = ANN,
    merged: tuple[str, ...] = (),
) -> Operation:
    return operation(key, TakeBack(*who, points, day(at), f"id-{earned}", day(born), write_off, merged))


def put_back(
    key: str,
    points: int,
    spent: str,
    *,
    spent_at: int = 0,
    at: int = 0,
    until: int = 99,
    who: tuple[str, str] = ANN,
    merged: tuple[str, ...] = (),
) -> Operation:
    return operation(key, PutBack(*who, points, day(at), f"id-{spent}", day(spent_at), day(until), merged))


def activate(key: str, earned: str, *, born: int = 0, at: int = 0, ends: int | None = None) -> Operation:
    return operation(key, Activate(*ANN, day(at), f"id-{earned}", day(born), "delivered", day(at), on(ends)))


def reinstate(key: str, *, since: int, at: int, ends: int = 99) -> Operation:
    return operation(key, Reinstate(*ANN, day(at), day(since), day(ends)))


def merge(key: str, *, at: int = 0) -> Operation:
    return operation(key, Merge("ann", "bob", "points", day(at)))


def unmerge(key: str, merged: str, *, merged_at: int = 0, at: int = 0) -> Operation:
    return operation(key, Unmerge("ann", "bob", "points", day(at), f"id-{merged}", day(merged_at)))


def erase(key: str, *, at: int = 0) -> Operation:
    return operation(key, Erase(*ANN, day(at)))


def do(keeper: Bookkeeper, now: int, *operations: Operation) -> list[str]:
    """Post at a day; return "posted", "replayed" or the reason of the refusal, of each."""
    answers = [in_short(result) for result in keeper.post(operations, now=day(now))]
    return [detail if kind == "refused" else kind for kind, detail, _ in answers]


def moved(keeper: Bookkeeper, now: int, one: Operation) -> tuple[int, ...]:
    """Post at a day; return the points of each entry."""
    (result,) = keeper.post([one], now=day(now))
    return in_short(result)[2]


def state(keeper: Bookkeeper, who: tuple[str, str] = ANN) -> tuple[int, int, int, int]:
    """Return (available, pending, held, debt)."""
    account = keeper.accounts[who]
    return account.available, account.pending, account.held, account.debt


def left(keeper: Bookkeeper, who: tuple[str, str] = ANN) -> dict[datetime | None, int]:
    """Return what is left in open lots by their end."""
    return {lot.expires_at: lot.remaining for lot in keeper.open_lots(keeper.accounts[who])}


def story(keeper: Bookkeeper) -> list[str]:
    """Return the transfers in order, with their business day."""
    return [f"{t.kind} {t.amount} on {(t.at - day(0)).days}" for t in keeper.transfers.values()]
