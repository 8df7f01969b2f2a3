"""Words of the Replay Lab: what is asked, and what came out."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from verno.rules.types import Budget, Fired

BIGGEST = 10
"""Receipts that changed most, as many as are shown."""
BANDS = 5
"""Members by what they spent, in as many parts of the same number of members."""
MOST_LOSSES = 100
"""Members that lose most, as many as a report names."""


class Period(msgspec.Struct, frozen=True):
    """Receipts of this time, both in UTC, the end not included.

    What came back of them, or was never captured, is taken out, unless they are wanted ``as_sold``.
    """

    since: datetime
    until: datetime
    as_sold: bool = False


class RuleTotals(msgspec.Struct, frozen=True):
    """What one rule did: receipts it acted on, points by unit, money it took off in minor units."""

    uses: int
    points: Mapping[str, int]
    discount: int


class Burn(msgspec.Struct, frozen=True):
    """How a rule's budget burnt.

    ``used`` is of all members and periods together. ``used_up_on`` is the first business date on which somebody found
    nothing left, None if nobody did; ``times`` is how many periods and members did, ``missed`` the receipts on which
    the rule did not act for that.
    """

    rule: str
    budget: Budget
    used: int
    used_up_on: date | None = None
    times: int = 0
    missed: int = 0

    @property
    def is_over(self) -> bool:
        """Tell whether a budget for all was not enough; one for each member is meant to end for members."""
        return self.missed > 0 and not self.budget.each_member


class Side(msgspec.Struct, frozen=True):
    """What a rulebook made of the receipts. ``cost`` is discounts and what points are worth, in minor units."""

    points: Mapping[str, int]
    discount: int
    cost: int
    rules: Mapping[str, RuleTotals]
    budgets: tuple[Burn, ...]


class Group(msgspec.Struct, frozen=True):
    """Members of a kind: how many win and lose, and what changes for all of them together, in minor units."""

    name: str
    members: int
    winners: int
    losers: int
    change: int


class Change(msgspec.Struct, frozen=True):
    """A receipt, and what each rulebook gives for it: discounts and what points are worth, in minor units.

    ``closed`` are the draft's rules whose budgets had no room for it.
    """

    id: str
    number: str
    place: str
    at: datetime
    member: str | None
    price: int
    current: int
    draft: int
    closed: tuple[str, ...] = ()


class Loss(msgspec.Struct, frozen=True):
    """A member for whom discounts and points are worth less under the draft; minor units."""

    member: str
    spent: int
    current: int
    draft: int

    @property
    def loss(self) -> int:
        """Return how much less it is, as a number above zero."""
        return self.current - self.draft


class StepCount(msgspec.Struct, frozen=True):
    """How many stand on a step (None: on none) today, and would if the draft had held."""

    step: str | None
    current: int
    draft: int


class StepMove(msgspec.Struct, frozen=True):
    """How many would stand elsewhere."""

    before: str | None
    after: str | None
    members: int


class TrackChange(msgspec.Struct, frozen=True):
    """What the draft would have made of a track that it reaches: ``cards`` are full stamp cards more (or less)."""

    track: str
    kind: str
    steps: tuple[StepCount, ...]
    moves: tuple[StepMove, ...]
    cards: int = 0


class BadgeChange(msgspec.Struct, frozen=True):
    """Members to whom rules give a badge that they would have today."""

    badge: str
    current: int
    draft: int


class Outstanding(msgspec.Struct, frozen=True):
    """Points of a unit that members hold today, and would hold; worth so many minor units (None: nobody can spend)."""

    unit: str
    current: int
    draft: int
    current_worth: int | None = None
    draft_worth: int | None = None


class Report(msgspec.Struct, frozen=True):
    """Everything that came out. Receipts of which nothing is left are not among ``receipts``.

    A member wins whose discounts and points are worth more under the draft; ``loss`` is what all losers lose together,
    ``losses`` are the hardest hit. ``bands`` part the members by what they spent in the period, the least first.
    ``version`` is the rulebook that held; ``most_share`` what the draft was allowed to cost, in hundredths of a per
    cent of the sales.
    """

    receipts: int
    members: int
    price: int
    current: Side
    draft: Side
    winners: int
    losers: int
    change: int
    places: tuple[Group, ...]
    tiers: tuple[Group, ...]
    bands: tuple[Group, ...]
    biggest: tuple[Change, ...]
    loss: int
    losses: tuple[Loss, ...]
    tracks: tuple[TrackChange, ...]
    badges: tuple[BadgeChange, ...]
    liability: tuple[Outstanding, ...]
    version: int | None
    most_share: int | None
    seconds: float
    as_sold: bool = True
    """Whether receipts were counted as they were sold: what came back of them is not taken out."""

    @property
    def share(self) -> int:
        """Return what the draft costs, in hundredths of a per cent of the sales, rounded down."""
        return self.draft.cost * 10_000 // self.price if self.price > 0 else 0

    @property
    def is_dear(self) -> bool:
        """Tell whether the draft costs more than the program allows."""
        return self.most_share is not None and self.draft.cost * 10_000 > self.most_share * self.price

    @property
    def over(self) -> tuple[Burn, ...]:
        """Return the draft's budgets that were not enough."""
        return tuple([one for one in self.draft.budgets if one.is_over])

    @property
    def above_budget(self) -> bool:
        """Tell whether somebody has to agree before this is published."""
        return self.is_dear or bool(self.over)


