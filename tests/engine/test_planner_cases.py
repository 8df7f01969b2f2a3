"""Cases of time and lots that a person would ask about, told one by one."""

from datetime import timedelta

import pytest

from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.programs import day
from tests.engine.told import (
    ANN,
    activate,
    do,
    earn,
    left,
    moved,
    operation,
    put_back,
    reinstate,
    spend,
    state,
    story,
    take_back,
)
from verno.ledger.types import Activate, Balance, Earn, Posted, Refusal, Spend, TransferKind

HOUR = timedelta(hours=1)


def test_points_are_usable_until_the_last_instant_and_not_at_the_next() -> None:
    for late, answer in ((-timedelta(microseconds=1), "posted"), (timedelta(0), "refused")):
        keeper = Bookkeeper()
        do(keeper, 0, earn("e", 10, ends=5))
        (result,) = keeper.post([spend("s", 10)], now=day(5) + late)
        assert in_short(result)[0] == answer


def test_a_receipt_that_comes_after_its_points_lifetime_brings_nothing_and_is_dated_honestly() -> None:
    keeper = Bookkeeper()
    (result,) = keeper.post([earn("e", 10, ends=5)], now=day(40))
    assert isinstance(result, Posted)
    assert result.balances == (Balance("points", 0),)
    earned, expired = keeper.transfers.values()
    assert (earned.at, earned.recorded_at) == (day(0), day(40))
    assert (expired.kind, expired.at, expired.recorded_at) == (TransferKind.EXPIRE, day(5), day(40))
    assert do(keeper, 40, spend("s", 1)) == [Refusal.INSUFFICIENT_POINTS]


def test_first_to_expire_goes_first_and_what_never_expires_goes_last() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("for-ever", 10), earn("far", 10, ends=20))
    do(keeper, 1, earn("near", 10, born=1, ends=9))
    do(keeper, 2, spend("s", 15))
    assert left(keeper) == {None: 10, day(20): 5}


def test_a_clock_that_runs_back_revives_nothing() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5))
    do(keeper, 6, earn("f", 1, born=6))
    assert do(keeper, 3, spend("s", 10)) == [Refusal.INSUFFICIENT_POINTS]
    assert state(keeper) == (1, 0, 0, 0)


def test_what_is_recorded_while_the_clock_runs_back_keeps_its_place() -> None:
    keeper = Bookkeeper()
    do(keeper, 6, earn("e", 10, born=6, ends=20))
    do(keeper, 3, spend("s", 10, at=3))
    assert [(t.at, t.recorded_at) for t in keeper.transfers.values()] == [(day(6), day(6)), (day(3), day(6))]


def test_pending_points_wait_for_their_moment() -> None:
    keeper = Bookkeeper()
    (result,) = keeper.post([earn("e", 10, begins=4, ends=9)], now=day(0))
    assert isinstance(result, Posted)
    assert result.balances == (Balance("points", 0, 10),)
    assert in_short(keeper.post([spend("s", 10)], now=day(4) - HOUR)[0])[0] == "refused"
    assert do(keeper, 4, spend("t", 10)) == ["posted"]


def test_points_that_end_before_they_begin_expire_without_ever_being_usable() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, begins=9, ends=5))
    assert keeper.account().next_change_at == day(5)
    assert do(keeper, 6, spend("s", 1)) == [Refusal.INSUFFICIENT_POINTS]
    assert state(keeper) == (0, 0, 0, 0)
    assert keeper.account().next_change_at is None


def test_a_till_whose_clock_runs_ahead_still_sells_usable_points() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, born=3))
    assert state(keeper) == (10, 0, 0, 0)


def test_one_expiry_moment_is_one_transfer() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, *(earn(str(n), 1, ends=5 + n % 2) for n in range(10)))
    do(keeper, 8, spend("s", 1))
    assert story(keeper)[-2:] == ["expire 5 on 5", "expire 5 on 6"]


def test_an_operation_is_wholly_done_or_not_at_all() -> None:
    keeper = Bookkeeper()
    both = operation("k", Earn("bob", "points", 5, day(0)), Spend("ann", "points", 1, day(0)))
    assert do(keeper, 0, both) == [Refusal.INSUFFICIENT_POINTS]
    assert keeper.transfers == {}
    assert keeper.known == {}


def test_the_same_key_with_another_body_is_refused_and_the_first_stands() -> None:
    keeper = Bookkeeper()
    first, other = earn("k", 10), earn("k", 99)
    do(keeper, 0, first)
    changed = type(other)(other.key, other.id, other.holder_id, "ff", other.entries)
    assert do(keeper, 400, changed, first) == [Refusal.IDEMPOTENCY_MISMATCH, "replayed"]
    assert state(keeper) == (10, 0, 0, 0)


def test_points_that_await_an_event_are_pending_without_a_date_until_it_is_told() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, awaits="delivered"))
    assert state(keeper) == (0, 10, 0, 0)
    assert keeper.account().next_change_at is None
    assert moved(keeper, 50, activate("a", "e", at=50, ends=60)) == (10,)
    assert state(keeper) == (10, 0, 0, 0)
    assert moved(keeper, 51, activate("b", "e", at=51)) == (0,), "an event happens once"
    do(keeper, 60, earn("f", 1, born=60))
    assert state(keeper) == (1, 0, 0, 0)


def test_what_an_event_activates_too_late_expires_at_once() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, awaits="delivered"))
    assert moved(keeper, 9, activate("a", "e", at=2, ends=8)) == (10,)
    assert state(keeper) == (0, 0, 0, 0)
    assert story(keeper) == ["earn 10 on 0", "expire 10 on 8"]


