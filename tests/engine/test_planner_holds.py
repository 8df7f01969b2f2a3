"""Cases of holds, debts, merges and erasure, told one by one."""

from itertools import pairwise

import pytest

from tests.engine.bookkeeper import Bookkeeper
from tests.engine.programs import day
from tests.engine.told import (
    ANN,
    BOB,
    capture,
    do,
    earn,
    erase,
    hold,
    left,
    merge,
    moved,
    operation,
    release,
    spend,
    state,
    story,
    take_back,
    unmerge,
)
from verno.ledger.types import Capture, HoldState, Refusal, Release, Spend, TakeBack


def with_a_hold(points: int = 10, *, ends: int | None = None, until: int = 5) -> Bookkeeper:
    keeper = Bookkeeper()
    assert do(keeper, 0, earn("e", points, ends=ends), hold("h", 6, until=until)) == ["posted", "posted"]
    return keeper


def test_what_is_held_cannot_be_spent() -> None:
    keeper = with_a_hold()
    assert state(keeper) == (4, 0, 6, 0)
    assert do(keeper, 1, spend("s", 5)) == [Refusal.INSUFFICIENT_POINTS]


def test_a_capture_spends_a_part_and_frees_the_rest() -> None:
    keeper = with_a_hold()
    assert moved(keeper, 1, capture("c", 2, "h", at=1)) == (2,)
    assert state(keeper) == (8, 0, 0, 0)
    assert story(keeper) == ["earn 10 on 0", "spend 2 on 1"]


ENDS = [capture("other", 6, "h"), capture("nothing", 0, "h"), release("r", "h")]


@pytest.mark.parametrize("first", ENDS, ids=lambda one: one.key)
@pytest.mark.parametrize("second", [capture("late", 1, "h", again=True), release("late", "h")], ids=["capture", "free"])
def test_a_hold_ends_once(first: object, second: object) -> None:
    keeper = with_a_hold()
    assert do(keeper, 1, first) == ["posted"]  # type: ignore[arg-type]
    assert do(keeper, 1, second) == [Refusal.ALREADY_RESOLVED]  # type: ignore[arg-type]


def test_one_operation_cannot_end_a_hold_twice() -> None:
    keeper = with_a_hold(6)
    both = operation("both", Capture(*ANN, 6, day(1), "id-h"), Capture(*ANN, 6, day(1), "id-h"))
    assert do(keeper, 1, both) == [Refusal.ALREADY_RESOLVED]
    mixed = operation("mixed", Release(*ANN, day(1), "id-h"), Capture(*ANN, 6, day(1), "id-h"))
    assert do(keeper, 1, mixed) == [Refusal.ALREADY_RESOLVED]
    assert state(keeper) == (0, 0, 6, 0)


def test_more_than_is_held_cannot_be_captured() -> None:
    keeper = with_a_hold()
    assert do(keeper, 1, capture("c", 7, "h"), capture("d", -1, "h")) == [Refusal.TOO_MANY_POINTS] * 2


def test_a_hold_that_nobody_placed_cannot_be_captured_and_is_free_already() -> None:
    keeper = with_a_hold()
    assert do(keeper, 1, capture("c", 1, "x"), release("r", "x")) == [Refusal.ALREADY_RESOLVED, "posted"]


def test_time_frees_a_hold_at_its_very_end() -> None:
    keeper = with_a_hold()
    assert do(keeper, 5, capture("c", 6, "h")) == [Refusal.HOLD_EXPIRED]
    assert state(keeper) == (10, 0, 0, 0)
    assert moved(keeper, 5, release("r", "h")) == (0,)


def test_a_late_capture_may_spend_what_is_available() -> None:
    keeper = with_a_hold()
    assert do(keeper, 5, spend("s", 5), capture("c", 6, "h", again=True)) == ["posted", Refusal.INSUFFICIENT_POINTS]
    assert do(keeper, 5, capture("d", 5, "h", again=True)) == ["posted"]
    assert state(keeper) == (0, 0, 0, 0)


