"""What may not be stored, each refusal with a rulebook beside it that may."""

from typing import NamedTuple

import pytest
from hypothesis import given

from tests.engine.programs import examples
from tests.rules.books import KNOWN, UNITS, books, rule
from verno.rules.checks import problems
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    DiscountAmount,
    DiscountPercent,
    Each,
    Earn,
    EarnFixed,
    EarnMultiply,
    EarnPercent,
    FixedPrice,
    FreeUnits,
    Gift,
    Part,
    PrintText,
    Rates,
    SetTier,
    Tree,
)
from verno.rules.types import (
    MAX_PER_MINOR_UNIT,
    MAX_RULES,
    Budget,
    Caps,
    Category,
    Choose,
    Counts,
    Period,
    Rule,
    Rulebook,
)

WORTH = {"points": 100}
"""A point is worth one whole rouble."""


def when(*rules: Tree, combinator: str = "and") -> Tree:
    return {"combinator": combinator, "rules": list(rules)}


def one(*effects: AnyEffect, tree: Tree | None = None, id_: str = "a", **said: object) -> Rule:
    return Rule(id=id_, effects=effects, when=tree, **said)  # type: ignore[arg-type]


def book(*rules: Rule, **said: object) -> Rulebook:
    return Rulebook(rules, **{"worth": WORTH, **said})  # type: ignore[arg-type]


TEA = when(rule("sku", "=", "tea"))
BASE = one(Earn("points", 1, 10_000), id_="base")
ONCE = (Budget(Counts.USES, 1, each_member=True),)
DAILY = (Budget(Counts.USES, 1, each_member=True, period=Period.DAY),)
OFTEN = (Budget(Counts.USES, 1000, each_member=True),)
MONEY = (Budget(Counts.MONEY, 10**6),)
ALL = DiscountPercent(share=10_000)


def spent(sum_: int) -> Tree:
    return when(rule("paid", ">=", sum_))


def bought(sum_: int) -> Tree:
    return when(rule("amount", ">=", sum_))


def some_tea() -> Tree:
    return when({"field": "lines", "match": {"mode": "some"}, "value": TEA})


class Row(NamedTuple):
    name: str
    refused: Rulebook
    words: str
    stored: Rulebook


def fixed(points: int, tree: Tree | None = None, each: Each = Each.RECEIPT, lines: Tree | None = None) -> Rule:
    return one(EarnFixed(unit="points", points=points, each=each, lines=lines), tree=tree)


def bundle(price: int, *parts: Tree) -> Bundle:
    return Bundle(parts=tuple(Part(1, part) for part in parts), price=price)


def pair(first: Rule, second: Rule) -> Rulebook:
    return book(first, second, choose=Choose.PRIORITY)


def multiple(times: int, *rules: str) -> EarnMultiply:
    return EarnMultiply(unit="points", times=times, rules=rules)


