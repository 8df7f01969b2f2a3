"""What must be so before a tree can be true: for an index of rules, so that those that cannot fire cost nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never, cast

from verno.predicate.closures import judge
from verno.predicate.types import AllOf, AnyOf, Fact, Field, Items, Kind, Leaf, Mode, Node, Not, Value

MANY = frozenset({Kind.CODES, Kind.CATEGORY})
"""Kinds of which a fact holds several keys at once."""


def anchors(node: Node) -> Mapping[str, frozenset[Value]] | None:
    """Return, by field, the values one of which a fact must hold for the tree to be true; None when it never is.

    A condition on parts gives ``lines.sku``: some part must hold one of the values. What a fact or a part holds is
    what ``keys`` says. A field that is not named is free, and what it holds does not matter.
    """
    needs = _needs(node, turned=False)
    return None if needs is None else {name: need.values for name, need in needs.items()}


def keys(field: Field, fact: Fact) -> frozenset[Value]:
    """Return the values under which an index finds a fact: of a category each one above it too, of nothing none."""
    value = field.read(fact)
    if value is None:
        return frozenset()
    if field.kind is Kind.CODES:
        return frozenset(cast("Sequence[str]", value))
    if field.kind is Kind.CATEGORY:
        path = tuple(cast("Sequence[str]", value))
        return frozenset([path[: depth + 1] for depth in range(len(path))])
    return frozenset([value])


@dataclass(frozen=True, slots=True)
class _Need:
    """One of these values; ``many`` where a fact can hold several, so that two needs may be met by two of them."""

    values: frozenset[Value]
    many: bool

    def and_also(self, other: "_Need") -> "_Need":
        if self.many:
            return min(self, other, key=lambda need: len(need.values))
        return _Need(self.values & other.values, many=False)


_Needs: TypeAlias = dict[str, _Need]


def _needs(node: Node, *, turned: bool) -> _Needs | None:
    """Return what must be so for the node to be true or, ``turned``, to be false."""
    match node:
        case Leaf(field=field, bound=bound):
            if bound.anchors is None or node.opposite is not turned:
                return {}
            return {field.name: _Need(bound.anchors, field.kind in MANY)}
        case Items():
            return _of_parts(node, turned=turned)
        case AllOf(nodes):
            return _one(nodes, turned=True) if turned else _each(nodes, turned=False)
        case AnyOf(nodes):
            return _each(nodes, turned=True) if turned else _one(nodes, turned=False)
        case Not(inner):
            return _needs(inner, turned=not turned)
        case _:
            assert_never(node)


def _each(nodes: Sequence[Node], *, turned: bool) -> _Needs | None:
    out: _Needs = {}
    for node in nodes:
        needs = _needs(node, turned=turned)
        if needs is None:
            return None
        for name, need in needs.items():
            out[name] = out[name].and_also(need) if name in out else need
    return out if all(need.values for need in out.values()) else None


def _one(nodes: Sequence[Node], *, turned: bool) -> _Needs | None:
    """Join what each possible branch needs; a field that one of them leaves free is free."""
    possible = [needs for node in nodes if (needs := _needs(node, turned=turned)) is not None]
    if not possible:
        return None
    return {
        name: _Need(frozenset().union(*[needs[name].values for needs in possible]), need.many)
        for name, need in possible[0].items()
        if all(name in needs for needs in possible)
    }


def _of_parts(node: Items, *, turned: bool) -> _Needs | None:
    """Return what some part must hold, if without such a part the verdict would be another one.

    That part is one that matches or, where all must, one that does not.
    """
    if judge(node)(0) is not turned:
        return {}
    fails = node.mode is Mode.ALL
    if node.where is None:
        return None if fails else {}
    needs = _needs(node.where, turned=fails)
    if needs is None:
        return None
    return {f"{node.field.name}.{name}": _Need(need.values, many=True) for name, need in needs.items()}
