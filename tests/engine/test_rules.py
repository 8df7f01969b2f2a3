"""The rules engine: floor once per receipt, explained to the point, the same for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.kit.money import MAX_AMOUNT
from verno.rules import engine
from verno.rules.types import MAX_PER_MINOR_UNIT, MAX_RATE, MAX_RULES, Earn, Facts, Rule, Rulebook

PAID = st.integers(0, 5000) | st.integers(0, MAX_AMOUNT)
EFFECTS = st.builds(Earn, st.sampled_from(("points", "miles")), st.integers(1, 20), st.integers(1, 3000))
BOOKS = st.lists(EFFECTS, max_size=4).map(
    lambda effects: Rulebook(tuple(Rule(f"rule-{n}", effect) for n, effect in enumerate(effects)))
)


@given(BOOKS, st.integers(0, 5000))
def test_a_verdict_is_what_a_cashier_would_count_out(book: Rulebook, paid: int) -> None:
    (verdict,) = engine.evaluate(book, [Facts(paid)])
    counted: dict[str, int] = {}
    for rule in book.rules:
        left = paid
        while left >= rule.effect.per:
            left -= rule.effect.per
            counted[rule.effect.unit] = counted.get(rule.effect.unit, 0) + rule.effect.points
    assert verdict.points == counted


@given(BOOKS, PAID)
def test_the_explanation_adds_up_to_the_points(book: Rulebook, paid: int) -> None:
    (verdict,) = engine.evaluate(book, [Facts(paid)])
    assert [fired.rule for fired in verdict.fired] == [rule.id for rule in book.rules]
    for unit in ("points", "miles"):
        told = sum(fired.points for fired in verdict.fired if fired.unit == unit)
        assert told == verdict.points.get(unit, 0)
    for fired in verdict.fired:
        assert fired.points == fired.full * fired.rate
        assert fired.full * fired.per <= fired.paid < (fired.full + 1) * fired.per
        assert fired.matched == (fired.points > 0)


@given(BOOKS, st.lists(PAID, max_size=6))
def test_a_batch_equals_its_items_and_a_second_look_equals_the_first(book: Rulebook, paid: list[int]) -> None:
    facts = [Facts(amount) for amount in paid]
    verdicts = engine.evaluate(book, facts)
    assert verdicts == [engine.evaluate(book, [fact])[0] for fact in facts] == engine.evaluate(book, facts)


@pytest.mark.parametrize(
    ("paid", "points"), [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (12_345_678, 123_456), (-500, 0)]
)
def test_one_point_for_every_full_unit(paid: int, points: int) -> None:
    book = Rulebook((Rule("base", Earn("points", 1, 100)),))
    (verdict,) = engine.evaluate(book, [Facts(paid)])
    assert verdict.points.get("points", 0) == points


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((Rule("a", Earn("points", 1, 0)),), "'per' must be"),
        ((Rule("a", Earn("points", 0, 1)),), "'points' must be"),
        ((Rule("a", Earn("points", MAX_RATE + 1, 1)),), "'points' must be"),
        ((Rule("a", Earn("points", MAX_PER_MINOR_UNIT + 1, 1)),), "for one minor unit"),
        ((Rule("a", Earn("stars", 1, 1)),), "no unit stars"),
        ((Rule("a", Earn("points", 1, 1)), Rule("a", Earn("points", 1, 1))), "used twice"),
        (tuple(Rule(str(n), Earn("points", 1, 1)) for n in range(MAX_RULES + 1)), f"at most {MAX_RULES}"),
    ],
)
def test_what_may_not_be_stored(rules: tuple[Rule, ...], words: str) -> None:
    assert any(words in problem for problem in engine.problems(Rulebook(rules), ["points"]))


def test_a_good_rulebook_has_no_problems() -> None:
    assert engine.problems(Rulebook((Rule("a", Earn("points", 1, 100)),)), ["points"]) == []
