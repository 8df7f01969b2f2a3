"""Budgets in a replay: counted in memory, in the order in which receipts happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Budget, Counts, Period, Verdict

Key = tuple[str, int, str, str]
"""Rule, position of the budget, member (empty: all), period."""


@dataclass(slots=True)
class Budgets:
    """What the rules of a book have used. A book without budgets costs nothing."""

    book: Book
    limited: dict[str, Sequence[Budget]] = field(init=False)
    used: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the rules with budgets."""
        self.limited = {rule.id: rule.budgets for rule in self.book.rulebook.rules if rule.budgets}

    def without_room(self, facts: Facts, verdict: Verdict) -> frozenset[str]:
        """Return the rules of a verdict that would exceed a budget."""
        out = set()
        for id_, uses, money, points in _uses(verdict, self.limited):
            for position, budget in enumerate(self.limited[id_]):
                key = _key(id_, position, budget, facts)
                if self.used.get(key, 0) + _count(budget, uses, money, points) > budget.most:
                    out.add(id_)
        return frozenset(out)

    def take(self, facts: Facts, verdict: Verdict) -> None:
        """Count what a verdict uses."""
        for id_, uses, money, points in _uses(verdict, self.limited):
            for position, budget in enumerate(self.limited[id_]):
                key = _key(id_, position, budget, facts)
                self.used[key] = self.used.get(key, 0) + _count(budget, uses, money, points)

    def burnt(self) -> dict[str, tuple[int, ...]]:
        """Return by rule how much of each budget was used, of all members and periods together."""
        return {
            id_: tuple(
                [
                    sum([number for key, number in self.used.items() if key[:2] == (id_, position)])
                    for position in range(len(budgets))
                ]
            )
            for id_, budgets in self.limited.items()
        }


def _uses(verdict: Verdict, limited: dict[str, Sequence[Budget]]) -> list[tuple[str, int, int, int]]:
    found: dict[str, list[int]] = {}
    for fired in verdict.fired:
        if fired.matched and fired.rule in limited:
            one = found.setdefault(fired.rule, [1, 0, 0])
            one[1] += fired.discount
            one[2] += fired.points
    return [(id_, one[0], one[1], one[2]) for id_, one in found.items()]


def _count(budget: Budget, uses: int, money: int, points: int) -> int:
    return {Counts.USES: uses, Counts.MONEY: money, Counts.POINTS: points}[budget.counts]


def _key(id_: str, position: int, budget: Budget, facts: Facts) -> Key:
    day = facts.local.date
    week = day - timedelta(days=day.weekday())
    period = {
        Period.EVER: "",
        Period.DAY: str(day),
        Period.WEEK: str(week),
        Period.MONTH: f"{day:%Y-%m}",
        Period.YEAR: f"{day:%Y}",
    }[budget.period]
    return id_, position, facts.member.id if budget.each_member else "", period
