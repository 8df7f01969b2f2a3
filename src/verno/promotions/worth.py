"""What a point gives back of the spending that earns it: a slip of a zero there gives the shop away."""

from datetime import datetime
from fractions import Fraction
from math import ceil

from verno.kit.db import Connection
from verno.promotions import queries
from verno.rules.effects import WHOLE, Earn, EarnPercent
from verno.rules.types import Rulebook
from verno.workspace.types import Unit

MOST_PERCENT = 20
"""Above it, somebody has to say that it is meant."""


def too_generous(
    conn: Connection, program_id: str, unit: Unit, spend_value: int | None, *, now: datetime
) -> int | None:
    """Return what a point worth ``spend_value`` minor units gives back, in percent rounded up, when it is above 20.

    The rulebook that holds now counts, and those that will.
    """
    if spend_value is None:
        return None
    books = queries.rulebooks(conn, program_id)
    shares = [share(book.rulebook, unit, spend_value) for book in queries.live(books, now)]
    most = max(shares, default=Fraction(0))
    return ceil(most) if most > MOST_PERCENT else None


def share(rulebook: Rulebook, unit: Unit, spend_value: int) -> Fraction:
    """Return percent of the money paid that comes back as points, all rules that give the unit taken together."""
    effects = [effect for rule in rulebook.rules if not rule.paused for effect in rule.effects]
    given = [
        Fraction(effect.points, effect.per)
        for effect in effects
        if isinstance(effect, Earn) and effect.unit == unit.code
    ]
    shares = [
        Fraction(effect.rate, WHOLE // 100)
        for effect in effects
        if isinstance(effect, EarnPercent) and effect.unit == unit.code
    ]
    return sum(given, Fraction(0)) * Fraction(100 * spend_value, 10**unit.scale) + sum(shares, Fraction(0))
