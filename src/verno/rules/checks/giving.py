"""Rules that would give the shop away: more than was paid, or everything, as often as somebody likes."""

from collections.abc import Iterator, Mapping, Sequence

from verno.predicate.anchors import anchors
from verno.predicate.reading import read
from verno.predicate.types import Refused
from verno.rules import fields
from verno.rules.checks.ranges import Range, ranges
from verno.rules.effects import (
    WHOLE,
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
    Tree,
)
from verno.rules.fields import Known
from verno.rules.making.compiling import Book, Ready
from verno.rules.types import STEPS, Counts, Period, Rule, Rulebook

HUNDRED = 100
NEARLY = 9500
"""A share above this is as good as everything."""
FEW = 10
"""Uses for each member that a budget may leave to what can be worth more than is paid for it."""
GOODS = frozenset({"sku", "category"})
EVERYTHING = "it takes everything off, without end: it needs a least sum, goods that it is for, a cap or a budget"


def of(one: Ready, book: Book, known: Known) -> Iterator[str]:
    """Say what of a rule would give more than was paid, or without end."""
    rule, rulebook = one.rule, book.rulebook
    spans = ranges(rule.when)
    bounded = any(budget.counts in (Counts.MONEY, Counts.USES) for budget in rule.budgets)
    capped = _capped(rulebook)
    for effect in rule.effects:
        if isinstance(effect, EarnFixed):
            yield from _of_fixed(effect, rule, rulebook, known)
        elif isinstance(effect, Earn | EarnPercent) and _gives_back(effect, rulebook) > WHOLE:
            yield "its points are worth more than what is paid for them"
        elif isinstance(effect, EarnMultiply):
            yield from _of_multiple(effect, rule, rulebook, known)
        elif isinstance(effect, Gift):
            if not (bounded or _least(spans, "amount") or _asks_goods(one, effect.sku)):
                yield "it gives a gift with every receipt: it needs a least sum, goods that are bought, or a budget"
        elif not (bounded or capped):
            yield from _of_discount(effect, _least(spans, "amount"), known)


def of_all(book: Book) -> Iterator[str]:
    """Say what rules that go together whatever else is so give, together."""
    rules = [one.rule for one in book.rules if not (one.rivals or one.rule.paused)]
    if _shares([rule for rule in rules if rule.when is None], book.rulebook) > WHOLE * HUNDRED:
        yield "rules that always act give, together, points worth more than what is paid"
    for name, worth in (("paid", _points_worth), ("amount", _money)):
        fixed = [
            (_least(ranges(rule.when), name), worth(effect, book.rulebook))
            for rule in rules
            if _asks_only(rule.when, name) and not (rule.budgets or _capped(book.rulebook))
            for effect in rule.effects
        ]
        for least, _ in fixed:
            together = sum(number for other, number in fixed if other <= least)
            if 0 < least <= together:
                yield f"rules that act from {least} on give, together, as much as that or more"
                break


def _shares(rules: Sequence[Rule], rulebook: Rulebook) -> int:
    """Return what comes back of money paid, in millionths, by rules that look at all lines."""
    of_unit: dict[str, int] = {}
    effects = [effect for rule in rules for effect in rule.effects if not getattr(effect, "lines", None)]
    for effect in effects:
        if isinstance(effect, Earn | EarnPercent) and getattr(effect, "by", None) is None:
            of_unit[effect.unit] = of_unit.get(effect.unit, 0) + _gives_back(effect, rulebook)
    times = dict.fromkeys(of_unit, HUNDRED)
    for effect in effects:
        if isinstance(effect, EarnMultiply) and not effect.rules and effect.unit in times:
            times[effect.unit] += effect.times - HUNDRED
    return sum([of_unit[unit] * times[unit] for unit in of_unit])


def _asks_only(tree: Tree | None, name: str) -> bool:
    """Tell whether a condition is a least sum and nothing else."""
    rules = (tree or {}).get("rules")
    return isinstance(rules, list) and len(rules) == 1 and ranges(tree).keys() == {name}


def _money(effect: AnyEffect, _: Rulebook) -> int:
    if not isinstance(effect, DiscountAmount) or effect.each is not Each.RECEIPT or effect.lines is not None:
        return 0
    return effect.amount


def _points_worth(effect: AnyEffect, rulebook: Rulebook) -> int:
    if not isinstance(effect, EarnFixed) or effect.each is not Each.RECEIPT or effect.lines is not None:
        return 0
    return effect.points * rulebook.worth.get(effect.unit, 0) // STEPS[rulebook.scales.get(effect.unit, 0)]


def _capped(rulebook: Rulebook) -> bool:
    return any(cap is not None and cap <= NEARLY for cap in (rulebook.caps.receipt, rulebook.caps.line))


