"""Costly answers are kept for twenty times what they cost, cheap ones hardly at all."""

from verno.console.memo import WORTH, Memo


class Watch:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_an_answer_is_kept_in_proportion_to_its_cost() -> None:
    watch = Watch()
    memo: Memo[float] = Memo(watch)

    def ask() -> float:
        watch.time += 2.0
        return watch.time

    assert memo.get("a", ask) == 2.0
    watch.time = 2.0 + 2.0 * WORTH - 0.001
    assert memo.get("a", ask) == 2.0
    assert memo.get("b", ask) > 2.0  # another program has its own
    watch.time = 1000.0
    assert memo.get("a", ask) == 1002.0


def test_an_answer_that_cost_nothing_is_asked_for_again() -> None:
    memo: Memo[int] = Memo(Watch())
    answers = iter((1, 2))
    assert [memo.get("a", lambda: next(answers)) for _ in range(2)] == [1, 2]
