"""What an index of rules may count on, tree by tree; that it is sound is a property (``test_readings``)."""

from datetime import UTC, date, datetime

import pytest

from tests.predicate import world
from tests.predicate.asking import Tree, all_of, any_of, lines, node_of, none_of, not_all, rule
from verno.predicate.anchors import anchors, keys

GOLD, NOT_GOLD = rule("tier", "=", "a"), rule("tier", "!=", "a")
METAL = rule("tier", "in", ["a", "b"])
HERE = rule("place", "=", "msk-1")
RICH = rule("spent", ">=", 5)
TEA, CAKE = rule("sku", "=", "tea"), rule("sku", "in", ["cake", "pie"])
DRINKS = rule("category", "inCategory", [["food", "drinks"]])
CHEAP = rule("amount", "<", 5)
SUM = {"of": "amount", "operator": ">=", "threshold": 1}

TREES = [
    # a rule
    (all_of(), {}),
    (GOLD, {"tier": {"a"}}),
    (METAL, {"tier": {"a", "b"}}),
    (NOT_GOLD, {}),
    (rule("tier", "notIn", ["a"]), {}),
    (rule("tier", "notNull"), {}),
    (rule("tier", "null"), {}),
    (RICH, {}),
    (rule("spent", "=", 5), {"spent": {5}}),
    (rule("name", "contains", "a"), {}),
    (rule("vip", "=", False), {"vip": {False}}),
    (rule("weekday", "in", [6, 7]), {"weekday": {6, 7}}),
    (rule("born", "=", "2026-11-26"), {"born": {date(2026, 11, 26)}}),
    (rule("badges", "hasAny", ["a", "b"]), {"badges": {"a", "b"}}),
    (rule("badges", "hasAll", ["a", "b"]), {"badges": {"a"}}),
    (rule("badges", "hasNone", ["a"]), {}),
    (rule("category", "inCategory", [["x"], ["y", "z"]]), {"category": {("x",), ("y", "z")}}),
    (rule("category", "notInCategory", [["x"]]), {}),
    # all of these
    (all_of(GOLD, HERE, RICH), {"tier": {"a"}, "place": {"msk-1"}}),
    (all_of(METAL, rule("tier", "in", ["b", "c"])), {"tier": {"b"}}),
    (all_of(GOLD, rule("tier", "=", "b")), None),
    (all_of(rule("badges", "hasAny", ["a", "b"]), rule("badges", "hasAny", ["c"])), {"badges": {"c"}}),
    (all_of(rule("badges", "hasAll", ["a"]), rule("badges", "hasAll", ["b"])), {"badges": {"a"}}),
    # any of these
    (any_of(GOLD, rule("tier", "=", "b")), {"tier": {"a", "b"}}),
    (any_of(GOLD, HERE), {}),
    (any_of(GOLD, RICH), {}),
    (any_of(all_of(GOLD, HERE), METAL), {"tier": {"a", "b"}}),
    (any_of(all_of(GOLD, rule("tier", "=", "b")), HERE), {"place": {"msk-1"}}),
    # not
    (none_of(GOLD), {}),
    (none_of(NOT_GOLD), {"tier": {"a"}}),
    (none_of(none_of(GOLD)), {"tier": {"a"}}),
    (none_of(NOT_GOLD, RICH), {"tier": {"a"}}),
    (not_all(NOT_GOLD, RICH), {}),
    (not_all(NOT_GOLD, rule("tier", "!=", "b")), {"tier": {"a", "b"}}),
    (not_all(none_of(GOLD), none_of(METAL)), {"tier": {"a", "b"}}),
    # parts
    (lines("some", TEA), {"lines.sku": {"tea"}}),
    (lines("some", TEA, DRINKS), {"lines.sku": {"tea"}, "lines.category": {("food", "drinks")}}),
    (lines("some", TEA, CAKE), None),
    (lines("some"), {}),
    (lines("some", CHEAP), {}),
    (lines("all", TEA), {}),
    (lines("none", TEA), {}),
    (lines("atLeast", TEA, threshold=1), {"lines.sku": {"tea"}}),
    (lines("atLeast", TEA, threshold=0), {}),
    (lines("atMost", TEA, threshold=1), {}),
    (lines("exactly", TEA, threshold=2), {"lines.sku": {"tea"}}),
    (lines("exactly", TEA, threshold=0), {}),
    (lines("sum", TEA, **SUM), {"lines.sku": {"tea"}}),
    (lines("sum", TEA, **{**SUM, "threshold": 0}), {}),
    (lines("sum", TEA, **{**SUM, "operator": "<"}), {}),
    (lines("sum", TEA, **{**SUM, "operator": "<", "threshold": 0}), {"lines.sku": {"tea"}}),
    (all_of(lines("some", TEA), lines("some", CAKE)), {"lines.sku": {"tea"}}),
    (any_of(lines("some", TEA), lines("some", CAKE)), {"lines.sku": {"tea", "cake", "pie"}}),
    # parts under not
    (none_of(lines("some", TEA)), {}),
    (none_of(lines("none", TEA)), {"lines.sku": {"tea"}}),
    (none_of(lines("atMost", TEA, threshold=0)), {"lines.sku": {"tea"}}),
    (none_of(lines("atMost", TEA, threshold=5)), {"lines.sku": {"tea"}}),
    (none_of(lines("all", TEA)), {}),
    (none_of(lines("all", rule("sku", "!=", "tea"))), {"lines.sku": {"tea"}}),
    (none_of(lines("all")), None),
]


@pytest.mark.parametrize(("tree", "expected"), TREES, ids=[str(tree)[:70] for tree, _ in TREES])
def test_anchors(tree: Tree, expected: dict[str, set[object]] | None) -> None:
    node = node_of(tree if "rules" in tree else all_of(tree))
    assert anchors(node) == expected


def test_keys() -> None:
    fields = world.PEOPLE.fields
    who = world.person(
        tier="a",
        badges=["a", "b"],
        category=["food", "tea"],
        vip=False,
        at=datetime(2026, 11, 26, 9, tzinfo=UTC),
    )
    assert keys(fields["tier"], who) == {"a"}
    assert keys(fields["badges"], who) == {"a", "b"}
    assert keys(fields["category"], who) == {("food",), ("food", "tea")}
    assert keys(fields["vip"], who) == {False}
    assert keys(fields["weekday"], who) == {4}
    assert keys(fields["place"], who) == frozenset()
