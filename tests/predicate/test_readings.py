"""Both readings of any tree say the same of any fact, and so do its anchors and its explanation."""

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicate import world
from tests.predicate.asking import all_of, node_of, rule
from tests.predicate.languages import LANGUAGES
from tests.predicate.trees import WHENS, Case, cases, examples, operands, persons_by
from verno.predicate.anchors import anchors, keys
from verno.predicate.closures import closure
from verno.predicate.explaining import explain
from verno.predicate.operators import OPERATORS
from verno.predicate.sql import compiled
from verno.predicate.types import Kind, Value


@pytest.mark.parametrize("field", sorted(set(world.PEOPLE.fields) - {"lines"}))
@examples(30)
@given(data=st.data())
def test_every_operator_is_read_alike(conn: "psycopg.Connection[Any]", field: str, data: st.DataObject) -> None:
    when = data.draw(st.sampled_from(WHENS))
    people = data.draw(st.lists(persons_by(field, when), min_size=6, max_size=16))
    world.fill(conn, people)
    for operator, values in operands(world.PEOPLE.fields[field].kind, when).items():
        for value in data.draw(st.lists(values, min_size=1, max_size=2)):
            node = node_of(all_of(rule(field, operator, value)))
            asked = closure(node)
            python = {number for number, person in enumerate(people) if asked(person, when)}
            assert world.found(conn, compiled(node, when)) == python, (operator, value)


@examples(100)
@given(case=cases())
def test_python_and_sql_agree(conn: "psycopg.Connection[Any]", case: Case) -> None:
    world.fill(conn, case.people)
    for tree in case.trees:
        node = node_of(tree)
        asked = closure(node)
        python = {number for number, person in enumerate(case.people) if asked(person, case.when)}
        made = compiled(node, case.when)
        assert world.found(conn, made) == python, (tree, made.text)


@examples(150)
@given(case=cases())
def test_what_a_tree_is_true_of_holds_its_anchors(case: Case) -> None:
    for tree in case.trees:
        node = node_of(tree)
        needs = anchors(node)
        for person in case.people:
            if not closure(node)(person, case.when):
                continue
            assert needs is not None
            assert all(needs.values())
            for name, values in needs.items():
                assert values & held(name, person), (tree, name)


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
