"""The joint: what a package must offer that lets sales use something up.

An unwinder counts sales as they are settled or held, lets a capture settle what a hold had reserved, and takes back
what is cancelled or returned. ``Context.unwinders`` holds them by name; limits are the first, codes and budgets join
there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from verno.intake.types import Refused
from verno.kit.db import Connection

if TYPE_CHECKING:
    from verno.intake.context import Context

Points = Mapping[str, int]
"""Points by unit code, in the unit's smallest step."""


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A sale, as unwinders look at it. ``until`` makes it a reservation.

    ``card`` is the card's keyed hash, when the till named the member by one. ``claimed``: the receipt had come before,
    without its member.
    """

    id: str
    at: datetime
    zone: str
    place: str
    till: str | None
    cashier: str | None
    holder_id: str | None
    card: str | None
    earned: Points
    spent: Points
    until: datetime | None = None
    claimed: bool = False


class Desk(Protocol):
    """One batch's counting: decisions in memory on what was locked, written once."""

    def take(self, sale: Sale) -> Refused | None:
        """Count a sale, or say what is in its way."""

    def room(self, sale: Sale) -> Points:
        """Return how many points of a unit the sale may spend at most; a unit that nothing bounds is not there."""

    def amend(self, sale_id: str, earned: Points, spent: Points, *, happened: bool) -> None:
        """Correct a sale taken or confirmed at this desk to what came of it."""

    def spoiled(self) -> Sequence[str]:
        """Return the sales turned away for the sake of one that did not happen after all."""

    def confirm(self, sale_id: str, earned: Points, spent: Points) -> Refused | None:
        """Settle a reservation with what was captured."""

    def free(self, sale_id: str) -> None:
        """Give back all: a cancelled hold, a sale of which nothing is left."""

    def give_back(self, sale_id: str, earned: Points, spent: Points) -> None:
        """Give back a part: what a return took of what was earned, and put back of what was spent."""

    def write(self, conn: Connection) -> None:
        """Write what was counted."""


class Unwinder(Protocol):
    """A package that counts sales."""

    def open(
        self, conn: Connection, context: "Context", sales: Sequence[Sale], known: Sequence[str], *, now: datetime
    ) -> Desk | None:
        """Lock what these new sales and the known ones need (a claim is both); None when there is nothing to count.

        Called after the receipts' locks and before the accounts'.
        """

    def preview(self, conn: Connection, context: "Context", sale: Sale, *, now: datetime) -> Desk | None:
        """Read without a lock what a sale may need, for a quote: a desk that is never written."""

    def wants(self, context: "Context") -> bool:
        """Tell without the database whether anything is counted at all."""