def test_a_hold_whose_time_is_over_when_it_is_placed_holds_nothing() -> None:
    keeper = Bookkeeper()
    assert do(keeper, 9, earn("e", 10), hold("h", 6, until=5), spend("s", 10)) == ["posted"] * 3
    assert [one.state for one in keeper.holds.values()] == [HoldState.LAPSED]


def test_a_hold_keeps_its_lots_alive_and_what_comes_free_is_over_at_once() -> None:
    keeper = with_a_hold(10, ends=3)
    do(keeper, 4, spend("refused", 1))
    assert state(keeper) == (0, 0, 6, 0)
    assert do(keeper, 4, capture("c", 5, "h", at=4)) == ["posted"]
    assert state(keeper) == (0, 0, 0, 0)
    assert story(keeper) == ["earn 10 on 0", "expire 4 on 3", "spend 5 on 4", "expire 1 on 4"]


# Taken back


def test_own_lots_go_first_and_pending_ones_before_the_others() -> None:
    keeper = Bookkeeper()
    mine = operation("e", *earn("x", 10, ends=20).entries, *earn("y", 10, begins=9).entries)
    do(keeper, 0, mine, earn("other", 10, ends=2))
    do(keeper, 1, take_back("t", 15, "e"))
    assert left(keeper) == {day(2): 10, day(20): 5}


def test_what_expired_by_itself_costs_the_member_nothing() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5), spend("s", 3))
    do(keeper, 6, earn("other", 20, born=6), take_back("t", 10, "e", at=6))
    assert state(keeper) == (17, 0, 0, 0), "7 expired, 3 were spent and come out of the others"


def test_a_second_return_does_not_find_again_what_had_expired() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10, ends=5), spend("s", 3))
    do(keeper, 6, earn("other", 20, born=6))
    for now in (6, 7):
        do(keeper, now, take_back(f"t {now}", 5, "e", at=now))
    assert state(keeper) == (17, 0, 0, 0)


@pytest.mark.parametrize("write_off", [False, True])
def test_what_is_not_there_is_owed_or_written_off(write_off: bool) -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10), spend("s", 8))
    assert moved(keeper, 1, take_back("t", 10, "e", write_off=write_off)) == (10,)
    assert state(keeper) == (0, 0, 0, 0 if write_off else 8)


def test_what_is_held_is_not_taken_back() -> None:
    keeper = with_a_hold(6)
    do(keeper, 1, take_back("t", 6, "e"))
    assert state(keeper) == (0, 0, 6, 6)
    do(keeper, 1, release("r", "h"))
    assert state(keeper) == (0, 0, 0, 0)


def test_one_operation_cannot_spend_what_it_takes_back() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("e", 10))
    both = operation("k", TakeBack(*ANN, 10, day(1), "id-e", day(0)), Spend(*ANN, 1, day(1)))
    assert do(keeper, 1, both) == [Refusal.INSUFFICIENT_POINTS]


# Debts and time


def owing(points: int) -> Bookkeeper:
    keeper = Bookkeeper()
    do(keeper, 0, earn("old", points), spend("gone", points), take_back("back", points, "old"))
    assert state(keeper) == (0, 0, 0, points)
    return keeper


@pytest.mark.parametrize("looks", [(9,), (3, 9), (1, 2, 3, 4, 5, 6, 7, 8, 9)], ids=str)
def test_it_makes_no_difference_who_looked_when(looks: tuple[int, ...]) -> None:
    """Points that began while there was a debt have paid it, even if they would be over by now."""
    keeper = owing(10)
    do(keeper, 0, earn("e", 6, begins=3, ends=5), earn("f", 9, begins=7))
    for now in looks:
        do(keeper, now, spend(f"refused {now}", 99))
    assert state(keeper) == (5, 0, 0, 0)
    assert story(keeper)[-2:] == ["repay 6 on 3", "repay 4 on 7"]


