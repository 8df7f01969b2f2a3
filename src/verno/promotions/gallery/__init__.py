"""Ready mechanics: rulebook fragments with sensible numbers, and receipts that show what they do."""

from verno.promotions.gallery import discounts, earning, members, pieces
from verno.promotions.gallery.types import Mechanic

__all__ = ["Mechanic", "all_mechanics", "find"]

_ALL = (*earning.MECHANICS, *members.MECHANICS, *pieces.MECHANICS, *discounts.MECHANICS)
_BY_CODE = {mechanic.code: mechanic for mechanic in _ALL}


def all_mechanics() -> tuple[Mechanic, ...]:
    """Return every mechanic, in the order they are shown."""
    return _ALL


def find(code: str) -> Mechanic | None:
    """Return the mechanic of a code."""
    return _BY_CODE.get(code)
