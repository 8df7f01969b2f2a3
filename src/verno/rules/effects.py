"""What a rule may do: typed effects. Money is in minor units, points in their unit's smallest step.

A ``share`` is in hundredths of a per cent: 750 is 7.5 %. ``lines`` is a condition on single lines; without one an
effect looks at all of them.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.kit.money import MAX_AMOUNT

MAX_RATE = 10**6
MAX_POINTS = 10**9
MAX_UNITS = 10_000
MAX_DAYS = 3660
MAX_PARTS = 6
"""Of a bundle: every choice among them is looked at."""
WHOLE = 10_000
"""All of something, as a share."""

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Tree: TypeAlias = dict[str, object]
"""A condition as it is sent and stored; see ``predicate.reading``."""
Share: TypeAlias = Annotated[int, Meta(ge=1, le=WHOLE)]
Rate: TypeAlias = Annotated[int, Meta(ge=0, le=100 * WHOLE)]
Amount: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_AMOUNT)]
Price: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Points: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_POINTS)]
Units: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_UNITS)]
Life: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_DAYS)]
"""Whole days."""


class Each(StrEnum):
    """What a fixed number is for."""

    RECEIPT = "receipt"
    LINE = "line"
    UNIT = "unit"
    """Each whole piece of what a line has."""


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another rate for some values of a field: a tier's, a place's or, of lines, a category's.

    ``field`` is one of choices (``tiers.main``) or, with ``lines.`` before it, one of each line. A category's key is
    its path joined by `` / ``; the deepest that is named counts. What is not named gets the effect's own rate.
    ``scale.turnover`` is the share that a turnover scale, or a contract, gives the member, and names no rates: who has
    no share gets nothing.
    """

    field: Code
    rates: Mapping[str, Rate] = {}


class Effect(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    """What all effects share: the tag that names them."""


class Earn(Effect, frozen=True, tag="earn_per_full"):
    """Give ``points`` for every full ``per`` minor units of what was paid, rounded down once per receipt."""

    unit: Code
    points: int
    per: int
    lines: Tree | None = None
    most: Points | None = None


class EarnPercent(Effect, frozen=True, tag="earn_percent", kw_only=True):
    """Give points worth a ``rate`` (hundredths of a per cent) of what was paid, rounded down once per receipt.

    What a point is worth is the rulebook's ``worth``.
    """

    unit: Code
    rate: Rate
    by: Rates | None = None
    lines: Tree | None = None
    most: Points | None = None


class EarnFixed(Effect, frozen=True, tag="earn_fixed", kw_only=True):
    """Give ``points`` for the receipt, for each line, or for each whole piece; nothing where nothing was paid."""

    unit: Code
    points: Points
    each: Each = Each.RECEIPT
    lines: Tree | None = None
    most: Points | None = None


class EarnMultiply(Effect, frozen=True, tag="earn_multiply", kw_only=True):
    """Make what other rules give for these lines ``times`` as much (hundredths: 200 is twofold).

    It adds what they would give for these lines alone, times what is above one, rounded down. ``rules`` names them;
    without names they are all that give for what was paid: per full amount and per cent.
    """

    unit: Code
    times: Annotated[int, Meta(ge=101, le=10_000)]
    rules: tuple[Code, ...] = ()
    lines: Tree | None = None
    most: Points | None = None


class DiscountPercent(Effect, frozen=True, tag="discount_percent", kw_only=True):
    """Take a ``share`` off, rounded down once for the receipt; at most ``most`` minor units."""

    share: Share
    by: Rates | None = None
    lines: Tree | None = None
    most: Amount | None = None


class DiscountAmount(Effect, frozen=True, tag="discount_amount", kw_only=True):
    """Take ``amount`` off the receipt, each line or each whole piece; never more than there is."""

    amount: Amount
    each: Each = Each.RECEIPT
    lines: Tree | None = None


class FixedPrice(Effect, frozen=True, tag="fixed_price", kw_only=True):
    """Sell at ``price`` for a quantity of one, where that is less."""

    price: Price
    lines: Tree | None = None


class FreeUnits(Effect, frozen=True, tag="free_units", kw_only=True):
    """Of every ``of`` whole pieces take ``share`` off the ``free`` cheapest: "2+1", the cheapest free, each third.

    Pieces of all these lines count together or, with ``same_goods``, those of each SKU apart. The cheapest of all that
    count are free, as many as there are full sets, ``sets`` at most. With ``card``, the stamps on that track's card are
    pieces bought before: "every sixth coffee free", whatever receipts they are on.
    """

    of: Units
    free: Units
    share: Share = WHOLE
    same_goods: bool = False
    sets: Units | None = None
    card: Code | None = None
    lines: Tree | None = None


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a bundle: ``units`` whole pieces of such lines."""

    units: Units
    lines: Tree


class Bundle(Effect, frozen=True, tag="bundle", kw_only=True):
    """Sell a set of ``parts`` at ``price``, where that is less; ``sets`` of them at most."""

    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=MAX_PARTS)]
    price: Price
    sets: Units | None = None


class Gift(Effect, frozen=True, tag="gift", kw_only=True):
    """Give ``units`` pieces of ``sku`` for nothing: taken off when they are among the lines, told to the till else."""

    sku: Code
    units: Units = 1


class GiveBadge(Effect, frozen=True, tag="give_badge", kw_only=True):
    """Give a badge, for good or for ``days``."""

    badge: Code
    days: Life | None = None


class SetTier(Effect, frozen=True, tag="set_tier", kw_only=True):
    """Lift the member to a step of a track, for ``days``; nobody is brought down by it."""

    track: Code
    step: Code
    days: Life


class ExtendExpiry(Effect, frozen=True, tag="extend_expiry", kw_only=True):
    """Let points that can be used and end within ``within`` days live ``days`` longer, or through the date ``until``.

    Days are those of the receipt's place. Nothing is shortened, what has no end keeps none, and nobody's points live
    longer than ``within`` and ``days`` after the receipt.
    """

    unit: Code
    within: Life
    days: Life | None = None
    until: date | None = None


class EmitEvent(Effect, frozen=True, tag="emit_event", kw_only=True):
    """Tell the outbox, for whoever listens."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,49}\Z")]


class PrintText(Effect, frozen=True, tag="print_text", kw_only=True):
    """Print a text on the slip, by language."""

    text: Annotated[
        Mapping[Annotated[str, Meta(max_length=10)], Annotated[str, Meta(min_length=1, max_length=300)]],
        Meta(min_length=1, max_length=20),
    ]


Earning: TypeAlias = Earn | EarnPercent | EarnFixed | EarnMultiply
Discounting: TypeAlias = DiscountPercent | DiscountAmount | FixedPrice | FreeUnits | Bundle | Gift
Telling: TypeAlias = GiveBadge | SetTier | ExtendExpiry | EmitEvent | PrintText
AnyEffect: TypeAlias = (
    Earn
    | EarnPercent
    | EarnFixed
    | EarnMultiply
    | DiscountPercent
    | DiscountAmount
    | FixedPrice
    | FreeUnits
    | Bundle
    | Gift
    | GiveBadge
    | SetTier
    | ExtendExpiry
    | EmitEvent
    | PrintText
)

DISCOUNTS = frozenset({"discount_percent", "discount_amount", "fixed_price", "free_units", "bundle", "gift"})
"""The tags of effects that take something off."""
