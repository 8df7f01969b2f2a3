"""Words of budgets: what a receipt takes of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import msgspec

from verno.rules.types import Budget, Rulebook

Budgets: TypeAlias = Mapping[str, tuple[Budget, ...]]
"""The budgets of a rulebook, by rule; rules without any are not there."""


class Figures(msgspec.Struct, frozen=True):
    """What a rule did to one receipt: it acted (1) or not (0), money it took off, points it gave."""

    uses: int = 0
    money: int = 0
    points: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that wants to be counted.

    ``at`` is its own time and ``zone`` the place's; ``acted`` what its rules did. ``until`` makes it a reservation.
    """

    operation_id: str
    at: datetime
    zone: str
    holder_id: str | None
    acted: Mapping[str, Figures]
    until: datetime | None = None


class Key(NamedTuple):
    """A counter. ``budget`` is ``counts:whose:period``, ``subject`` a member or, of a budget for all, nothing."""

    rule: str
    budget: str
    subject: str
    bucket: date


def of_rulebook(rulebook: Rulebook) -> Budgets:
    """Return the budgets of a rulebook."""
    return {rule.id: rule.budgets for rule in rulebook.rules if rule.budgets}