ROWS = [
    # Names and numbers
    Row("per", book(one(Earn("points", 1, 0))), "'per' must be", book(one(Earn("points", 1, 10_000)))),
    Row("no points", book(one(Earn("points", 0, 1))), "'points' must be", book(BASE)),
    Row(
        "a million",
        book(one(Earn("points", 10**6 + 1, 10**9))),
        "'points' must be",
        book(one(Earn("points", 10**6, 10**9))),
    ),
    Row(
        "dense",
        book(one(Earn("points", MAX_PER_MINOR_UNIT + 1, 1))),
        "for one minor unit",
        Rulebook((one(Earn("points", 10, 1)),)),
    ),
    Row("unit", book(one(Earn("stars", 1, 100))), "no unit stars", book(BASE)),
    Row("twice", book(BASE, BASE), "used twice", book(BASE, one(Earn("points", 1, 10_000)))),
    Row(
        "rules",
        book(*[one(PrintText(text={"en": "x"}), id_=str(n)) for n in range(MAX_RULES + 1)]),
        f"at most {MAX_RULES}",
        book(BASE),
    ),
    Row(
        "category",
        book(one(*BASE.effects, category="x")),
        "no category x",
        book(one(*BASE.effects, category="x"), categories=(Category("x"),)),
    ),
    Row(
        "without",
        book(categories=(Category("x", without=("y",)),)),
        "no category y",
        book(categories=(Category("x", without=("y",)), Category("y"))),
    ),
    Row(
        "categories", book(categories=(Category("x"), Category("x"))), "named twice", book(categories=(Category("x"),))
    ),
    Row(
        "worth",
        Rulebook((one(EarnPercent(unit="points", rate=500)),)),
        "nobody has said",
        book(one(EarnPercent(unit="points", rate=500))),
    ),
    Row("below nothing", book(BASE, worth={"points": -1}), "`int` >= 0", book(BASE)),
    Row("scale", book(BASE, scales={"points": 3}), "`int` <= 2", book(BASE, scales={"points": 2})),
    Row("cap", book(BASE, caps=Caps(points={"points": -1})), "`int` >= 0", book(BASE, caps=Caps(points={"points": 1}))),
    Row(
        "share",
        book(one(DiscountPercent(share=10_001, most=1), tree=bought(9))),
        "`int` <= 10000",
        book(one(DiscountPercent(share=500))),
    ),
    Row("no text", book(one(PrintText(text={}))), "length >= 1", book(one(PrintText(text={"en": "Hello"})))),
    Row("multiplied", book(BASE, one(multiple(200, "x"))), "no rule x", book(BASE, one(multiple(200, "base")))),
    Row(
        "step",
        book(one(SetTier(track="main", step="tin", days=1))),
        "no step tin",
        book(one(SetTier(track="main", step="gold", days=1))),
    ),
    Row("free", book(one(FreeUnits(of=2, free=2))), "less than 'of'", book(one(FreeUnits(of=2, free=1)))),
    Row("parts", book(one(Bundle(parts=(), price=1))), "must have parts", book(one(bundle(100, TEA)))),
    Row(
        "field",
        book(one(*BASE.effects, tree=when(rule("moon", "=", 1)))),
        "no field 'moon'",
        book(one(*BASE.effects, tree=spent(1))),
    ),
    Row(
        "field of lines",
        book(one(Earn("points", 1, 10_000, when(rule("moon", "=", 1))))),
        "effects.0.lines.rules.0",
        book(one(Earn("points", 1, 10_000, TEA))),
    ),
    Row(
        "too early",
        book(one(DiscountAmount(amount=1), tree=spent(100))),
        "only after that",
        book(one(DiscountAmount(amount=1), tree=bought(100))),
    ),
    Row(
        "rates by",
        book(one(EarnPercent(unit="points", rate=100, by=Rates("paid", {"x": 1})))),
        "not by paid",
        book(one(EarnPercent(unit="points", rate=100, by=Rates("lines.category", {"food": 1})))),
    ),
    Row(
        "rates of",
        book(one(EarnPercent(unit="points", rate=100, by=Rates("tiers.main", {"tin": 1})))),
        "there is no tin",
        book(one(EarnPercent(unit="points", rate=100, by=Rates("tiers.main", {"gold": 1})))),
    ),
    # Rules that can never act
    Row(
        "two places",
        book(one(*BASE.effects, tree=when(rule("place", "=", "p"), rule("place", "=", "q")))),
        "contradict",
        book(one(*BASE.effects, tree=when(rule("place", "=", "p"), rule("place", "=", "q"), combinator="or"))),
    ),
    Row(
        "sums",
        book(one(*BASE.effects, tree=when(rule("paid", ">", 5), rule("paid", "<", 6)))),
        "contradict",
        book(one(*BASE.effects, tree=when(rule("paid", ">=", 5), rule("paid", "<", 6)))),
    ),
    Row(
        "dates",
        book(one(*BASE.effects, tree=when(rule("date", ">=", "2026-12-01"), rule("date", "<", "2026-12-01")))),
        "contradict",
        book(one(*BASE.effects, tree=when(rule("date", ">=", "2026-12-01"), rule("date", "<=", "2026-12-01")))),
    ),
    Row(
        "lines",
        book(one(Earn("points", 1, 10_000, when(rule("amount", ">", 5), rule("amount", "<", 5))))),
        "lines contradict",
        book(one(Earn("points", 1, 10_000, when(rule("amount", ">", 5))))),
    ),
    Row(
        "two goods",
        book(one(Earn("points", 1, 10_000, when(rule("sku", "=", "a"), rule("sku", "=", "b"))))),
        "lines contradict",
        book(one(Earn("points", 1, 10_000, when(rule("sku", "in", ["a", "b"]))))),
    ),
    Row(
        "points",
        book(one(*BASE.effects, tree=when(rule("spends", "=", True)), with_points=False)),
        "does not act on them",
        book(one(*BASE.effects, tree=when(rule("spends", "=", True)))),
    ),
    Row("of nothing", book(one(multiple(200))), "no rule gives", book(BASE, one(multiple(200)))),
    Row(
        "behind",
        pair(one(DiscountPercent(share=100), id_="b", group="g"), one(*BASE.effects, group="g", priority=5)),
        "rule b goes first",
        pair(one(DiscountPercent(share=100, lines=TEA), id_="b", group="g"), one(*BASE.effects, group="g")),
    ),
    Row(
        "second",
        pair(one(Earn("points", 1, 10_000), id_="b", group="g"), one(*BASE.effects, group="g")),
        "rule b goes first",
        book(one(Earn("points", 1, 10_000), id_="b", group="g"), one(*BASE.effects, group="g")),
    ),
    # Points worth more than what is paid
    Row("per full", book(one(Earn("points", 1, 99))), "worth more", book(one(Earn("points", 1, 100)))),
    Row(
        "per cent",
        book(one(EarnPercent(unit="points", rate=10_001))),
        "worth more",
        book(one(EarnPercent(unit="points", rate=10_000))),
    ),
    Row(
        "per cent of tiers",
        book(one(EarnPercent(unit="points", rate=1, by=Rates("tiers.main", {"gold": 10_001})))),
        "worth more",
        book(one(EarnPercent(unit="points", rate=1, by=Rates("tiers.main", {"gold": 500})))),
    ),
    Row(
        "together",
        book(one(EarnPercent(unit="points", rate=5_000)), one(EarnPercent(unit="points", rate=5_001), id_="b")),
        "together",
        book(one(EarnPercent(unit="points", rate=5_000)), one(EarnPercent(unit="points", rate=5_000), id_="b")),
    ),
    Row(
        "multiples",
        book(one(EarnPercent(unit="points", rate=4_001)), one(multiple(200), id_="b"), one(multiple(150), id_="c")),
        "together",
        book(one(EarnPercent(unit="points", rate=4_000)), one(multiple(200), id_="b"), one(multiple(150), id_="c")),
    ),
    Row(
        "multiple",
        book(one(EarnPercent(unit="points", rate=101)), one(multiple(10_000), id_="b")),
        "with it",
        book(one(EarnPercent(unit="points", rate=99)), one(multiple(10_000), id_="b")),
    ),
    Row("fixed", book(fixed(10)), "it needs a least sum paid", book(fixed(10, spent(1001)))),
    Row("as much", book(fixed(10, spent(1000))), "it needs a least sum paid", book(fixed(9, spent(1000)))),
    Row(
        "before discounts",
        book(fixed(10, bought(5000))),
        "it needs a least sum paid",
        book(one(EarnFixed(unit="points", points=10), tree=bought(5000), budgets=ONCE)),
    ),
    Row(
        "a line",
        book(fixed(10, each=Each.LINE, lines=TEA)),
        "least sum",
        book(fixed(10, each=Each.LINE, lines=when(rule("paid", ">=", 2000)))),
    ),
    Row(
        "a piece",
        book(fixed(10, each=Each.UNIT, lines=bought(10**6))),
        "least sum",
        book(fixed(10, each=Each.UNIT, lines=TEA)),
    ),
    Row(
        "fixed, multiplied",
        book(fixed(10, spent(1001)), one(multiple(500, "a"), id_="b")),
        "with it",
        book(fixed(10, spent(6000)), one(multiple(500, "a"), id_="b")),
    ),
    # Everything, for nothing
    Row("everything", book(one(ALL)), "takes everything off", book(one(ALL, budgets=MONEY))),
    Row(
        "nearly",
        book(one(DiscountPercent(share=9_999))),
        "takes everything off",
        book(one(DiscountPercent(share=9_000))),
    ),
    Row(
        "of a tier",
        book(one(DiscountPercent(share=1, by=Rates("tiers.main", {"gold": 10_000})))),
        "takes everything off",
        book(one(DiscountPercent(share=1, by=Rates("tiers.main", {"gold": 500})))),
    ),
    Row(
        "up to",
        book(one(DiscountPercent(share=10_000, most=500))),
        "takes everything off",
        book(one(DiscountPercent(share=10_000, most=500), tree=bought(1000))),
    ),
    Row(
        "amount",
        book(one(DiscountAmount(amount=500))),
        "takes everything off",
        book(one(DiscountAmount(amount=500), tree=bought(501))),
    ),
    Row(
        "amount, capped",
        book(one(DiscountAmount(amount=500)), caps=Caps(receipt=9_999)),
        "takes everything off",
        book(one(DiscountAmount(amount=500)), caps=Caps(receipt=5_000)),
    ),
    Row(
        "amount a line",
        book(one(DiscountAmount(amount=500, each=Each.LINE), tree=bought(501))),
        "takes everything off",
        book(one(DiscountAmount(amount=500, each=Each.LINE, lines=bought(501)))),
    ),
    Row(
        "amount a piece",
        book(one(DiscountAmount(amount=500, each=Each.UNIT, lines=bought(501)))),
        "takes everything off",
        book(one(DiscountAmount(amount=500, each=Each.UNIT, lines=TEA))),
    ),
    Row(
        "all but one",
        book(one(FreeUnits(of=100, free=99))),
        "takes everything off",
        book(one(FreeUnits(of=100, free=90))),
    ),
    Row("price", book(one(FixedPrice(price=0, lines=TEA))), "for nothing", book(one(FixedPrice(price=1, lines=TEA)))),
    Row(
        "price of all",
        book(one(FixedPrice(price=100))),
        "at one price",
        book(one(FixedPrice(price=100, lines=when(rule("amount", "<", 500))))),
    ),
    Row("set", book(one(bundle(0, TEA))), "for nothing", book(one(bundle(0, TEA), budgets=MONEY))),
    Row(
        "set of all",
        book(one(bundle(100, TEA, when()))),
        "at one price",
        book(one(bundle(100, TEA, when(rule("category", "inCategory", [["food"]]))))),
    ),
    Row(
        "gift of itself",
        book(one(Gift(sku="tea"), tree=some_tea())),
        "a gift with every",
        book(one(Gift(sku="cup"), tree=some_tea())),
    ),
    Row(
        "amounts together",
        book(
            one(DiscountAmount(amount=500), tree=bought(901)),
            one(DiscountAmount(amount=401), tree=bought(900), id_="b"),
        ),
        "from 901 on",
        book(
            one(DiscountAmount(amount=500), tree=bought(902)),
            one(DiscountAmount(amount=401), tree=bought(900), id_="b"),
        ),
    ),
    Row(
        "points together",
        book(fixed(9, spent(1000)), one(EarnFixed(unit="points", points=9), tree=spent(1000), id_="b")),
        "from 1000 on",
        book(fixed(9, spent(1000)), one(EarnFixed(unit="points", points=9), tree=spent(1801), id_="b")),
    ),
    Row(
        "every day",
        book(one(EarnFixed(unit="points", points=10), budgets=DAILY)),
        "a month or longer",
        book(one(EarnFixed(unit="points", points=10), budgets=ONCE)),
    ),
    Row(
        "a thousand times",
        book(one(EarnFixed(unit="points", points=10), budgets=OFTEN)),
        "a month or longer",
        book(one(EarnFixed(unit="points", points=10), budgets=ONCE)),
    ),
    Row("gift", book(one(Gift(sku="cup"))), "a gift with every", book(one(Gift(sku="cup"), tree=some_tea()))),
]


def told(rulebook: Rulebook) -> list[str]:
    return [str(one) for one in problems(rulebook, KNOWN, ["points"])]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_refused_and_stored(row: Row) -> None:
    assert any(row.words in problem for problem in told(row.refused)), told(row.refused)
    assert told(row.stored) == []


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = book(one(Earn("stars", 1, 0), tree=when(rule("moon", "=", 1))), one(FreeUnits(of=2, free=2), id_="b"))
    assert told(wrong) == [
        "rule a: the program has no unit stars",
        "rule a: 'per' must be at least 1 minor unit",
        "rule a: more than 10 points for one minor unit",
        "rule b: 'free' must be less than 'of'",
        "rule a: when.rules.0.field: there is no field 'moon'",
    ]


@examples(100)
@given(books())
def test_checks_answer_whatever_the_rulebook(rulebook: Rulebook) -> None:
    for problem in problems(rulebook, KNOWN, UNITS):
        assert problem.text
        assert problem.rule in {"", *[rule.id for rule in rulebook.rules]}
