"""What a receipt counts for: which budgets it meets, whose, in which period. Pure."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from verno.kit import localtime
from verno.promotions.budgets.types import Budgets, Figures, Key, Use
from verno.rules.types import Budget, Counts, Period

BEGINNING = date(1970, 1, 1)
"""The one bucket of what is counted for ever."""
ALL, MEMBER = "all", "member"


class Want(NamedTuple):
    """A receipt's part in one budget."""

    key: Key
    most: int
    amount: int


def wants(budgets: Budgets, use: Use) -> Iterator[Want]:
    """Yield what a receipt takes of each budget of the rules that acted; nothing of those it takes nothing of."""
    for rule, figures in use.acted.items():
        for budget in budgets.get(rule, ()):
            amount = figure(budget.counts, figures)
            if amount > 0 and (use.holder_id is not None or not budget.each_member):
                yield Want(key(rule, budget, use.holder_id, use.at, use.zone), budget.most, amount)


def key(rule: str, budget: Budget, holder_id: str | None, at: datetime, zone: str) -> Key:
    """Return the counter of a budget at a moment, by the calendar of a place."""
    subject = (holder_id or "") if budget.each_member else ""
    return Key(rule, name(budget), subject, bucket(budget.period, localtime.business_date(at, localtime.zone(zone))))


def name(budget: Budget) -> str:
    """Return what tells a budget of a rule from its others; what it allows may change from version to version."""
    return f"{budget.counts}:{MEMBER if budget.each_member else ALL}:{budget.period}"


def figure(counts: Counts, figures: Figures) -> int:
    """Return what of ``figures`` a budget counts."""
    if counts is Counts.USES:
        return figures.uses
    return figures.money if counts is Counts.MONEY else figures.points


def bucket(period: Period, day: date) -> date:
    """Return the first day of the period that a day lies in; weeks begin on Monday."""
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return date.fromordinal(day.toordinal() - day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return BEGINNING
