"""What points are worth in money, and how many of them a receipt may take.

Money in minor units, points in the unit's smallest step. ``spend_value`` is what one whole point is worth.
"""

from collections.abc import Sequence

import msgspec

PERCENT = 100
STEPS = (1, 10, 100)
"""Smallest steps in a whole point, by the unit's scale."""


class Purse(msgspec.Struct, frozen=True, gc=False):
    """What a member could spend of one unit: ``spend_value`` minor units a whole point, ``available`` in steps."""

    unit: str
    spend_value: int
    scale: int
    available: int


def value(points: int, *, spend_value: int, scale: int) -> int:
    """Return what points are worth in minor units, rounded down: a till never gives more than they are worth."""
    return points * spend_value // STEPS[scale]


def least_points(money: int, *, spend_value: int, scale: int) -> int:
    """Return the fewest points that are worth as much of ``money`` as points can be."""
    most = money * STEPS[scale] // spend_value
    return -(-value(most, spend_value=spend_value, scale=scale) * STEPS[scale] // spend_value)


def payable(price: int, *, share: int) -> int:
    """Return how much of ``price`` points may pay: ``share`` per cent of it, rounded down."""
    return price * share // PERCENT


def spend_max(purses: Sequence[Purse], price: int, *, share: int) -> dict[str, int]:
    """Return by unit how many points could pay for a receipt, each unit taken alone."""
    room = payable(price, share=share)
    return {purse.unit: most(purse, room) for purse in purses}


def most(purse: Purse, room: int) -> int:
    """Return how many points of a purse are worth the most that fits into ``room`` minor units, and not one more."""
    room = min(room, value(purse.available, spend_value=purse.spend_value, scale=purse.scale))
    return max(least_points(room, spend_value=purse.spend_value, scale=purse.scale), 0)