@pytest.mark.parametrize("looks", [(9,), (2, 9), (2, 3, 4, 9)], ids=str)
def test_what_a_hold_frees_pays_at_that_time_and_not_out_of_what_begins_later(looks: tuple[int, ...]) -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 6), hold("h", 6, until=2), take_back("t", 6, "a"))
    do(keeper, 0, earn("b", 5, begins=3, ends=4), earn("c", 1, begins=3))
    for now in looks:
        do(keeper, now, spend(f"refused {now}", 99))
    assert state(keeper) == (1, 0, 0, 0)
    assert story(keeper)[-2:] == ["repay 6 on 2", "expire 5 on 4"]


def test_available_is_never_positive_while_something_is_owed() -> None:
    keeper = owing(10)
    for now, one in enumerate((earn("a", 4), earn("b", 4, begins=2), earn("c", 9))):
        do(keeper, now, one)
        available, _, _, debt = state(keeper)
        assert not (available and debt)
    assert state(keeper) == (7, 0, 0, 0)


# Two who are one


def test_a_merge_moves_lots_with_their_dates_and_the_debt() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 10, ends=20), earn("p", 5, begins=9), earn("b", 7, who=BOB))
    assert moved(keeper, 1, merge("m", at=1)) == (15,)
    assert (state(keeper), state(keeper, BOB)) == ((0, 0, 0, 0), (17, 5, 0, 0))
    assert left(keeper, BOB) == {None: 5, day(20): 10} | {None: 5}
    indebted = owing(10)
    do(indebted, 0, earn("b", 7, who=BOB), merge("m"))
    assert (state(indebted), state(indebted, BOB)) == ((0, 0, 0, 0), (0, 0, 0, 3))


def test_points_set_aside_keep_their_owner() -> None:
    assert do(with_a_hold(), 1, merge("m")) == [Refusal.OPEN_HOLDS]


def test_undoing_a_merge_sends_home_what_is_left() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 10, ends=20), earn("b", 7, who=BOB))
    do(keeper, 1, merge("m", at=1))
    do(keeper, 2, spend("s", 4, who=BOB))
    assert moved(keeper, 3, unmerge("u", "m", merged_at=1, at=3)) == (6,)
    assert (state(keeper), state(keeper, BOB)) == ((6, 0, 0, 0), (7, 0, 0, 0))
    assert left(keeper) == {day(20): 6}


def test_a_merge_brings_both_to_the_later_clock() -> None:
    """Ann's pending points begin before Bob's last change: whoever merges them sees them as they are by then."""
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 10, begins=7), earn("x", 3, ends=8))
    do(keeper, 9, earn("b", 7, born=9, who=BOB))
    assert moved(keeper, 5, merge("m", at=5)) == (10,)
    assert (state(keeper), state(keeper, BOB)) == ((0, 0, 0, 0), (17, 0, 0, 0))
    recorded = [transfer.recorded_at for transfer in keeper.transfers.values()]
    assert all(one <= other for one, other in pairwise(recorded))


def test_what_comes_home_pays_the_debt_that_arose_meanwhile() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 10))
    do(keeper, 1, merge("m", at=1), take_back("t", 4, "a"))
    assert state(keeper) == (0, 0, 0, 4)
    do(keeper, 2, unmerge("u", "m", merged_at=1, at=2))
    assert state(keeper) == (6, 0, 0, 0)


def test_merged_points_slide_with_their_new_owner_and_back_home_too() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("a", 10, lapses=30), earn("b", 7, lapses=30, who=BOB))
    do(keeper, 1, merge("m", at=1))
    do(keeper, 20, spend("s", 7, at=20, lapses=50, who=BOB))
    assert moved(keeper, 40, unmerge("u", "m", merged_at=1, at=40)) == (10,)
    assert do(keeper, 49, spend("t", 10)) == ["posted"]


# Nothing is left


def test_erasure_voids_holds_and_leaves_nothing() -> None:
    keeper = with_a_hold()
    do(keeper, 1, earn("p", 5, begins=9))
    assert moved(keeper, 1, erase("x", at=1)) == (15,)
    assert state(keeper) == (0, 0, 0, 0)
    assert [one.state for one in keeper.holds.values()] == [HoldState.RELEASED]
    indebted = owing(10)
    assert moved(indebted, 1, erase("x", at=1)) == (0,)
    assert state(indebted) == (0, 0, 0, 0)
