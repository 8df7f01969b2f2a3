"""Words of reports: a month's figures, a program's figures."""

from datetime import date

import msgspec


class Month(msgspec.Struct, frozen=True, gc=False):
    """What happened in one local month: ``receipts`` counts all, ``unmatched`` those without a member among them.

    ``amount`` is in minor units, ``points`` in the unit's smallest step.
    """

    month: date
    receipts: int = 0
    unmatched: int = 0
    amount: int = 0
    points: int = 0


class UnitPoints(msgspec.Struct, frozen=True, gc=False):
    """Points of one unit now and since the beginning.

    Always ``issued`` = ``available`` + ``pending`` + ``held`` + ``spent`` + ``expired``.
    """

    unit_id: str
    available: int
    pending: int
    held: int
    issued: int
    spent: int
    expired: int

    @property
    def outstanding(self) -> int:
        """What members hold, usable or not yet: the program owes it."""
        return self.available + self.pending + self.held

    @property
    def spent_negative(self) -> int:
        """For a column that adds up."""
        return -self.spent

    @property
    def expired_negative(self) -> int:
        """For a column that adds up."""
        return -self.expired


class MessageCount(msgspec.Struct, frozen=True, gc=False):
    """How many messages are in a state for a reason (None: no reason was given)."""

    state: str
    reason: str | None
    count: int


class Figures(msgspec.Struct, frozen=True):
    """A program at one moment."""

    members: int
    receipts: int
    unmatched: int
    amount: int
    points: tuple[UnitPoints, ...]
    messages: tuple[MessageCount, ...]
    months: tuple[Month, ...]

    @property
    def settled(self) -> int:
        """Receipts that belong to a member."""
        return self.receipts - self.unmatched

    @property
    def matched_permille(self) -> int | None:
        """Settled receipts in thousandths of all, rounded down, so that 1000 means every one; None without any."""
        return self.settled * 1000 // self.receipts if self.receipts else None
