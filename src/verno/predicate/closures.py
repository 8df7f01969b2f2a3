"""The Python reading: a tree becomes one closure, made once and asked of every fact."""

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never, cast

from verno.predicate.operators import COMPARISONS
from verno.predicate.types import AllOf, AnyOf, Fact, Items, Leaf, Mode, Node, Not, Reading, When


def closure(node: Node) -> Reading:
    """Return the condition as a function of a fact and of when it is asked."""
    match node:
        case Leaf():
            reading = node.bound.python(node.field.read)
            return _not(reading) if node.opposite else reading
        case Items():
            return _items(node)
        case AllOf(nodes):
            return _all_of([closure(one) for one in nodes])
        case AnyOf(nodes):
            return _any_of([closure(one) for one in nodes])
        case Not(inner):
            return _not(closure(inner))
        case _:
            assert_never(node)


def _not(reading: Reading) -> Reading:
    return lambda fact, when: not reading(fact, when)


def _all_of(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]

    def reading(fact: Fact, when: When) -> bool:
        for one in readings:  # noqa: SIM110 all() over a generator costs twice as much
            if not one(fact, when):
                return False
        return True

    return reading


def _any_of(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]

    def reading(fact: Fact, when: When) -> bool:
        for one in readings:  # noqa: SIM110 any() over a generator costs twice as much
            if one(fact, when):
                return True
        return False

    return reading


def _items(node: Items) -> Reading:
    if node.mode in (Mode.SOME, Mode.ALL, Mode.NONE):
        return _until_decided(node)
    measured, enough = measure(node), judge(node)
    return lambda fact, when: enough(measured(fact, when))


def _until_decided(node: Items) -> Reading:
    """Stop at the first part that decides: one that matches or, where all must, one that does not."""
    find, where = parts_of(node), where_of(node)
    stops, verdict = node.mode is not Mode.ALL, node.mode is Mode.SOME

    def reading(fact: Fact, when: When) -> bool:
        for part in find(fact) or ():
            if where(part, when) is stops:
                return verdict
        return not verdict

    return reading


def where_of(node: Items) -> Reading:
    """Return the condition on one part."""
    return closure(node.where) if node.where else lambda _part, _when: True


def parts_of(node: Items) -> Callable[[Fact], Iterable[Fact] | None]:
    """Return what finds a fact's parts; none is the same as no parts."""
    return cast("Callable[[Fact], Iterable[Fact] | None]", node.field.read)


def measure(node: Items) -> Callable[[Fact, When], int]:
    """Return how many parts of a fact match, or what they add up to; a number that is not there adds nothing."""
    find, where = parts_of(node), where_of(node)
    if node.of is None:
        return lambda fact, when: sum([where(part, when) for part in find(fact) or ()])
    number = cast("Callable[[Fact], int | None]", node.of.read)
    return lambda fact, when: sum([number(part) or 0 for part in find(fact) or () if where(part, when)])


def judge(node: Items) -> Callable[[int], bool]:
    """Return whether a measure is enough; that of ALL is how many do not match."""
    threshold = node.threshold
    match node.mode:
        case Mode.SOME:
            return lambda found: found > 0
        case Mode.ALL | Mode.NONE:
            return lambda found: found == 0
        case Mode.AT_LEAST:
            return lambda found: found >= threshold
        case Mode.AT_MOST:
            return lambda found: found <= threshold
        case Mode.EXACTLY:
            return lambda found: found == threshold
        case Mode.SUM:
            compare = COMPARISONS[node.comparison]
            return lambda found: compare(found, threshold)
        case _:
            assert_never(node.mode)
