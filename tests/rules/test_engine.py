"""The rules engine against its reference model, and the laws that hold for every rulebook and receipt."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.programs import examples
from tests.rules import model
from tests.rules.asked import Loose
from tests.rules.books import (
    BASKETS,
    BUNDLES,
    FEW_PIECES,
    NEEDY,
    PAYS,
    RATED,
    RECEIPTS,
    books,
    compiled,
    facts,
    points_pay,
)
from verno.rules import engine
from verno.rules.effects import AnyEffect, Bundle
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.making.indexing import Index
from verno.rules.types import Choose, Fired, Rule, Rulebook, Verdict

MANY = examples(200)
TELLING = {
    "give_badge": "GiveBadge",
    "set_tier": "SetTier",
    "emit_event": "EmitEvent",
    "print_text": "PrintText",
}


def judged(book: Book, receipt: Facts, shares: list[int]) -> tuple[tuple[Fired, ...], Verdict]:
    fired = engine.price(book, receipt)
    points_pay(receipt, shares)
    return fired, engine.settle(book, receipt, fired)


def seen(receipt: Facts, verdict: Verdict) -> dict[str, Any]:
    """What a member sees of a verdict."""
    by_rule: dict[tuple[str, str], int] = {}
    for one in verdict.fired:
        if one.unit and one.effect not in TELLING and (one.points or one.matched):
            by_rule[one.rule, one.unit] = by_rule.get((one.rule, one.unit), 0) + one.points
    return {
        "off": {line.number: line.discount for line in receipt.lines},
        "points": dict(verdict.points),
        "by rule": {key: points for key, points in by_rule.items() if points},
        "told": [(one.rule, TELLING[one.effect]) for one in verdict.fired if one.effect in TELLING],
    }


@MANY
@given(books(), RECEIPTS, PAYS)
def test_a_verdict_is_the_models(book: Rulebook, receipt: Facts, shares: list[int]) -> None:
    taken = model.price(book, receipt)
    _, verdict = judged(compiled(book), receipt, shares)
    pay = {line.number: line.price - line.discount - line.paid for line in receipt.lines}
    expected = model.settle(book, receipt, taken, pay)
    assert seen(receipt, verdict) == {
        "off": expected.off,
        "points": {unit: points for unit, points in expected.points.items() if points},
        "by rule": {key: points for key, points in expected.by_rule.items() if points},
        "told": expected.told,
    }


@MANY
@given(BUNDLES, FEW_PIECES)
def test_bundles_are_the_models(effect: Bundle, lines: list[Loose]) -> None:
    book, receipt = Rulebook((Rule(id="r0", effects=(effect,)),)), facts(lines)
    engine.price(compiled(book), receipt)
    assert {line.number: line.discount for line in receipt.lines} == model.price(book, receipt).off


@MANY
@given(RATED, BASKETS)
def test_rates_and_free_pieces_are_the_models(effect: AnyEffect, lines: list[Loose]) -> None:
    book = Rulebook((Rule(id="r0", effects=(effect,)),), worth={"points": 1, "miles": 1})
    receipt = facts(lines)
    taken = model.price(book, receipt)
    expected = model.settle(book, receipt, taken, model.nothing(receipt))
    [verdict] = engine.evaluate(compiled(book), [receipt])
    assert seen(receipt, verdict)["off"] == expected.off
    assert verdict.points == {unit: points for unit, points in expected.points.items() if points}


@MANY
@given(books(1), RECEIPTS, PAYS)
def test_no_line_costs_less_than_nothing_and_lines_add_up(book: Rulebook, receipt: Facts, shares: list[int]) -> None:
    fired, _ = judged(compiled(book), receipt, shares)
    assert all(0 <= line.discount <= line.price for line in receipt.lines)
    assert receipt.discount == sum(line.discount for line in receipt.lines) == sum(one.discount for one in fired)
    for one in fired:
        assert one.discount == sum(amount for _, amount in one.lines)
        assert one.matched == bool(one.lines) or one.effect == "gift"
    for line in receipt.lines:
        assert line.discount == sum(off for one in fired for number, off in one.lines if number == line.number)


@MANY
@given(books(1), RECEIPTS)
def test_what_points_pay_earns_nothing(book: Rulebook, receipt: Facts) -> None:
    receipt.spends = True
    _, verdict = judged(compiled(book), receipt, [100] * 5)
    assert verdict.points == {}


@MANY
@given(books(1), RECEIPTS, PAYS)
def test_the_explanation_adds_up_to_the_points_within_the_caps(
    book: Rulebook, receipt: Facts, shares: list[int]
) -> None:
    _, verdict = judged(compiled(book), receipt, shares)
    for unit in ("points", "miles"):
        told = [one.points for one in verdict.fired if one.unit == unit]
        assert sum(told) == verdict.points.get(unit, 0) <= book.caps.points.get(unit, 10**12)
        assert all(points >= 0 for points in told)
    for one in verdict.fired:
        if one.effect.startswith("earn"):
            assert one.matched == (one.points > 0)


@examples(100)
@given(books(1), st.lists(RECEIPTS, max_size=4))
def test_a_batch_equals_its_items(book: Rulebook, receipts: list[Facts]) -> None:
    ready = compiled(book)
    verdicts = engine.evaluate(ready, receipts)
    assert verdicts == [engine.evaluate(ready, [receipt])[0] for receipt in receipts]


@MANY
@given(books(1), RECEIPTS, PAYS)
def test_a_second_look_equals_the_first(book: Rulebook, receipt: Facts, shares: list[int]) -> None:
    ready = compiled(book)
    first = judged(ready, receipt, shares)
    lines = [(line.number, line.discount, line.paid) for line in receipt.lines]
    assert judged(ready, receipt, shares) == first == judged(compiled(book), receipt, shares)
    assert [(line.number, line.discount, line.paid) for line in receipt.lines] == lines


@MANY
@given(NEEDY, RECEIPTS)
def test_the_index_finds_whatever_gives(book: Rulebook, receipt: Facts) -> None:
    ready = compiled(book)
    everything = replace(ready, index=Index(tuple(range(len(ready.rules))), ()))
    one, other = [engine.evaluate(each, [receipt])[0] for each in (ready, everything)]
    assert {fired.rule for fired in one.fired if fired.matched} == {
        fired.rule for fired in other.fired if fired.matched
    }


@MANY
@given(books(1), RECEIPTS, PAYS)
def test_the_index_loses_no_rule(book: Rulebook, receipt: Facts, shares: list[int]) -> None:
    """Rules that the index leaves out would have done nothing, and stood in nobody's way."""
    ready = compiled(book)
    everything = replace(ready, index=Index(tuple(range(len(ready.rules))), ()))
    verdicts = [seen(receipt, judged(one, receipt, shares)[1]) for one in (ready, everything)]
    assert verdicts[0] == verdicts[1]


