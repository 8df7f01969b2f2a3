"""What a broadcast brought: revenue a member, exposed against holdout, with its interval (Welch). Pure."""

from fractions import Fraction
from math import isqrt

from verno.messaging.broadcasts.types import Group, Lift

Z = Fraction(196, 100)
"""95 %, of the normal law: with hundreds of members in each group Welch's t is the same to two digits."""
MILLI = 1_000
LEAST = 2
"""Members of a group, without which nothing varies."""


def lift(exposed: Group, holdout: Group) -> Lift | None:
    """Return the difference with its 95 % interval; None while a group has fewer than two members.

    Whoever was held out by the draw is compared with whoever was not, whether or not the message reached them: else
    those with a valid address would be compared with everybody.
    """
    if min(exposed.members, holdout.members) < LEAST:
        return None
    difference = _mean(exposed) - _mean(holdout)
    error = _root(MILLI**2 * Z**2 * (_variance(exposed) / exposed.members + _variance(holdout) / holdout.members))
    each = _rounded(MILLI * difference)
    return Lift(each, each - error, each + error, _rounded(difference * exposed.members))


def _mean(group: Group) -> Fraction:
    return Fraction(group.revenue, group.members)


def _variance(group: Group) -> Fraction:
    """Return the sample's variance, exactly: sums of squares lose nothing as integers."""
    return (group.squares - Fraction(group.revenue**2, group.members)) / (group.members - 1)


def _root(square: Fraction) -> int:
    """Return the root, rounded up: an interval is never too narrow."""
    whole = -(-square.numerator // square.denominator)
    root = isqrt(whole)
    return root if root * root == whole else root + 1


def _rounded(value: Fraction) -> int:
    """Round half away from zero."""
    doubled = abs(2 * value.numerator) + value.denominator
    size = doubled // (2 * value.denominator)
    return size if value >= 0 else -size
