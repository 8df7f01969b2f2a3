"""Words of the liability report: what members hold and what became of it, month by month, to the last point.

Every column is the change of one of the program's own accounts, so that each can be tied to the ledger by itself:

| column | account | transfers |
|---|---|---|
| issued | issued | earn; less take_back |
| spent | redeemed | spend; less put_back |
| expired | breakage | expire, erase; less reinstate, and less what a take_back takes of points that had expired |
| adjusted | adjusted | adjust, both ways |
| brought | opening | open |
| owed | debt | take_back beyond what members had; less repay and write_off |
| written_off | written_off | write_off; less recover |
| moved | clearing | send, receive, merge, extend: these cancel out |

opening + issued - spent - expired + adjusted + brought + owed + written_off + moved = closing
"""

from datetime import date, datetime

import msgspec


class Columns(msgspec.Struct, frozen=True):
    """One month of one unit. Either points in the unit's smallest step, or minor units of money."""

    opening: int
    issued: int
    spent: int
    expired: int
    adjusted: int
    brought: int
    owed: int
    written_off: int
    moved: int
    closing: int


class Month(msgspec.Struct, frozen=True):
    """A local calendar month by business time. ``debt`` is what members owe at its end."""

    month: date
    points: Columns
    debt: int
    money: Columns | None
    """The same in minor units, each sum valued and the columns as what they add: they add up too."""


class Age(msgspec.Struct, frozen=True):
    """Points that members hold, by the days since they were earned; ``to_days`` None: older."""

    from_days: int
    to_days: int | None
    points: int


class UnitLiability(msgspec.Struct, frozen=True):
    """One kind of points: its months, and what members hold and owe now.

    ``tied``: the last closing is what accounts hold now, and so are the ages; anything else is a fault in the books.
    """

    unit: str
    scale: int
    spend_value: int | None
    months: list[Month]
    available: int
    pending: int
    held: int
    debt: int
    ages: list[Age]
    tied: bool

    @property
    def outstanding(self) -> int:
        """All that members hold, usable or not yet."""
        return self.available + self.pending + self.held


class Liability(msgspec.Struct, frozen=True):
    """The program's liability in points at one moment, exact whatever jobs have run."""

    program: str
    currency: str
    timezone: str
    at: datetime
    units: list[UnitLiability]
