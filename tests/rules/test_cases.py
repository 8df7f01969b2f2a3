"""Single cases of the engine: each is a sentence of the docstrings, or a fault that was."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.programs import examples
from tests.rules.books import AT, compiled
from verno.rules import engine
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    DiscountAmount,
    DiscountPercent,
    Earn,
    EarnFixed,
    EarnMultiply,
    Effect,
    FixedPrice,
    FreeUnits,
    Part,
    PrintText,
    Tree,
)
from verno.rules.facts import Facts, Line
from verno.rules.types import Caps, Category, Choose, Rule, Rulebook, Verdict

TEA: Tree = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "tea"}]}
CUP: Tree = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "cup"}]}
BOTH: Tree = {"combinator": "and", "rules": [{"field": "sku", "operator": "in", "value": ["tea", "cup"]}]}


def receipt(*lines: tuple[str, int, int]) -> Facts:
    """A receipt of lines: goods, thousandths of a piece, minor units."""
    return Facts(AT, "Europe/Moscow", [Line(number, *line) for number, line in enumerate(lines, 1)])


def judged(book: Rulebook, facts: Facts) -> Verdict:
    [verdict] = engine.evaluate(compiled(book), [facts])
    return verdict


def rules(*said: Rule, choose: Choose = Choose.PRIORITY) -> Rulebook:
    return Rulebook(said, choose=choose)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 3000)), max_size=4), st.integers(0, 5000))
def test_a_verdict_is_what_a_cashier_would_count_out(said: list[tuple[int, int]], paid: int) -> None:
    effects = [Earn("points", points, per) for points, per in said]
    book = compiled(Rulebook(tuple(Rule(id=f"r{n}", effects=(one,)) for n, one in enumerate(effects))))
    counted = 0
    for effect in effects:
        left = paid
        while left >= effect.per:
            left -= effect.per
            counted += effect.points
    assert book.plain
    [verdict] = engine.plain(book, [paid])
    assert verdict.points.get("points", 0) == counted
    assert engine.evaluate(book, [receipt(("tea", 1000, paid))]) == [verdict]


@pytest.mark.parametrize(
    ("paid", "points"), [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (12_345_678, 123_456), (-500, 0)]
)
def test_one_point_for_every_full_unit(paid: int, points: int) -> None:
    book = compiled(rules(Rule(id="base", effects=(Earn("points", 1, 100),))))
    [verdict] = engine.plain(book, [paid])
    assert verdict.points.get("points", 0) == points


@pytest.mark.parametrize(
    "effect", [DiscountPercent(share=1000), DiscountAmount(amount=10), FixedPrice(price=90), FreeUnits(of=2, free=1)]
)
def test_a_rule_without_a_condition_always_acts(effect: AnyEffect) -> None:
    facts = receipt(("tea", 2000, 200))
    judged(rules(Rule(id="a", effects=(effect,))), facts)
    assert facts.discount > 0


def test_a_rule_that_would_do_nothing_stands_in_nobodys_way() -> None:
    book = rules(
        Rule(id="tea", effects=(DiscountPercent(share=5000, lines=TEA), PrintText(text={"en": "Tea!"})), group="g"),
        Rule(id="third", effects=(FreeUnits(of=3, free=1),), group="g"),
        Rule(id="all", effects=(DiscountPercent(share=1000),), group="g"),
    )
    facts = receipt(("cup", 2000, 200))
    assert [one.rule for one in judged(book, facts).fired] == ["all"]
    assert facts.discount == 20


def test_a_multiple_prints_its_text() -> None:
    happy = Rule(id="happy", effects=(EarnMultiply(unit="points", times=200), PrintText(text={"en": "Twice!"})))
    verdict = judged(rules(happy, Rule(id="base", effects=(Earn("points", 1, 100),))), receipt(("tea", 1000, 500)))
    assert verdict.points == {"points": 10}
    assert [one.effect for one in verdict.fired] == ["earn_per_full", "earn_multiply", "print_text"]


def test_a_multiple_of_what_a_discount_rule_gives_is_weighed() -> None:
    """The multiple is worth 10 points here, and the gift of five is not the better one."""
    book = rules(
        Rule(id="both", effects=(DiscountAmount(amount=1), Earn("points", 1, 100))),
        Rule(id="five", effects=(EarnFixed(unit="points", points=5),), group="g"),
        Rule(id="twice", effects=(EarnMultiply(unit="points", times=200),), group="g"),
        choose=Choose.BEST,
    )
    assert judged(book, receipt(("tea", 1000, 1001))).points == {"points": 20}


def test_of_equal_rules_the_earlier_acts() -> None:
    book = rules(
        Rule(id="off", effects=(DiscountAmount(amount=10),), group="g"),
        Rule(id="also off", effects=(DiscountPercent(share=1000),), group="g"),
        Rule(id="five", effects=(EarnFixed(unit="points", points=5),), group="h"),
        Rule(id="also five", effects=(EarnFixed(unit="points", points=5),), group="h"),
        choose=Choose.BEST,
    )
    assert [one.rule for one in judged(book, receipt(("tea", 1000, 100))).fired] == ["off", "five"]


def test_what_a_cap_cuts_off_is_not_weighed() -> None:
    book = Rulebook(
        (
            Rule(id="many", effects=(EarnFixed(unit="points", points=100),), group="g"),
            Rule(id="few", effects=(EarnFixed(unit="miles", points=50),), group="g"),
        ),
        caps=Caps(points={"points": 10}),
    )
    assert judged(book, receipt(("tea", 1000, 100))).points == {"miles": 50}


def test_once_a_line_is_about_other_rules() -> None:
    mine = Rule(id="mine", effects=(DiscountPercent(share=1000), DiscountAmount(amount=5)), once_a_line=True)
    facts = receipt(("tea", 1000, 100))
    judged(rules(mine, Rule(id="other", effects=(DiscountPercent(share=1000),))), facts)
    assert facts.discount == 15


def test_a_line_without_a_quantity_has_no_price_for_one() -> None:
    facts = receipt(("delivery", 0, 300), ("tea", 500, 300))
    judged(rules(Rule(id="a", effects=(FixedPrice(price=400),))), facts)
    assert [line.discount for line in facts.lines] == [0, 100]


def test_a_piece_that_fits_two_parts_goes_where_no_other_can() -> None:
    """Half a packet is no piece: the second part has only the cup, which the first must leave to it."""
    cup_or_half: Tree = {
        "combinator": "or",
        "rules": [CUP, {"field": "sku", "operator": "=", "value": "half"}],
    }
    effect = Bundle(parts=(Part(1, BOTH), Part(1, cup_or_half)), price=100)
    facts = receipt(("half", 500, 500), ("cup", 1000, 300), ("tea", 1000, 200))
    judged(rules(Rule(id="a", effects=(effect,))), facts)
    assert [line.discount for line in facts.lines] == [0, 240, 160]


def test_a_million_pieces_cost_no_time() -> None:
    effect = Bundle(parts=(Part(1, BOTH), Part(1, TEA)), price=1)
    book = compiled(rules(Rule(id="a", effects=(effect, FreeUnits(of=2, free=1)))))
    begin = process_time()
    engine.evaluate(book, [receipt(("tea", 10**12, 10**9), ("cup", 10**9, 10**6))])
    assert process_time() - begin < 0.1


def test_one_that_acts_alone_among_hundreds_costs_no_time() -> None:
    """Without a bound of steps, all subsets of the others would be tried."""
    others = [Rule(id=f"r{n}", effects=(DiscountAmount(amount=1),)) for n in range(100)]
    alone = Rule(id="alone", effects=(DiscountPercent(share=5000),), alone=True, priority=-1)
    book = compiled(Rulebook((alone, *others)))
    facts = receipt(("tea", 1000, 1000))
    begin = process_time()
    engine.evaluate(book, [facts])
    assert process_time() - begin < 2
    assert facts.discount == 500


def test_rivals_for_points_are_chosen_group_by_group() -> None:
    """Of three in each of twenty groups the last gives most: among all their combinations nobody would find it."""
    groups = [
        Rule(id=f"g{group}-{n}", group=f"g{group}", effects=(EarnFixed(unit="points", points=n),))
        for group in range(20)
        for n in (1, 2, 3)
    ]
    book = compiled(rules(*groups, choose=Choose.BEST))
    begin = process_time()
    [verdict] = engine.evaluate(book, [receipt(("tea", 1000, 1000))])
    assert process_time() - begin < 0.1
    assert verdict.points == {"points": 60}


def test_a_discount_is_left_out_only_for_what_acts_in_its_stead() -> None:
    """Without the small discount, which comes first and closes the line, there would be more: but it goes with all."""
    small = Rule(id="small", effects=(DiscountAmount(amount=1),), once_a_line=True, category="a", priority=1)
    large = Rule(id="large", effects=(DiscountAmount(amount=50),))
    gift = Rule(id="gift", effects=(EarnFixed(unit="points", points=10),), category="b", when=TEA_ONLY)
    book = Rulebook((small, large, gift), categories=(Category("a", without=("b",)), Category("b")))
    facts = receipt(("cup", 1000, 100))
    judged(book, facts)
    assert facts.discount == 1
    facts = receipt(("tea", 1000, 100))
    assert judged(book, facts).points == {"points": 10}
    assert facts.discount == 50


TEA_ONLY: Tree = {"combinator": "and", "rules": [{"field": "lines", "match": {"mode": "some"}, "value": TEA}]}


@examples(50)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_a_discount_is_spread_to_the_minor_unit(amount: int, prices: list[int]) -> None:
    facts = receipt(*[("tea", 1000, price) for price in prices])
    judged(rules(Rule(id="a", effects=(DiscountAmount(amount=max(1, amount)),))), facts)
    total = sum(prices)
    assert facts.discount == min(max(1, amount), total)
    assert all(abs(line.discount * total - facts.discount * line.price) < total for line in facts.lines)


def test_every_effect_is_one() -> None:
    assert all(issubclass(one, Effect) for one in AnyEffect.__args__)