def test_what_an_event_lets_end_before_it_begins_expires_at_once() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, awaits="delivered"))
    late = operation("a", Activate(*ANN, day(9), "id-e", day(0), "delivered", day(20), day(8)))
    assert moved(keeper, 9, late) == (10,)
    assert state(keeper) == (0, 0, 0, 0)


def test_a_cap_gives_what_still_fits() -> None:
    keeper = Bookkeeper()
    assert moved(keeper, 0, earn("e", 10, most=12)) == (10,)
    assert moved(keeper, 0, earn("f", 10, begins=5, most=12)) == (2,)
    assert moved(keeper, 0, earn("g", 10, most=12)) == (0,)
    assert state(keeper) == (10, 2, 0, 0)


def test_a_debt_makes_room_under_the_cap() -> None:
    """What pays a debt is not kept."""
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10), spend("s", 10), take_back("r", 10, "e"))
    assert state(keeper) == (0, 0, 0, 10)
    assert moved(keeper, 0, earn("f", 30, most=12)) == (22,)
    assert state(keeper) == (12, 0, 0, 0)


# Sliding expiry


def test_every_activity_moves_the_end_of_all_points() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, lapses=30))
    do(keeper, 20, spend("s", 1, at=20, lapses=50))
    assert do(keeper, 49, spend("t", 1, at=49)) == ["posted"]
    assert do(keeper, 50, spend("u", 1, at=50)) == [Refusal.INSUFFICIENT_POINTS]
    assert story(keeper)[-1] == "expire 8 on 50"


def test_a_purchase_that_earns_nothing_under_the_cap_is_an_activity_all_the_same() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, lapses=30))
    assert moved(keeper, 20, earn("f", 5, born=20, lapses=50, most=10)) == (0,)
    assert do(keeper, 40, spend("s", 10, at=40)) == ["posted"]


def test_news_of_an_old_purchase_ends_nothing_that_is_there() -> None:
    """Its own end is past; the points of a member who came later, or before the unit began to slide, are not."""
    keeper = Bookkeeper()
    do(keeper, 40, earn("e", 10, born=40))
    do(keeper, 50, earn("late", 5, born=0, lapses=30))
    assert do(keeper, 50, spend("s", 15, at=50)) == ["posted"]


def test_an_old_purchase_alone_brings_points_that_are_over_already() -> None:
    keeper = Bookkeeper()
    do(keeper, 50, earn("late", 5, born=0, lapses=30))
    assert state(keeper) == (0, 0, 0, 0)
    assert story(keeper) == ["earn 5 on 0", "expire 5 on 30"]


# Given again


def test_expired_points_are_given_again_once() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5), spend("s", 3))
    assert moved(keeper, 6, reinstate("r", since=0, at=6, ends=20)) == (7,), "expired in the same breath"
    assert left(keeper) == {day(20): 7}
    assert moved(keeper, 7, reinstate("again", since=0, at=7)) == (0,)
    do(keeper, 20, spend("late", 1))
    assert moved(keeper, 21, reinstate("third", since=19, at=21)) == (7,)


def test_what_expired_before_the_window_stays_expired() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5), earn("f", 4, ends=8))
    assert moved(keeper, 9, reinstate("r", since=6, at=9)) == (4,)


@pytest.mark.parametrize("first", ["the return", "the second chance"])
def test_a_returned_purchase_is_not_given_again(first: str) -> None:
    """Bought, expired, returned, given again: nobody may end with points of goods they brought back."""
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5))
    if first == "the return":
        do(keeper, 6, take_back("t", 10, "e", at=6))
        assert state(keeper) == (0, 0, 0, 0)
        assert moved(keeper, 6, reinstate("r", since=0, at=6)) == (0,)
    else:
        assert moved(keeper, 6, reinstate("r", since=0, at=6)) == (10,)
        do(keeper, 6, take_back("t", 10, "e", at=6))
    assert state(keeper) == (0, 0, 0, 0)


# Put back


def test_points_go_back_into_the_very_lots_the_last_one_first() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("near", 10, ends=20), earn("far", 10, ends=30), spend("s", 15))
    do(keeper, 1, put_back("p", 7, "s"))
    assert left(keeper) == {day(20): 2, day(30): 10}
    do(keeper, 1, put_back("q", 8, "s"))
    assert left(keeper) == {day(20): 10, day(30): 10}


def test_what_is_over_gets_a_new_lot_that_names_the_old_one() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("near", 10, ends=5), earn("far", 10, ends=30), spend("s", 15))
    do(keeper, 6, put_back("p", 15, "s", until=20))
    assert left(keeper) == {day(20): 10, day(30): 10}
    (fresh,) = (lot for lot in keeper.lots.values() if lot.restores_id)
    assert keeper.lots[fresh.restores_id or ""].expires_at == day(5)
    assert do(keeper, 20, spend("late", 11)) == [Refusal.INSUFFICIENT_POINTS]


def test_a_unit_that_begins_to_slide_ends_older_points_too() -> None:
    """The purchase that sets the end brings only points that wait, or none: the others are meant all the same."""
    for later in (earn("f", 5, born=1, lapses=9, awaits="delivered"), earn("f", 5, born=1, lapses=9, most=10)):
        keeper = Bookkeeper()
        do(keeper, 0, earn("e", 10))
        do(keeper, 1, later)
        assert do(keeper, 9, spend("s", 1, at=9)) == [Refusal.INSUFFICIENT_POINTS]


def test_what_is_given_again_until_yesterday_is_over_once_more_and_only_once() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5))
    assert moved(keeper, 9, reinstate("r", since=0, at=9, ends=8)) == (10,)
    assert story(keeper) == ["earn 10 on 0", "expire 10 on 5", "reinstate 10 on 9", "expire 10 on 8"]
