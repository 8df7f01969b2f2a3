"""Short words for trees in tests."""

from typing import Any

from tests.predicate import world
from tests.predicate.trees import as_stored
from verno.predicate.reading import read
from verno.predicate.types import Node, Refused

Tree = dict[str, Any]


def rule(field: str, operator: object, value: object = None) -> Tree:
    return {"field": field, "operator": operator, "value": value}


def all_of(*rules: object, **more: object) -> Tree:
    return {"combinator": "and", "rules": list(rules), **more}


def any_of(*rules: object, **more: object) -> Tree:
    return {"combinator": "or", "rules": list(rules), **more}


def none_of(*rules: object) -> Tree:
    return any_of(*rules, **{"not": True})


def not_all(*rules: object) -> Tree:
    return all_of(*rules, **{"not": True})


def lines(mode: str, *where: object, **match: object) -> Tree:
    return {"field": "lines", "match": {"mode": mode, **match}, "value": all_of(*where) if where else None}


def node_of(tree: Tree) -> Node:
    """Read a tree that is known to be right."""
    found = read(as_stored(tree), world.PEOPLE)
    assert not isinstance(found, Refused), found
    return found
