"""Words of the rules engine: rulebook, rule, verdict. Effects are in ``effects``, facts in ``facts``."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.rules.effects import AnyEffect, Code, GiveBadge, Share, Tree

MAX_RULES = 5000
MAX_EFFECTS = 20
"""Effects of one rule."""
MAX_PER_MINOR_UNIT = 10
"""Keeps the points of the largest receipt within what the ledger takes in one entry."""
MAX_CATEGORIES = 50
MAX_KEEPS = 3
"""Earlier versions that some members keep at a time."""

STEPS = (1, 10, 100)
"""Smallest steps in a whole point, by the unit's scale."""

Priority: TypeAlias = Annotated[int, Meta(ge=-1000, le=1000)]


class Period(StrEnum):
    """What a budget is for: all time, or the calendar day, week, month or year of the receipt's place."""

    EVER = "ever"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Counts(StrEnum):
    """What a budget counts: receipts that a rule acted on, money it took off, points it gave (of all units)."""

    USES = "uses"
    MONEY = "money"
    POINTS = "points"


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most ``most`` of something, in all or for each member; a rule that would exceed it does not act."""

    counts: Counts
    most: Annotated[int, Meta(ge=1, le=10**15)]
    each_member: bool = False
    period: Period = Period.EVER


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Effects, and when they come about.

    ``when`` is a condition on the receipt, none meaning always. Of the rules of one ``group`` one acts; a rule that is
    ``alone`` acts with no other of its kind (those that discount, or those that give points). ``category`` says with
    which others it goes together, as the rulebook has it. ``with_points``: false where it does not act on receipts
    that points pay a part of. ``once_a_line``: it leaves out lines that another rule took something off, and others
    after it leave out its own. A higher ``priority`` acts first; among equals the order of the rulebook counts. A rule
    that would do nothing on a receipt if it were alone stands in nobody's way there.
    """

    id: Code
    effects: Annotated[tuple[AnyEffect, ...], Meta(min_length=1, max_length=MAX_EFFECTS)]
    when: Tree | None = None
    name: Annotated[str, Meta(max_length=200)] = ""
    promotion: Code | None = None
    category: Code | None = None
    group: Code | None = None
    alone: bool = False
    priority: Priority = 0
    with_points: bool = True
    once_a_line: bool = False
    paused: bool = False
    budgets: Annotated[tuple[Budget, ...], Meta(max_length=10)] = ()


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How rules of a category go together: all of them or ``one`` alone, and not with those of ``without``."""

    code: Code
    one: bool = False
    without: tuple[Code, ...] = ()


class Choose(StrEnum):
    """Which of rules that do not go together act; nobody is left out but for a rule that acts."""

    BEST = "best"
    """Those that give the member most: money taken off and the worth of points together. Of equals, the earlier."""
    PRIORITY = "priority"
    """The earlier ones; those that take something off before those that only give."""


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all discounts together leave: at most this share off a receipt and off a line.

    ``margin``: a line whose goods have a cost is not sold below it and this share (hundredths of a per cent) on top.
    ``points``: at most so many of a unit a receipt.
    """

    receipt: Share | None = None
    line: Share | None = None
    margin: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    points: Mapping[str, Annotated[int, Meta(ge=0, le=10**12)]] = {}


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Members who keep an earlier version, as they are at the receipt's moment: its receipts are judged by that one.

    ``until`` is the last day, at the receipt's place. ``version`` is the one that they keep: none is the one that this
    rulebook follows, and is written into it when it is published. What that one keeps in turn is not asked.
    """

    members: Tree
    until: date
    version: Annotated[int, Meta(ge=0)] = 0


class Rulebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rules of one version, in the order they are evaluated.

    ``worth``: minor units that one whole point of a unit is worth, and ``scales`` its decimals, as they were when this
    version was made. ``amounts_first``: amounts are taken off before per cents are. ``keeps``: who is judged by an
    earlier version for a while; the first that fits counts.
    """

    rules: tuple[Rule, ...]
    categories: Annotated[tuple[Category, ...], Meta(max_length=MAX_CATEGORIES)] = ()
    choose: Choose = Choose.BEST
    caps: Caps = Caps()
    amounts_first: bool = False
    worth: Mapping[str, Annotated[int, Meta(ge=0, le=10**9)]] = {}
    scales: Mapping[str, Annotated[int, Meta(ge=0, le=2)]] = {}
    keeps: Annotated[tuple[Keep, ...], Meta(max_length=MAX_KEEPS)] = ()


def gives_badges(rulebook: Rulebook) -> bool:
    """Tell whether a rule of it gives a badge."""
    return any(isinstance(effect, GiveBadge) for rule in rulebook.rules for effect in rule.effects)


class Fired(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One effect's part of a verdict, with the numbers that explain it.

    ``paid`` is the money of the lines it looked at; ``full`` times ``rate`` are the points of a rule per full ``per``
    minor units, ``rate`` alone is a share, a multiple or a fixed number (see ``effect``). ``discount`` is what it took
    off, ``lines`` of which lines how much. ``text`` is a name of what it gave: a badge, an event, an SKU. A longer life
    of points has its days in ``full`` or its date in ``text``, and in ``per`` how soon they must end.
    """

    rule: str
    matched: bool
    unit: str = ""
    points: int = 0
    paid: int = 0
    per: int = 0
    rate: int = 0
    full: int = 0
    effect: str = "earn_per_full"
    discount: int = 0
    lines: tuple[tuple[int, int], ...] = ()
    text: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """The effects chosen for one receipt: points by unit code, and why."""

    points: Mapping[str, int]
    fired: tuple[Fired, ...]
