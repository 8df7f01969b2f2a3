"""Words of the rules engine: rulebook, rule, effect, facts, verdict."""

from collections.abc import Mapping

import msgspec

MAX_RULES = 1000
MAX_RATE = 10**6
MAX_PER_MINOR_UNIT = 10
"""Keeps the points of the largest receipt within what the ledger takes in one entry."""


class Earn(msgspec.Struct, frozen=True, tag_field="type", tag="earn_per_full", forbid_unknown_fields=True):
    """Give ``points`` for every full ``per`` minor units of what was paid, rounded down once per receipt."""

    unit: str
    points: int
    per: int


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named effect. Conditions join with the predicate tree; until then a rule holds for every receipt."""

    id: str
    effect: Earn


class Rulebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of one version, in the order they are evaluated."""

    rules: tuple[Rule, ...]


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What the engine may know of a receipt: minor units paid for all its lines."""

    paid: int


class Fired(msgspec.Struct, frozen=True, gc=False):
    """One rule's part of a verdict, with the numbers that explain it."""

    rule: str
    matched: bool
    unit: str
    points: int
    paid: int
    per: int
    rate: int
    full: int


class Verdict(msgspec.Struct, frozen=True):
    """The effects chosen for one receipt: points by unit code, and why."""

    points: Mapping[str, int]
    fired: tuple[Fired, ...]