@MANY
@given(books(1), RECEIPTS, PAYS, st.randoms(use_true_random=False))
def test_lines_may_come_in_any_order(book: Rulebook, receipt: Facts, shares: list[int], random: Random) -> None:
    lines = list(receipt.lines)
    random.shuffle(lines)
    other = replace(receipt, lines=lines, _local=None)
    ready = compiled(book)
    assert judged(ready, receipt, shares) == judged(ready, other, shares)


@MANY
@given(books(1), RECEIPTS)
def test_the_best_is_never_worse_than_the_order_of_priority(book: Rulebook, receipt: Facts) -> None:
    def worth(choose: Choose) -> int:
        [verdict] = engine.evaluate(compiled(replace_book(book, choose)), [receipt])
        points: int = sum(
            number * book.worth[unit] * 100 // 10 ** book.scales[unit] for unit, number in verdict.points.items()
        )
        return receipt.discount * 100 + points

    assert worth(Choose.BEST) >= worth(Choose.PRIORITY)


def replace_book(book: Rulebook, choose: Choose) -> Rulebook:
    return Rulebook(book.rules, book.categories, choose, book.caps, book.amounts_first, book.worth, book.scales)


@MANY
@given(books(1, 3), RECEIPTS)
def test_plain_books_need_only_the_money(book: Rulebook, receipt: Facts) -> None:
    ready = compiled(book)
    if ready.plain and not receipt.closed:
        [verdict] = engine.evaluate(ready, [receipt])
        assert engine.plain(ready, [receipt.paid]) == [verdict]
