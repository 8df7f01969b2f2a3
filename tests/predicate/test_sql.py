"""Nothing that a tree says becomes SQL but as a parameter."""

from datetime import UTC, date, datetime
from typing import Any

import psycopg
from hypothesis import given

from tests.predicate import world
from tests.predicate.asking import all_of, any_of, lines, node_of, none_of, rule
from tests.predicate.trees import Case, cases, examples
from verno.predicate.sql import compiled
from verno.predicate.types import Compiled, When

NOW = When(datetime(2026, 11, 26, 9, tzinfo=UTC), date(2026, 11, 26))
HOSTILE = ["'; DROP TABLE people; --", "%s", "%(c0)s", "{key}", '"', "\\", "$1", "чай\n"]


def test_what_a_tree_says_is_bound(conn: "psycopg.Connection[Any]") -> None:
    for text in HOSTILE:
        world.fill(conn, [world.person(name=text, size=text, badges=["b"]), world.person(name="tea", size="tea")])
        for asked in (
            rule("name", "=", text),
            rule("name", "in", [text]),
            rule("name", "contains", text),
            rule("name", "beginsWith", text),
            rule("name", "endsWith", text),
            rule("size", "=", text),
        ):
            made = compiled(node_of(all_of(asked)), NOW)
            assert text not in made.text.replace("%(c0)s::", "").replace("%(c1)s::", "")
            assert world.found(conn, made) == {0}


@examples(50)
@given(case=cases())
def test_the_text_does_not_depend_on_who_asks_when(case: Case) -> None:
    for tree in case.trees:
        made = compiled(node_of(tree), case.when)
        for word in made.text.split("'")[1::2]:
            assert word in {"UTC", "1 day"}, made.text
        assert made.text.count("%(") == made.text.count("%(c")
        assert made.text.replace("%(", "").count("%") == 0


def test_two_conditions_stand_in_one_statement(conn: "psycopg.Connection[Any]") -> None:
    world.fill(conn, [world.person(visits=1, vip=True), world.person(visits=1), world.person(visits=2, vip=True)])
    one = compiled(node_of(all_of(rule("visits", "=", 1))), NOW, prefix="a")
    two = compiled(node_of(all_of(rule("vip", "=", True), rule("born", "null"))), NOW, prefix="b")
    assert not set(one.parameters) & set(two.parameters)
    both = Compiled(f"({one.text}) AND ({two.text})", {**one.parameters, **two.parameters})
    assert world.found(conn, both) == {0}


def test_plain_comparisons_stay_plain_for_indexes() -> None:
    made = compiled(node_of(all_of(rule("visits", ">=", 3), rule("tier", "in", ["a"]))), NOW)
    assert made.text == "(p.visits >= %(c0)s::bigint) AND (p.tier = ANY (%(c1)s::text[]))"
    assert made.parameters == {"c0": 3, "c1": ["a"]}


def test_some_is_a_half_join() -> None:
    made = compiled(node_of(all_of(lines("some", rule("sku", "=", "tea")))), NOW)
    assert made.text == "(EXISTS (SELECT FROM lines l WHERE l.person = p.id AND ((l.sku = %(c0)s::text))))"


def test_not_asks_for_what_is_not_true() -> None:
    made = compiled(node_of(none_of(rule("visits", "=", 3))), NOW)
    assert made.text == "((p.visits = %(c0)s::bigint)) IS NOT TRUE"
    assert compiled(node_of(all_of()), NOW).text == "true"


def test_the_largest_tree_runs(conn: "psycopg.Connection[Any]") -> None:
    world.fill(conn, [world.person(visits=9_999), world.person(visits=10_000), world.person()])
    full = rule("visits", "in", list(range(10_000)))
    paths = rule("category", "inCategory", [["x"] * 20] * 100)
    made = compiled(node_of(all_of(full, full, full, full, any_of(rule("visits", "=", 9_999), *[paths] * 90))), NOW)
    assert world.found(conn, made) == {0}
