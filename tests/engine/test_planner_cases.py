"""Cases of the planner a person would ask about, told one by one."""

from datetime import timedelta

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.programs import day
from verno.ledger.types import Balance, Earn, Operation, Posted, Refusal, Spend, TransferKind

HOUR = timedelta(hours=1)


def earn(key: str, points: int, *, born: int, ends: int | None, begins: int | None = None) -> Operation:
    starts = None if begins is None else day(begins)
    over = None if ends is None else day(ends)
    return Operation(key, f"id-{key}", "ann", "00", (Earn("ann", "points", points, day(born), starts, over),))


def spend(key: str, points: int, *, at: int = 0) -> Operation:
    return Operation(key, f"id-{key}", "ann", "00", (Spend("ann", "points", points, day(at)),))


def available(keeper: Bookkeeper) -> int:
    return keeper.accounts["ann", "points"].available


def test_points_are_usable_until_the_last_instant_and_not_at_the_next() -> None:
    for late, answer in ((-timedelta(microseconds=1), "posted"), (timedelta(0), "refused")):
        keeper = Bookkeeper()
        keeper.post([earn("e", 10, born=0, ends=5)], now=day(0))
        (result,) = keeper.post([spend("s", 10)], now=day(5) + late)
        assert in_short(result)[0] == answer


def test_a_receipt_that_comes_after_its_points_lifetime_brings_nothing_and_is_dated_honestly() -> None:
    keeper = Bookkeeper()
    (result,) = keeper.post([earn("e", 10, born=0, ends=5)], now=day(40))
    assert isinstance(result, Posted)
    assert result.balances == (Balance("points", 0),)
    earned, expired = keeper.transfers
    assert (earned.at, earned.recorded_at) == (day(0), day(40))
    assert (expired.kind, expired.at, expired.recorded_at) == (TransferKind.EXPIRE, day(5), day(40))
    (again,) = keeper.post([spend("s", 1)], now=day(40))
    assert in_short(again) == ("refused", Refusal.INSUFFICIENT_POINTS)


def test_first_to_expire_goes_first_and_what_never_expires_goes_last() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("for-ever", 10, born=0, ends=None), earn("far", 10, born=0, ends=20)], now=day(0))
    keeper.post([earn("near", 10, born=1, ends=9)], now=day(1))
    keeper.post([spend("s", 15)], now=day(2))
    left = {lot.expires_at: lot.remaining for lot in keeper.lots.values()}
    assert left == {None: 10, day(20): 5, day(9): 0}


def test_a_clock_that_runs_back_revives_nothing() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("e", 10, born=0, ends=5)], now=day(0))
    keeper.post([earn("f", 1, born=6, ends=None)], now=day(6))
    (result,) = keeper.post([spend("s", 10)], now=day(3))
    assert in_short(result) == ("refused", Refusal.INSUFFICIENT_POINTS)
    assert available(keeper) == 1


def test_what_is_recorded_while_the_clock_runs_back_keeps_its_place() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("e", 10, born=6, ends=20)], now=day(6))
    keeper.post([spend("s", 10)], now=day(3))
    assert [transfer.recorded_at for transfer in keeper.transfers] == [day(6), day(6)]


def test_pending_points_wait_for_their_day() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("e", 10, born=0, begins=4, ends=9)], now=day(0))
    assert (available(keeper), keeper.accounts["ann", "points"].pending) == (0, 10)
    assert in_short(keeper.post([spend("s", 10)], now=day(4) - HOUR)[0])[0] == "refused"
    assert in_short(keeper.post([spend("s", 10)], now=day(4))[0])[0] == "posted"


def test_points_that_end_before_they_begin_expire_without_ever_being_usable() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("e", 10, born=0, begins=9, ends=5)], now=day(0))
    assert keeper.accounts["ann", "points"].next_change_at == day(5)
    assert in_short(keeper.post([spend("s", 1)], now=day(6))[0]) == ("refused", Refusal.INSUFFICIENT_POINTS)
    account = keeper.accounts["ann", "points"]
    assert (account.available, account.pending, account.next_change_at) == (0, 0, None)


def test_a_till_whose_clock_runs_ahead_still_sells_usable_points() -> None:
    keeper = Bookkeeper()
    keeper.post([earn("e", 10, born=3, ends=None)], now=day(0))
    assert available(keeper) == 10


def test_one_expiry_moment_is_one_transfer() -> None:
    keeper = Bookkeeper()
    keeper.post([earn(str(n), 1, born=0, ends=5 + n % 2) for n in range(10)], now=day(0))
    keeper.post([spend("s", 1)], now=day(8))
    expired = [(t.amount, t.at) for t in keeper.transfers if t.kind is TransferKind.EXPIRE]
    assert expired == [(5, day(5)), (5, day(6))]


def test_an_operation_is_wholly_done_or_not_at_all() -> None:
    keeper = Bookkeeper()
    both = Operation("k", "id", "ann", "00", (
        Earn("bob", "points", 5, day(0)),
        Spend("ann", "points", 1, day(0)),
    ))  # fmt: skip
    assert in_short(keeper.post([both], now=day(0))[0]) == ("refused", Refusal.INSUFFICIENT_POINTS)
    assert keeper.transfers == []
    assert keeper.known == {}


def test_the_same_key_with_another_body_is_refused_and_the_first_stands() -> None:
    keeper = Bookkeeper()
    first, other = earn("k", 10, born=0, ends=None), earn("k", 99, born=0, ends=None)
    keeper.post([first], now=day(0))
    changed = Operation(other.key, other.id, other.holder_id, "ff", other.entries)
    assert in_short(keeper.post([changed], now=day(400))[0]) == ("refused", Refusal.IDEMPOTENCY_MISMATCH)
    assert in_short(keeper.post([first], now=day(400))[0]) == ("replayed", "id-k")
    assert available(keeper) == 10