def _of_discount(effect: AnyEffect, least: int, known: Known) -> Iterator[str]:
    if isinstance(effect, DiscountPercent):
        everything = max([effect.share, *_rates(effect)]) > NEARLY and (effect.most is None or effect.most >= least)
    elif isinstance(effect, DiscountAmount):
        of_line = _least(ranges(effect.lines), "amount") if effect.each is Each.LINE else 0
        bound = least if effect.each is Each.RECEIPT else of_line
        everything = effect.amount >= bound and not _names_goods(effect.lines, known)
    elif isinstance(effect, FixedPrice | Bundle):
        everything = False
        yield from _of_price(effect, known)
    else:
        everything = isinstance(effect, FreeUnits) and effect.share * effect.free > NEARLY * effect.of
    if everything:
        yield EVERYTHING


def _of_price(effect: FixedPrice | Bundle, known: Known) -> Iterator[str]:
    trees = [part.lines for part in effect.parts] if isinstance(effect, Bundle) else [effect.lines]
    if effect.price == 0:
        yield "it gives goods for nothing, without end: it needs a price or a budget"
    elif not all(_names_goods(tree, known) or _most(tree) for tree in trees):
        yield "it sells whatever there is at one price: it needs goods that it is for, or a budget"


def _of_fixed(effect: EarnFixed, rule: Rule, rulebook: Rulebook, known: Known, times: int = HUNDRED) -> Iterator[str]:
    """Say that a member could be given more than what they bought had cost."""
    if _limited(rule):
        return
    points = effect.points if effect.most is None else min(effect.points, effect.most)
    worth = (
        points * times * rulebook.worth.get(effect.unit, 0) // (HUNDRED * STEPS[rulebook.scales.get(effect.unit, 0)])
    )
    if effect.each is Each.UNIT:
        # Of goods that the owner has picked, the price is known to them.
        bound = worth + 1 if _names_goods(effect.lines, known) else 0
    elif effect.each is Each.LINE:
        bound = _least(ranges(effect.lines), "paid")
    else:
        bound = max(_least(ranges(rule.when), "paid"), _least(ranges(effect.lines), "paid"))
    if worth and worth >= bound:
        yield (
            "its points can be worth as much as what is paid for them, or more: "
            f"it needs a least sum paid, or a budget of {FEW} uses or less for each member, a month or longer"
        )


def _of_multiple(effect: EarnMultiply, rule: Rule, rulebook: Rulebook, known: Known) -> Iterator[str]:
    for other in rulebook.rules:
        if effect.rules and other.id not in effect.rules:
            continue
        for each in other.effects:
            if isinstance(each, Earn | EarnPercent) and each.unit == effect.unit:
                if _gives_back(each, rulebook) * effect.times > WHOLE * HUNDRED:
                    yield f"with it, the points of rule {other.id} are worth more than what is paid for them"
            elif effect.rules and isinstance(each, EarnFixed) and each.unit == effect.unit and not _limited(rule):
                for _said in _of_fixed(each, other, rulebook, known, effect.times):
                    yield f"with it, the points of rule {other.id} can be worth as much as what is paid, or more"


def _limited(rule: Rule) -> bool:
    """Tell whether a member gets it a few times only: what comes again every day is without end."""
    return any(
        budget.each_member
        and budget.counts is Counts.USES
        and budget.most <= FEW
        and budget.period not in (Period.DAY, Period.WEEK)
        for budget in rule.budgets
    )


def _gives_back(effect: Earn | EarnPercent, rulebook: Rulebook) -> int:
    """Return what comes back of the money paid, in hundredths of a per cent, at most."""
    if isinstance(effect, EarnPercent):
        return max([effect.rate, *_rates(effect)])
    worth = effect.points * rulebook.worth.get(effect.unit, 0) * WHOLE
    return worth // (max(effect.per, 1) * STEPS[rulebook.scales.get(effect.unit, 0)])


def _rates(effect: EarnPercent | DiscountPercent) -> list[int]:
    return list(effect.by.rates.values()) if effect.by else []


def _least(spans: Mapping[str, Range], name: str) -> int:
    return spans.get(name, Range()).least or 0


def _most(tree: Tree | None) -> int | None:
    return ranges(tree).get("amount", Range()).most


def _names_goods(tree: Tree | None, known: Known) -> bool:
    """Tell whether a condition on lines says which goods they must be."""
    if tree is None:
        return False
    node = read(tree, fields.line_registry(known, tree))
    return not isinstance(node, Refused) and not GOODS.isdisjoint(anchors(node) or ())


def _asks_goods(one: Ready, sku: str) -> bool:
    """Tell whether a rule asks for goods that are bought, other than what it gives for nothing."""
    needs = anchors(one.condition) or {}
    goods = [values for name, values in needs.items() if name.removeprefix("lines.") in GOODS]
    return any(sku not in values for values in goods)
