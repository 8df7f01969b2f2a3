"""A Merkle-sum tree, pure: every node carries, beside its hash, the sums of what lies below it.

A leaf is a member's figures under a salt of the member's own; a node's hash covers both children's hashes *and* sums,
so a sum cannot be changed anywhere on the way to the root. Figures are never negative: a program cannot hide what it
owes behind an invented debtor. The sums of a node are one large integer, a lane of 128 bits for each figure, so that
adding two nodes is one addition and writing the lanes is one call.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

LANE = 16
"""Bytes of one sum; MAX_POINTS times all of mankind fits well within."""
LEAF, NODE = b"\x00", b"\x01"


class Node(NamedTuple):
    """A hash and the sums below it, packed."""

    hash: bytes
    sums: int


EMPTY = Node(sha256().digest(), 0)
"""The root of a tree without leaves."""


def pack(figures: Sequence[int]) -> int:
    """Return figures as one integer, the first in the highest lane. Raises ``OverflowError`` for what fits no lane."""
    return int.from_bytes(b"".join(figure.to_bytes(LANE) for figure in figures))


def unpack(sums: int, lanes: int) -> tuple[int, ...]:
    """Return the figures of a packed integer."""
    joined = sums.to_bytes(lanes * LANE)
    return tuple(int.from_bytes(joined[at : at + LANE]) for at in range(0, len(joined), LANE))


def leaf(salt: bytes, name: bytes, sums: int, lanes: int) -> Node:
    """Return the leaf of one member: salt and name have fixed lengths, so nothing can be read in two ways."""
    return Node(sha256(LEAF + salt + name + sums.to_bytes(lanes * LANE)).digest(), sums)


def levels(leaves: Iterable[Node], lanes: int) -> list[list[Node]]:
    """Return the tree from the leaves, in the order of their hashes, up to the root.

    That order tells nothing about members, while the order of ids would tell who joined one after another.
    """
    out = [sorted(leaves)]
    width = lanes * LANE
    while len(out[-1]) > 1:
        below = out[-1]
        above = [
            Node(
                sha256(NODE + left.hash + left.sums.to_bytes(width) + right.hash + right.sums.to_bytes(width)).digest(),
                left.sums + right.sums,
            )
            for left, right in zip(below[::2], below[1::2], strict=False)
        ]
        if len(below) % 2:
            above.append(below[-1])
        out.append(above)
    return out


def root(tree: Sequence[Sequence[Node]]) -> Node:
    """Return the root of a tree."""
    return tree[-1][0] if tree[-1] else EMPTY


def path(tree: Sequence[Sequence[Node]], index: int) -> list[tuple[bool, Node]]:
    """Return the neighbours from leaf ``index`` to the root, each with whether it stands on the left."""
    out = []
    for level in tree[:-1]:
        neighbour = index ^ 1
        if neighbour < len(level):
            out.append((neighbour < index, level[neighbour]))
        index //= 2
    return out


def climb(start: Node, steps: Iterable[tuple[bool, Node]], lanes: int) -> Node:
    """Return the root that a leaf and its neighbours lead to.

    The neighbours are somebody's claim: raises ``OverflowError`` where a sum outgrows the tree, so that none can wrap.
    """
    width = lanes * LANE
    node = start
    for on_left, neighbour in steps:
        left, right = (neighbour, node) if on_left else (node, neighbour)
        text = left.hash + left.sums.to_bytes(width) + right.hash + right.sums.to_bytes(width)
        node = Node(sha256(NODE + text).digest(), pack(_added(left.sums, right.sums, lanes)))
    return node


def _added(left: int, right: int, lanes: int) -> list[int]:
    """Add lane by lane: unlike one addition, this refuses a sum that would run into the next lane."""
    return [a + b for a, b in zip(unpack(left, lanes), unpack(right, lanes), strict=True)]
