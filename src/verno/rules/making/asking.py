"""Which fields a condition asks."""

from collections.abc import Iterator
from typing import assert_never

from verno.predicate.types import AllOf, AnyOf, Items, Leaf, Node, Not


def asked(node: Node) -> Iterator[str]:
    """Yield the names of the fields that a condition asks, those of parts with the whole's before them."""
    match node:
        case Leaf():
            yield node.field.name
        case Items():
            yield node.field.name
            inner = asked(node.where) if node.where else ()
            yield from (f"{node.field.name}.{name}" for name in inner)
            if node.of is not None:
                yield f"{node.field.name}.{node.of.name}"
        case AllOf(nodes) | AnyOf(nodes):
            for one in nodes:
                yield from asked(one)
        case Not(inner_node):
            yield from asked(inner_node)
        case _:
            assert_never(node)
