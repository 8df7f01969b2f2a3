"""The Python reading: a tree becomes one closure over a fact."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from verno.predicate.types import Both, Either, Fact, Instant, Items, Mode, Node, Not, Reading, Test

COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def closure(node: Node) -> Reading:
    """Return the condition as a function of a fact and the moment it is asked."""
    match node:
        case Test():
            return _test(node)
        case Items():
            return _items(node)
        case Both(nodes):
            return _both([closure(one) for one in nodes])
        case Either(nodes):
            return _either([closure(one) for one in nodes])
        case Not(inner):
            read = closure(inner)
            return lambda fact, when: not read(fact, when)
        case _:
            assert_never(node)


def matching(node: Node, facts: Sequence[Fact], when: Instant) -> list[bool]:
    """Ask a batch, in order."""
    read = closure(node)
    return [read(fact, when) for fact in facts]


def _both(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]

    def read(fact: Fact, when: Instant) -> bool:
        for one in readings:  # noqa: SIM110 all() over a generator costs twice as much
            if not one(fact, when):
                return False
        return True

    return read


def _either(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]

    def read(fact: Fact, when: Instant) -> bool:
        for one in readings:  # noqa: SIM110 any() over a generator costs twice as much
            if one(fact, when):
                return True
        return False

    return read


def _test(node: Test) -> Reading:
    find, asked, zone = node.field.read, node.python, node.field.zone

    def read(fact: Fact, when: Instant) -> bool:
        value = find(fact)
        return value is not None and asked(value, when, zone(fact) if zone else "UTC")

    return read


def _items(node: Items) -> Reading:
    find, where = node.field.read, closure(node.where)
    if node.mode is Mode.SUM:
        return _sum(node, where)
    judge = _JUDGES[node.mode]
    threshold = node.threshold

    def read(fact: Fact, when: Instant) -> bool:
        items = find(fact) or ()
        return judge(sum([where(item, when) for item in items]), len(items), threshold)

    return read


_JUDGES: Mapping[Mode, Callable[[int, int, int], bool]] = {
    Mode.ANY: lambda found, _, __: found > 0,
    Mode.ALL: lambda found, of, _: found == of,
    Mode.NONE: lambda found, _, __: found == 0,
    Mode.AT_LEAST: lambda found, _, threshold: found >= threshold,
    Mode.AT_MOST: lambda found, _, threshold: found <= threshold,
    Mode.EXACTLY: lambda found, _, threshold: found == threshold,
}
"""(how many match, of how many, threshold) -> whether that is enough."""


def _sum(node: Items, where: Reading) -> Reading:
    find, threshold, compare = node.field.read, node.threshold, COMPARE[node.operator]
    number = node.of.read if node.of else lambda _: 0

    def read(fact: Fact, when: Instant) -> bool:
        return compare(sum([number(item) or 0 for item in find(fact) or () if where(item, when)]), threshold)

    return read
