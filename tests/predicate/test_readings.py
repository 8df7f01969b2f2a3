"""Both readings of any tree say the same of any fact, and so do its anchors and its explanation."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicate import world
from tests.predicate.asking import Tree, all_of, node_of, rule
from tests.predicate.languages import LANGUAGES
from tests.predicate.trees import WHENS, Case, cases, examples, matches, operands, persons, persons_by, some, trees
from verno.predicate.anchors import anchors, keys
from verno.predicate.closures import closure
from verno.predicate.explaining import explain
from verno.predicate.operators import OPERATORS
from verno.predicate.sql import compiled
from verno.predicate.types import Kind, Mode, Registry, Value, When


def agree(conn: "psycopg.Connection[Any]", asked: list[Tree], people: list[SimpleNamespace], when: When) -> None:
    """See that both readings find the same of these people, tree by tree."""
    world.fill(conn, people)
    for tree in asked:
        node = node_of(tree)
        python = closure(node)
        made = compiled(node, when)
        expected = {number for number, person in enumerate(people) if python(person, when)}
        assert world.found(conn, made) == expected, (tree, made.text)


@pytest.mark.parametrize("field", sorted(set(world.PEOPLE.fields) - {"lines"}))
@examples(30)
@given(data=st.data())
def test_every_operator_is_read_alike(conn: "psycopg.Connection[Any]", field: str, data: st.DataObject) -> None:
    when = data.draw(st.sampled_from(WHENS))
    people = data.draw(st.lists(persons_by(field, when), min_size=6, max_size=16))
    asked = [
        all_of(rule(field, operator, value))
        for operator, values in operands(world.PEOPLE.fields[field].kind, when).items()
        for value in data.draw(st.lists(values, min_size=1, max_size=2))
    ]
    agree(conn, asked, people, when)


@pytest.mark.parametrize("mode", list(Mode))
@examples(30)
@given(data=st.data())
def test_every_mode_is_read_alike(conn: "psycopg.Connection[Any]", mode: Mode, data: st.DataObject) -> None:
    when = WHENS[0]
    people = data.draw(st.lists(persons_by("lines", when), min_size=6, max_size=16))
    about_lines = trees(world.LINES, when, 0)
    asked = [
        all_of({"field": "lines", "match": match, "value": data.draw(some(about_lines))})
        for match in data.draw(st.lists(matches(mode), min_size=4, max_size=8))
    ]
    agree(conn, asked, people, when)


@examples(100)
@given(case=cases())
def test_python_and_sql_agree(conn: "psycopg.Connection[Any]", case: Case) -> None:
    agree(conn, case.trees, case.people, case.when)


def only(name: str) -> Registry:
    """A registry of one field, or of parts with one field: its trees meet themselves at every corner."""
    outer, _, inner = name.partition(".")
    field = world.PEOPLE.fields[outer]
    return Registry.of(replace(field, items=Registry.of(world.LINES.fields[inner])) if inner else field)


@pytest.mark.parametrize("name", ["tier", "badges", "category", "lines.sku", "lines.tags", "lines.category", ""])
@examples(50)
@given(data=st.data())
def test_what_a_tree_is_true_of_holds_its_anchors(name: str, data: st.DataObject) -> None:
    when = WHENS[0]
    someone = persons_by(name.partition(".")[0], when) if name else persons(when)
    people = data.draw(st.lists(someone, min_size=3, max_size=8))
    for tree in data.draw(st.lists(trees(only(name) if name else world.PEOPLE, when), min_size=4, max_size=10)):
        node = node_of(tree)
        needs, asked = anchors(node), closure(node)
        for person in people:
            if not asked(person, when):
                continue
            assert needs is not None
            assert all(needs.values())
            for field, values in needs.items():
                assert values & held(field, person), (tree, field)


def held(name: str, person: SimpleNamespace) -> frozenset[Value]:
    outer, _, inner = name.partition(".")
    if not inner:
        return keys(world.PEOPLE.fields[outer], person)
    return frozenset().union(*[keys(world.LINES.fields[inner], part) for part in getattr(person, outer) or ()])


@examples(60)
@given(case=cases())
def test_an_explanation_names_the_leaves_that_decided(case: Case) -> None:
    for tree in case.trees:
        node = node_of(tree)
        for person in case.people:
            verdict = closure(node)(person, case.when)
            reasons = explain(node, person, case.when, LANGUAGES["en"])
            assert reasons
            assert {reason.holds is reason.wanted for reason in reasons} == {verdict}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ITEMS])
def test_the_generators_know_every_operator(kind: Kind) -> None:
    assert set(operands(kind, WHENS[0])) == set(OPERATORS[kind])
    assert kind in {field.kind for field in world.PEOPLE.fields.values()}
