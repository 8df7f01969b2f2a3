"""Words of returns: what a till says came back."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.intake.types import MAX_LINES, Brought, ById, ByNumber, Code, LineQuantity, Short, Target
from verno.promotions.budgets.types import Figures

Lines: TypeAlias = Annotated[list[LineQuantity], Meta(min_length=1, max_length=MAX_LINES)]


class Original(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The sale that something comes back of: our ``id``, or its place, series and number."""

    id: Code | None = None
    place: Code | None = None
    series: Short = ""
    number: Code | None = None

    def __post_init__(self) -> None:
        """Refuse half a name, and two."""
        by_number = self.place is not None and self.number is not None
        if by_number == (self.id is not None) or (self.id is not None and (self.place or self.series or self.number)):
            message = "name the sale by id, or by place, series and number"
            raise ValueError(message)

    def target(self) -> Target:
        """Return the sale's name."""
        return ById(self.id) if self.id is not None else ByNumber(self.place or "", self.series, self.number or "")


class Return(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What came back, under a number of its own, from the numbers that receipts have too.

    Without ``lines`` all that is left comes back: a void. ``at`` without an offset is read in the place's zone.
    """

    number: Code
    place: Code
    at: datetime
    original: Original
    series: Short = ""
    lines: Lines | None = None
    till: Code | None = None
    cashier: Code | None = None
    fiscal_number: Code | None = None


class Back(msgspec.Struct, frozen=True, gc=False):
    """What a return comes to: thousandths and money by line, points by unit.

    ``empties``: nothing of the sale is left. ``left`` is what rules still do to the rest, for their budgets.
    ``shortened`` are the units whose points no rule lets live longer any more, ``brings`` is what rules still leave
    with the member.
    """

    lines: Mapping[int, int]
    refunds: Mapping[int, int]
    points_value: int
    taken: Mapping[str, int]
    put: Mapping[str, int]
    empties: bool = False
    left: Mapping[str, Figures] = {}
    shortened: frozenset[str] = frozenset()
    brings: Brought = msgspec.field(default_factory=Counter)

    @property
    def refund(self) -> int:
        """Return the money to give back."""
        return sum(self.refunds.values())