class Named(msgspec.Struct, frozen=True):
    """A receipt that a number may mean."""

    id: str
    number: str
    place: str
    place_name: str
    at: datetime


class FiredTold(msgspec.Struct, frozen=True):
    """One effect's part in words, with its numbers."""

    text: str
    fired: Fired


class RuleTold(msgspec.Struct, frozen=True):
    """What became of a rule on a receipt.

    ``why`` is the code of what kept it from acting (``rules.judging.telling``), ``reasons`` are the leaves of its
    condition that decided, each with whether it helped; ``lost_to`` are the rules that acted in its stead.
    """

    rule: str
    name: str
    acts: bool
    why: str
    fired: tuple[FiredTold, ...]
    reasons: tuple[tuple[bool, str], ...]
    lost_to: tuple[str, ...]
    priority: int


class LineTold(msgspec.Struct, frozen=True):
    """A line: ``quantity`` in thousandths, the rest in minor units; ``to_pay`` in money, which alone earns points."""

    number: int
    sku: str
    quantity: int
    price: int
    discount: int
    to_pay: int

    @property
    def by_points(self) -> int:
        """Return what points pay."""
        return self.price - self.discount - self.to_pay


class Spending(msgspec.Struct, frozen=True):
    """What of a typed receipt points pay: ``points`` by unit, of ``most`` minor units, ``share`` per cent of it.

    ``is_cut``: more was wanted than the share allows; a till would be refused that.
    """

    points: Mapping[str, int]
    share: int
    most: int
    is_cut: bool


class Waterfall(msgspec.Struct, frozen=True):
    """What a rulebook makes of one receipt: sums, lines, and every rule in the rulebook's order.

    ``worth`` is what discounts and points come to for the member, in minor units, as a replay counts it; ``spending``
    is there where somebody asked points to pay.
    """

    at: datetime
    place: str
    member: str | None
    price: int
    discount: int
    by_points: int
    to_pay: int
    points: Mapping[str, int]
    worth: int
    lines: tuple[LineTold, ...]
    rules: tuple[RuleTold, ...]
    spending: Spending | None = None


class Kept(msgspec.Struct, frozen=True):
    """What is kept with a draft for its approver, of the ``revision`` that was replayed.

    ``run`` is where the whole of it can be read. Minor units.
    """

    revision: int
    run: str
    at: datetime
    since: datetime
    until: datetime
    receipts: int
    members: int
    price: int
    current_cost: int
    draft_cost: int
    current_discount: int
    draft_discount: int
    winners: int
    losers: int
    loss: int
    movers: int
    """Members that would stand on another step of a track."""
    most_share: int | None
    is_dear: bool
    over: tuple[Burn, ...]
    liability: tuple[Outstanding, ...]
