"""Rules that can never act."""

from collections.abc import Iterator

from verno.predicate.anchors import anchors
from verno.predicate.reading import read
from verno.predicate.types import Refused
from verno.rules import fields
from verno.rules.checks.ranges import ranges
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    DiscountAmount,
    Discounting,
    DiscountPercent,
    Earn,
    EarnFixed,
    Earning,
    EarnMultiply,
    EarnPercent,
    Gift,
    Tree,
)
from verno.rules.fields import Known
from verno.rules.making.compiling import BASE, Book, Ready
from verno.rules.types import Choose, Rule

SURE = (DiscountPercent, DiscountAmount, Gift, Earn, EarnPercent, EarnFixed)
"""Effects that come about on every receipt worth the name, unless they look at some lines only."""


def of(one: Ready, book: Book, known: Known) -> Iterator[str]:
    """Say why a rule, or one of its effects, can never act."""
    needs = anchors(one.condition)
    if needs is None or any(span.empty for span in ranges(one.rule.when).values()):
        yield "its conditions contradict each other: it can never act"
        return
    if needs.get("spends") == frozenset({True}) and not one.rule.with_points:
        yield "it asks for receipts that points pay a part of, and does not act on them"
    for effect in one.rule.effects:
        if any(contradicts(tree, known) for tree in _trees(effect)):
            yield "the conditions on its lines contradict each other: it can never act"
        if isinstance(effect, EarnMultiply) and not any(_multiplies(effect, other.rule) for other in book.rules):
            yield "no rule gives what it would make more"
    yield from _rivals(one, book)


def contradicts(tree: Tree, known: Known) -> bool:
    """Tell whether no line is as a condition wants it."""
    node = read(tree, fields.line_registry(known, tree))
    if isinstance(node, Refused):
        return False
    return anchors(node) is None or any(span.empty for span in ranges(tree).values())


def _trees(effect: AnyEffect) -> list[Tree]:
    if isinstance(effect, Bundle):
        return [part.lines for part in effect.parts]
    tree = getattr(effect, "lines", None)
    return [] if tree is None else [tree]


def _multiplies(effect: EarnMultiply, rule: Rule) -> bool:
    if effect.rules:
        return rule.id in effect.rules and any(
            isinstance(one, Earning) and not isinstance(one, EarnMultiply) and one.unit == effect.unit
            for one in rule.effects
        )
    return any(isinstance(one, BASE) and one.unit == effect.unit for one in rule.effects)


def _rivals(one: Ready, book: Book) -> Iterator[str]:
    """Say which rule always takes its place. What takes something off goes before what only gives."""
    if book.rulebook.choose is not Choose.PRIORITY:
        return
    for position in sorted(one.rivals):
        other = book.rules[position]
        alike = bool(other.discounts) is bool(one.discounts)
        first = position < one.position if alike else bool(other.discounts)
        # Rivals of its own may keep the other one from acting.
        if first and other.holds is None and other.rivals <= {one.position} and _always_acts(other.rule):
            yield f"it can never act: rule {other.rule.id} goes first and always does"
            return


def _always_acts(rule: Rule) -> bool:
    if rule.paused or not rule.with_points or rule.budgets or rule.once_a_line:
        return False
    takes = any(isinstance(effect, Discounting) for effect in rule.effects)
    kind = Discounting if takes else Earning
    effects = [effect for effect in rule.effects if isinstance(effect, kind)]
    return not effects or any(
        isinstance(effect, SURE) and not getattr(effect, "lines", None) and not getattr(effect, "by", None)
        for effect in effects
    )
