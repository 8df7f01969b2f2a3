"""Which leaves decided: recomputed when somebody asks, never stored."""

from dataclasses import dataclass
from typing import assert_never

from verno.predicate.closures import closure
from verno.predicate.types import Both, Either, Fact, Instant, Items, Node, Not, Test, Value


@dataclass(frozen=True, slots=True)
class Reason:
    """A leaf that decided, with what it found. ``holds`` is what the leaf itself said."""

    leaf: Test | Items
    holds: bool
    found: Value


def why(node: Node, fact: Fact, when: Instant) -> list[Reason]:
    """Return the leaves that made the tree match, or that kept it from matching, in the tree's order.

    Of "all of these" that does not match: those that fail. Of "any of these" that does: those that hold. Else all.
    """
    holds = closure(node)(fact, when)
    match node:
        case Test() | Items():
            return [Reason(node, holds, node.field.read(fact))]
        case Not(inner):
            return why(inner, fact, when)
        case Both(nodes) | Either(nodes):
            return [
                reason for one in nodes if closure(one)(fact, when) is holds for reason in why(one, fact, when)
            ]
        case _:
            assert_never(node)
