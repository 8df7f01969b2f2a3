"""What a return let go comes out of what another one puts back, and out of nothing else."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given

from tests.engine.bookkeeper import Bookkeeper
from tests.engine.checks import check_books
from tests.engine.programs import SEEDS, day, examples
from tests.engine.told import (
    BOB,
    capture,
    do,
    earn,
    erase,
    hold,
    left,
    merge,
    moved,
    put_back,
    release,
    spend,
    state,
    story,
    take_back,
    unmerge,
)
from verno.ledger.types import Operation

GONE = (0, 0, 0, 0)


def s_comes_back(key: str = "of s", points: int = 100, *, at: int = 0, write_off: bool = True) -> Operation:
    return take_back(key, points, "s", at=at, write_off=write_off)


def t_comes_back(key: str = "of t", points: int = 100, *, at: int = 0, until: int = 99) -> Operation:
    return put_back(key, points, "t", at=at, until=until)


@pytest.fixture
def keeper() -> Bookkeeper:
    """Ann has earned 100 by sale s and spent them on sale t."""
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100), spend("t", 100))
    return keeper


@pytest.mark.parametrize("one_batch", [False, True])
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_whatever_comes_back_first_nothing_is_kept(keeper: Bookkeeper, order: tuple[int, ...], one_batch: bool) -> None:
    parts = (s_comes_back("s1", 60), s_comes_back("s2", 40), t_comes_back("t1", 70), t_comes_back("t2", 30))
    if one_batch:
        do(keeper, 1, *(parts[i] for i in order))
    else:
        for when, i in enumerate(order, 1):
            do(keeper, when, parts[i])
    assert state(keeper) == GONE
    check_books(keeper)


def test_the_answer_says_what_stays(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back(points=80))
    assert moved(keeper, 2, t_comes_back()) == (20,)
    assert state(keeper) == (20, 0, 0, 0)
    assert story(keeper)[-4:] == ["take_back 80 on 0", "write_off 80 on 0", "put_back 100 on 0", "recover 80 on 0"]
    recover = list(keeper.transfers.values())[-1]
    assert keeper.transfers[recover.reverses_id or ""].kind == "write_off"


def test_new_points_are_left_alone(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back())
    do(keeper, 2, earn("u", 50, ends=9))
    assert state(keeper) == (50, 0, 0, 0)
    do(keeper, 3, t_comes_back())
    assert left(keeper) == {day(9): 50}


def test_what_was_spent_later_comes_back_whole(keeper: Bookkeeper) -> None:
    """It was paid with points that came after the write-off: taking them would be a debt by another name."""
    do(keeper, 1, s_comes_back())
    do(keeper, 2, earn("u", 100, born=2))
    do(keeper, 3, spend("v", 100, at=3))
    assert moved(keeper, 4, put_back("of v", 100, "v", spent_at=3)) == (100,)
    assert moved(keeper, 5, t_comes_back()) == (0,)
    assert state(keeper) == (100, 0, 0, 0)


def test_a_late_write_off_is_kept_for_what_was_spent_late(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back(points=50))
    do(keeper, 2, earn("u", 50, born=2))
    do(keeper, 3, spend("v", 50, at=3))
    do(keeper, 4, take_back("of u", 50, "u", born=2, write_off=True))
    assert moved(keeper, 5, t_comes_back(points=50)) == (0,)
    assert moved(keeper, 6, put_back("of v", 50, "v", spent_at=3)) == (0,)


def test_it_comes_out_of_what_is_put_back_first() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100, ends=30), earn("u", 50, ends=20), spend("t", 150))
    do(keeper, 1, s_comes_back())
    do(keeper, 2, t_comes_back(points=150))
    assert left(keeper) == {day(20): 50}


def test_a_lot_in_the_place_of_one_that_is_over_gives_too() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100, ends=5), spend("t", 100))
    do(keeper, 1, s_comes_back(points=70))
    assert moved(keeper, 9, t_comes_back(at=9, until=20)) == (30,)
    assert left(keeper) == {day(20): 30}


def test_what_is_over_at_once_gives_nothing() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100, ends=5), spend("t", 100))
    do(keeper, 1, s_comes_back())
    assert moved(keeper, 9, t_comes_back("first", 40, at=9, until=9)) == (40,)
    assert moved(keeper, 9, t_comes_back("second", 60, at=9, until=20)) == (0,)
    assert state(keeper) == GONE
    check_books(keeper)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_policy_that_changed_in_between(keeper: Bookkeeper, order: tuple[int, ...]) -> None:
    parts = (s_comes_back("s1", 60), s_comes_back("s2", 40, write_off=False), t_comes_back())
    for i in order:
        do(keeper, 1, parts[i])
    assert state(keeper) == GONE
    check_books(keeper)


@pytest.mark.parametrize("ending", ["captured", "captured in part", "released", "lapsed"])
def test_what_a_hold_keeps_is_owed_and_not_let_go(ending: str) -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100), hold("t", 80, until=5))
    do(keeper, 1, s_comes_back("s1", 60), s_comes_back("s2", 40))
    assert state(keeper) == (0, 0, 80, 80)
    part = {"captured": 80, "captured in part": 30}.get(ending, 0)
    if part:
        do(keeper, 2, capture("end", part, "t"))
        assert state(keeper) == (0, 0, 0, part)
        do(keeper, 3, put_back("of t", part, "end"))
    elif ending == "released":
        do(keeper, 2, release("end", "t"))
    else:
        keeper.sweep(now=day(6))
    assert state(keeper) == GONE


def test_an_erased_members_debt_is_gone(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back(write_off=False), erase("erasure"))
    assert moved(keeper, 2, t_comes_back()) == (100,)
    check_books(keeper)


def test_what_was_let_go_before_an_erasure_is_recovered_after_it(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back(), erase("erasure"))
    assert moved(keeper, 2, t_comes_back()) == (0,)
    check_books(keeper)


# Members who are one


def test_a_write_off_before_a_merge_counts_after_it(keeper: Bookkeeper) -> None:
    do(keeper, 1, s_comes_back(), merge("m"))
    assert moved(keeper, 2, put_back("of t", 100, "t", who=BOB, merged=("ann",))) == (0,)
    assert (state(keeper), state(keeper, BOB)) == (GONE, GONE)


def test_what_is_let_go_while_they_are_one_goes_home_with_an_undoing(keeper: Bookkeeper) -> None:
    do(keeper, 1, merge("m"))
    do(keeper, 2, take_back("of s", 100, "s", write_off=True, who=BOB, merged=("ann",)))
    do(keeper, 3, unmerge("u", "m"))
    assert moved(keeper, 4, t_comes_back()) == (0,)
    assert (state(keeper), state(keeper, BOB)) == (GONE, GONE)
    check_books(keeper)


def test_what_was_recovered_before_an_undoing_is_not_recovered_again(keeper: Bookkeeper) -> None:
    do(keeper, 0, earn("r", 100), spend("v", 100))
    do(keeper, 1, s_comes_back(), merge("m"))
    assert moved(keeper, 2, put_back("of t", 100, "t", who=BOB, merged=("ann",))) == (0,)
    do(keeper, 3, unmerge("u", "m"))
    assert moved(keeper, 4, put_back("of v", 100, "v")) == (100,)
    check_books(keeper)


# Any order


def test_parts_owe_no_more_than_the_hold_keeps() -> None:
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100), spend("v", 20), hold("h", 80, until=9))
    do(keeper, 1, s_comes_back("s1", 60), s_comes_back("s2", 40))
    assert state(keeper) == (0, 0, 80, 80)


def test_what_a_write_off_could_take_does_not_pay_the_debt_of_a_hold() -> None:
    """Or what the hold's own sale brings back would be the member's, since it was spent after the write-off."""
    keeper = Bookkeeper()
    do(keeper, 0, earn("s", 100), spend("v", 20), hold("h", 80, until=9))
    do(keeper, 1, s_comes_back())
    do(keeper, 2, capture("t", 80, "h"))
    assert moved(keeper, 3, put_back("of v", 20, "v")) == (0,)
    assert state(keeper) == (0, 0, 0, 80)
    do(keeper, 4, t_comes_back(points=80))
    assert state(keeper) == GONE


@examples(200)
@given(SEEDS)
def test_any_order_of_any_returns_leaves_the_same(seed: int) -> None:
    """Some earn, some spend, some set aside; then parts of all come back in two orders, each under either policy."""
    dice = Random(seed)
    bought, then = story_of(dice)
    results = []
    for _ in range(2):
        keeper = Bookkeeper()
        do(keeper, 0, *bought)
        threads = [list(thread) for thread in then]
        while threads:
            one = dice.choice(threads)
            do(keeper, len(keeper.transfers), one.pop(0))
            threads = [thread for thread in threads if thread]
        check_books(keeper)
        available, pending, held, debt = state(keeper)
        let_go = sum(one.left for one in keeper.let_go(keeper.account()))
        assert (pending, held) == (0, 0)
        assert not available or not (debt or let_go)
        results.append((available, debt + let_go))
    assert results[0] == results[1]


def story_of(dice: Random) -> tuple[list[Operation], list[list[Operation]]]:
    """Return what is bought at first, and what comes after it: threads that keep their order, each in itself."""
    bought: list[Operation] = []
    threads: list[list[Operation]] = []
    has = 0
    for n in range(dice.randint(2, 7)):
        kind = dice.choice(["earn", "spend", "hold"]) if has else "earn"
        points = dice.randint(1, 40 if kind == "earn" else has)
        has += points if kind == "earn" else -points
        if kind == "earn":
            bought.append(earn(f"{n}", points))
            parts = parts_of(dice, n, points)
            threads += [[take_back(k, some, f"{n}", write_off=dice.random() < 0.8)] for k, some in parts]
        elif kind == "spend":
            bought.append(spend(f"{n}", points))
            threads += [[put_back(k, some, f"{n}")] for k, some in parts_of(dice, n, points)]
        else:
            bought.append(hold(f"{n}", points, until=999))
            sold = dice.randint(0, points)
            back = [put_back(k, some, f"end {n}") for k, some in parts_of(dice, n, sold)]
            threads.append([capture(f"end {n}", sold, f"{n}"), *back])
    return bought, threads


def parts_of(dice: Random, n: int, points: int) -> list[tuple[str, int]]:
    """Return up to three parts of some points with a name each; what is left of them does not come back."""
    out = []
    for number in range(dice.randint(0, 3)):
        if some := dice.randint(0, points):
            points -= some
            out.append((f"{n}-{number}", some))
    return out
