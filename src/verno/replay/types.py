"""Words of the Replay Lab: what is asked, and what came out."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

BIGGEST = 10
"""Receipts that changed most, as many as are shown."""
BANDS = 5
"""Members by what they spent, in as many parts of the same number of members."""


class Period(msgspec.Struct, frozen=True):
    """Receipts of this time, both in UTC, the end not included."""

    since: datetime
    until: datetime


class RuleTotals(msgspec.Struct, frozen=True):
    """What one rule did: receipts it acted on, points by unit, money it took off in minor units."""

    uses: int
    points: Mapping[str, int]
    discount: int


class Side(msgspec.Struct, frozen=True):
    """What a rulebook made of the receipts. ``cost`` is discounts and what points are worth, in minor units.

    ``budgets`` is how much of each budget was used, by rule and place in the rule; a rule's own end is kept.
    """

    points: Mapping[str, int]
    discount: int
    cost: int
    rules: Mapping[str, RuleTotals]
    budgets: Mapping[str, tuple[int, ...]]


class Group(msgspec.Struct, frozen=True):
    """Members of a kind: how many win and lose, and what changes for all of them together, in minor units."""

    name: str
    members: int
    winners: int
    losers: int
    change: int


class Change(msgspec.Struct, frozen=True):
    """A receipt, and what each rulebook gives for it: discounts and what points are worth, in minor units."""

    id: str
    number: str
    place: str
    at: datetime
    member: str | None
    price: int
    current: int
    draft: int


class Report(msgspec.Struct, frozen=True):
    """Everything that came out.

    A member wins whose discounts and points are worth more under the draft. ``bands`` part the members by what they
    spent in the period, the least first. ``liability`` is what more or less members would hold in points, by unit.
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
    liability: Mapping[str, int]
    seconds: float
