"""What cannot be asked is refused when it is read: where, why, and everything at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicate.asking import Tree, rule
from tests.predicate.asking import all_of as tree
from tests.predicate.world import LINES, PEOPLE
from verno.predicate.operators import OPERATORS
from verno.predicate.reading import read
from verno.predicate.types import (
    MAX_AROUND,
    MAX_DAYS,
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    MAX_NUMBER,
    MAX_PATH,
    MAX_TEXT,
    MAX_VALUES,
    AllOf,
    Field,
    Kind,
    Refused,
    Registry,
    Wrong,
)

GOOD = {"field": "visits", "operator": "=", "value": 1}


def of_lines(match: object, value: object = None) -> Tree:
    return {"field": "lines", "match": match, "value": value}


def refused(asked: object) -> list[tuple[str, Wrong]]:
    """Where and why a tree is refused; nothing when it is not."""
    found = read(asked, PEOPLE)
    if not isinstance(found, Refused):
        return []
    assert all(problem.detail and len(problem.detail) < 500 for problem in found.problems)
    return [(problem.path, problem.wrong) for problem in found.problems]


TREES: list[tuple[object, str, Wrong]] = [
    (None, "", Wrong.NOT_A_TREE),
    ([], "", Wrong.NOT_A_TREE),
    ("and", "", Wrong.NOT_A_TREE),
    ({}, "combinator", Wrong.NOT_A_TREE),
    ({"rules": []}, "combinator", Wrong.NOT_A_TREE),
    ({"combinator": "xor", "rules": []}, "combinator", Wrong.NOT_A_TREE),
    ({"combinator": ["and"], "rules": []}, "combinator", Wrong.NOT_A_TREE),
    ({"combinator": "and"}, "rules", Wrong.NOT_A_TREE),
    ({"combinator": "and", "rules": {}}, "rules", Wrong.NOT_A_TREE),
    (tree(**{"not": 1}), "not", Wrong.NOT_A_TREE),
    (tree(**{"not": None}), "not", Wrong.NOT_A_TREE),
    (tree(**{"not": True}), "rules", Wrong.EMPTY_GROUP),
    (tree(muted=True), "", Wrong.NOT_A_TREE),
    (tree(GOOD, tree()), "rules.1.rules", Wrong.EMPTY_GROUP),
    (tree(GOOD, "and", GOOD), "rules.1", Wrong.NOT_A_TREE),
    (tree(None), "rules.0", Wrong.NOT_A_TREE),
    (tree({}), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree(rule("age", "=", 1)), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree({**GOOD, "field": ["visits"]}), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree(rule("amount", "=", 1)), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree(rule("p.visits) OR (true", "=", 1)), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree(rule("x" * 10**6, "=", 1)), "rules.0.field", Wrong.UNKNOWN_FIELD),
    (tree({**GOOD, "valueSource": "field"}), "rules.0.valueSource", Wrong.NOT_A_TREE),
    (tree({**GOOD, "muted": True}), "rules.0", Wrong.NOT_A_TREE),
    (tree({**GOOD, "match": {"mode": "some"}}), "rules.0", Wrong.NOT_A_TREE),
    (tree(rule("visits", "contains", 1)), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree(rule("visits", ["="], 1)), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree({"field": "visits", "value": 1}), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree(rule("name", "<", "a")), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree(rule("at", "=", "2026-11-26T00:00:00Z")), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree(rule("lines", "=", 1)), "rules.0.match", Wrong.NOT_A_TREE),
    (tree(of_lines(["some"])), "rules.0.match", Wrong.NOT_A_TREE),
    (tree(of_lines({})), "rules.0.match.mode", Wrong.UNKNOWN_OPERATOR),
    (tree(of_lines({"mode": "most"})), "rules.0.match.mode", Wrong.UNKNOWN_OPERATOR),
    (tree(of_lines({"mode": {}})), "rules.0.match.mode", Wrong.UNKNOWN_OPERATOR),
    (tree(of_lines({"mode": "some", "threshold": 2})), "rules.0.match", Wrong.NOT_A_TREE),
    (tree(of_lines({"mode": "atLeast"})), "rules.0.match.threshold", Wrong.BAD_VALUE),
    (tree(of_lines({"mode": "atLeast", "threshold": -1})), "rules.0.match.threshold", Wrong.BAD_VALUE),
    (tree(of_lines({"mode": "atLeast", "threshold": 1.0})), "rules.0.match.threshold", Wrong.BAD_VALUE),
    (tree(of_lines({"mode": "atLeast", "threshold": True})), "rules.0.match.threshold", Wrong.BAD_VALUE),
    (
        tree(of_lines({"mode": "sum", "of": "amount", "operator": "!=", "threshold": 1})),
        "rules.0.match.operator",
        Wrong.UNKNOWN_OPERATOR,
    ),
    (
        tree(of_lines({"mode": "sum", "of": "sku", "operator": "=", "threshold": 1})),
        "rules.0.match.of",
        Wrong.UNKNOWN_FIELD,
    ),
    (
        tree(of_lines({"mode": "sum", "of": "amount", "operator": "="})),
        "rules.0.match.threshold",
        Wrong.BAD_VALUE,
    ),
    (tree({**of_lines({"mode": "some"}), "operator": "in"}), "rules.0.operator", Wrong.UNKNOWN_OPERATOR),
    (tree(of_lines({"mode": "some"}, [])), "rules.0.value", Wrong.NOT_A_TREE),
    (tree(of_lines({"mode": "some"}, tree(**{"not": True}))), "rules.0.value.rules", Wrong.EMPTY_GROUP),
    (tree(of_lines({"mode": "some"}, tree(GOOD))), "rules.0.value.rules.0.field", Wrong.UNKNOWN_FIELD),
    (
        tree(GOOD, of_lines({"mode": "some"}, tree(rule("amount", "=", "1")))),
        "rules.1.value.rules.0.value",
        Wrong.BAD_VALUE,
    ),
]


@pytest.mark.parametrize(("asked", "path", "wrong"), TREES, ids=lambda one: str(one)[:60])
def test_a_shape_that_is_none(asked: object, path: str, wrong: Wrong) -> None:
    assert refused(asked) == [(path, wrong)]


NO_TEXT = ["", 1, None, [], {}, True, "a\x00b", "\ud800", "x" * (MAX_TEXT + 1)]
NO_NUMBER = ["1", 1.0, True, None, [], {}, float("nan"), float("inf"), MAX_NUMBER + 1, -MAX_NUMBER - 1]
NO_DATE = [
    "",
    "26.11.2026",
    "2026-02-29",
    "20261126",
    "2026-W48-4",
    "2026-11-26T00:00",
    20261126,
    None,
    "0000-01-01",
    "10000-01-01",
]
NO_MOMENT = ["", "2026-11-26", "2026-11-26T10:00:00", 0, None, "0001-01-01T00:00:00+14:00", "2026-11-26T25:00:00Z"]
NO_PAIR: list[object] = [None, 1, "1,2", [], [1], [1, 2, 3], [2, 1], [1, None], {"0": 1, "1": 2}]
NO_LIST: list[object] = [None, 1, "1,2", {}, []]
VALUES: list[tuple[str, str, list[Any]]] = [
    ("visits", "=", NO_NUMBER),
    ("visits", "!=", NO_NUMBER),
    ("spent", "<", NO_NUMBER),
    ("spent", "<=", NO_NUMBER),
    ("spent", ">", NO_NUMBER),
    ("spent", ">=", NO_NUMBER),
    ("visits", "between", NO_PAIR),
    ("visits", "in", [*NO_LIST, [1, "2"], [1.5], [None], [[1]], list(range(MAX_LIST + 1))]),
    ("name", "=", NO_TEXT),
    ("name", "contains", NO_TEXT),
    ("name", "beginsWith", NO_TEXT),
    ("name", "endsWith", NO_TEXT),
    ("name", "notIn", [*NO_LIST, [1], [""], ["a", None]]),
    ("name", "null", [1, True, "a", [], {}]),
    ("vip", "=", [None, 0, 1, "true", "", [True]]),
    ("tier", "=", [*NO_TEXT, "d", "Gold"]),
    ("tier", "in", [*NO_LIST, ["a", "d"]]),
    ("badges", "hasAny", [*NO_LIST, "a", [1], [["a"]]]),
    ("badges", "hasAll", [*NO_LIST, [""]]),
    ("born", "=", NO_DATE),
    ("born", ">=", NO_DATE),
    ("born", "between", [*NO_PAIR, ["2026-11-26", "2026-11-25"]]),
    ("born", "withinLast", [0, -1, 1.0, True, "7", None, MAX_DAYS + 1]),
    ("born", "withinNext", [0, MAX_DAYS + 1]),
    ("born", "anniversaryWithin", [-1, MAX_AROUND + 1, True, None]),
    ("at", "<", NO_MOMENT),
    ("at", "between", [*NO_PAIR, ["2026-11-26T00:00:00Z", "2026-11-26T00:00:00+01:00"]]),
    ("at", "withinLast", [0, MAX_DAYS + 1]),
    ("weekday", "=", [0, 8, "1", True, None]),
    ("weekday", "in", [[], [0], [1, 8], 1]),
    (
        "time",
        "between",
        [["09:00"], ["09:00", "09:00"], ["24:00", "06:00"], ["9:00", "10:00"], ["09:60", "10:00"], ["24:01", "10:00"],
         ["09.00", "10:00"], ["09:00:00", "10:00"], [540, 600], ["٠٩:00", "10:00"], ["-1:00", "10:00"], None],
    ),
    (
        "category",
        "inCategory",
        [*NO_LIST, [[]], ["food"], [["food", ""]], [["x"] * (MAX_PATH + 1)], [["food"]] * 101, [[1]], [{}]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [(field, operator, value) for field, operator, values in VALUES for value in values],
    ids=lambda one: repr(one)[:40],
)
def test_an_operand_that_the_operator_does_not_take(field: str, operator: str, value: object) -> None:
    assert refused(tree(GOOD, rule(field, operator, value))) == [("rules.1.value", Wrong.BAD_VALUE)]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    asked = tree(
        rule("visits", "=", "1"),
        tree(GOOD, rule("age", "=", 1), tree()),
        GOOD,
        of_lines({"mode": "none"}, tree(rule("sku", "like", "a"), rule("amount", "=", None))),
    )
    assert refused(asked) == [
        ("rules.0.value", Wrong.BAD_VALUE),
        ("rules.1.rules.1.field", Wrong.UNKNOWN_FIELD),
        ("rules.1.rules.2.rules", Wrong.EMPTY_GROUP),
        ("rules.3.value.rules.0.operator", Wrong.UNKNOWN_OPERATOR),
        ("rules.3.value.rules.1.value", Wrong.BAD_VALUE),
    ]


def test_what_the_builder_adds_is_let_pass() -> None:
    asked = tree({**GOOD, "id": "r-1", "path": [0], "valueSource": "value"}, id="root", path=[])
    asked["rules"].append({**of_lines({"mode": "some"}, tree()), "operator": "="})
    assert refused(asked) == []


def test_a_tree_without_rules_is_true_of_everybody() -> None:
    assert read(tree(), PEOPLE) == AllOf(())
    assert read({"combinator": "or", "not": False, "rules": []}, PEOPLE) == AllOf(())


# Limits ---------------------------------------------------------------------------------------------------------------


def nested(depth: int) -> Tree:
    """As many groups within each other."""
    out = tree(GOOD)
    for _ in range(depth - 1):
        out = tree(out)
    return out


def test_depth() -> None:
    assert refused(nested(MAX_DEPTH)) == []
    place = ".".join(["rules.0"] * MAX_DEPTH)
    assert refused(nested(MAX_DEPTH + 1)) == [(place, Wrong.TOO_DEEP)]
    assert refused(nested(100)) == [(place, Wrong.TOO_DEEP)]
    inner = of_lines({"mode": "some"}, tree(rule("amount", "=", 1)))
    asked = nested(MAX_DEPTH)
    deepest = asked
    while deepest["rules"] != [GOOD]:
        deepest = deepest["rules"][0]
    deepest["rules"] = [inner]
    assert refused(asked) == [(f"{place}.value", Wrong.TOO_DEEP)]


def test_nodes() -> None:
    assert refused(tree(*[GOOD] * MAX_NODES)) == []
    assert refused(tree(*[GOOD] * (MAX_NODES + 1))) == [(f"rules.{MAX_NODES}", Wrong.TOO_MANY)]
    assert refused(tree(*[GOOD] * 10**6)) == [(f"rules.{MAX_NODES}", Wrong.TOO_MANY)]
    groups = [tree(GOOD, GOOD)] * 200
    assert refused(tree(*groups))[0] == ("rules.166.rules.1", Wrong.TOO_MANY)
    assert len(refused(tree(*[None] * 10**5))) == MAX_NODES + 1


def test_lists() -> None:
    full = rule("visits", "in", list(range(MAX_LIST)))
    most = MAX_VALUES // MAX_LIST
    assert refused(tree(*[full] * most)) == []
    assert refused(tree(*[full] * most, rule("visits", "in", [1]))) == [(f"rules.{most}.value", Wrong.TOO_MANY)]
    assert refused(tree(rule("visits", "in", [0] * 10**6))) == [("rules.0.value", Wrong.TOO_MANY)]


def test_the_largest_that_are_taken() -> None:
    asked = [
        rule("name", "=", "\U0001f375" * MAX_TEXT),
        rule("visits", "between", [-MAX_NUMBER, MAX_NUMBER]),
        rule("born", "withinLast", MAX_DAYS),
        rule("born", "anniversaryWithin", MAX_AROUND),
        rule("category", "inCategory", [["x"] * MAX_PATH] * 100),
        rule("born", "between", ["0001-01-01", "9999-12-31"]),
        rule("time", "between", ["23:59", "24:00"]),
        of_lines({"mode": "sum", "of": "amount", "operator": "<", "threshold": -MAX_NUMBER}),
    ]
    assert refused(tree(*asked)) == []


WORDS = ["combinator", "rules", "field", "operator", "value", "match", "mode", "threshold", "not", "of", "x"]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["and", "some"])
)
JSON = st.recursive(
    LEAVES | st.sampled_from(sorted(PEOPLE.fields)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=30,
)


@given(JSON)
def test_whatever_comes_is_read_or_refused(value: object) -> None:
    for asked in (value, tree(value), tree({"field": "lines", "match": value, "value": value})):
        found = read(asked, PEOPLE)
        if isinstance(found, Refused):
            assert found.problems
            json.dumps([problem.detail for problem in found.problems]).encode()


@given(field=st.sampled_from(sorted(set(PEOPLE.fields) - {"lines"})), value=JSON, data=st.data())
def test_whatever_comes_as_a_value_is_taken_or_refused(field: str, value: object, data: st.DataObject) -> None:
    operator = data.draw(st.sampled_from(sorted(OPERATORS[PEOPLE.fields[field].kind])))
    found = refused(tree(rule(field, operator, value)))
    assert found in ([], [("rules.0.value", Wrong.BAD_VALUE)])


def test_a_registry_has_one_field_a_name() -> None:
    one = Field("lines.sku", Kind.TEXT, str, "x")
    with pytest.raises(ValueError, match="unique"):
        Registry.of(one, one)
    with pytest.raises(ValueError, match="unique"):
        Registry.of(one, Field("lines", Kind.ITEMS, str, "x", items=LINES))
    with pytest.raises(ValueError, match="parts"):
        Registry.of(Field("lines", Kind.ITEMS, str, "x"))
    with pytest.raises(ValueError, match="parts"):
        Registry.of(Field("sku", Kind.TEXT, str, "x", items=LINES))
