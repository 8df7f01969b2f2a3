"""Ready mechanics: rulebook fragments with sensible numbers, and receipts that show what they do."""

from collections.abc import Mapping

from verno.predicate.words import gettext_noop
from verno.promotions.gallery import discounts, earning, members, pieces
from verno.promotions.gallery.types import Mechanic

__all__ = ["PURPOSES", "Mechanic", "all_mechanics", "find"]

PURPOSES: Mapping[str, tuple[Mechanic, ...]] = {
    gettext_noop("Points for what is bought"): earning.WHAT_IS_BOUGHT,
    gettext_noop("Points for some members and places"): earning.WHO_AND_WHERE,
    gettext_noop("Times, occasions and visits"): members.TIMES,
    gettext_noop("Offers for tiers, badges and newcomers"): members.WHO,
    gettext_noop("Free pieces and sets"): pieces.MECHANICS,
    gettext_noop("Discounts and gifts for the basket"): discounts.BASKETS,
    gettext_noop("Words, badges and signals"): discounts.TELLING,
}
"""Mechanics by what they are for (msgids), in the order they are shown."""

_ALL = tuple(one for mechanics in PURPOSES.values() for one in mechanics)
_BY_CODE = {mechanic.code: mechanic for mechanic in _ALL}


def all_mechanics() -> tuple[Mechanic, ...]:
    """Return every mechanic, in the order they are shown."""
    return _ALL


def find(code: str) -> Mechanic | None:
    """Return the mechanic of a code."""
    return _BY_CODE.get(code)
