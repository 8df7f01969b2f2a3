"""Budgets in a replay: counted as in the street, but in memory, in the order in which receipts happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from verno.intake.unwinding.budgets import acted
from verno.promotions.budgets import counting
from verno.promotions.budgets.counting import Want
from verno.promotions.budgets.types import Budgets, Figures, Key, Use, of_rulebook
from verno.replay.types import Burn
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Verdict

BudgetKey = tuple[str, str]
"""(rule, name of the budget)."""


@dataclass(slots=True)
class _Spent:
    """What became of one budget: the counters that ran out, when the first did, receipts that its rule missed."""

    first: date
    keys: set[Key] = field(default_factory=set)
    missed: int = 0


@dataclass(slots=True)
class Burning:
    """What the rules of a book have used. A book without budgets costs nothing."""

    book: Book
    budgets: Budgets = field(init=False)
    used: dict[Key, int] = field(default_factory=dict)
    spent: dict[BudgetKey, _Spent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the rules with budgets."""
        self.budgets = of_rulebook(self.book.rulebook)

    def without_room(self, id_: str, facts: Facts, verdict: Verdict) -> frozenset[str]:
        """Return the rules of a receipt's verdict that would exceed a budget; count it where there are none.

        A rule with a budget for each member does not act for nobody.
        """
        did = acted(verdict.fired)
        if not facts.member.id and (over := self._for_members(did)):
            return over
        wanted = self._wants(id_, facts, did)
        short = [want for want in wanted if self.used.get(want.key, 0) + want.amount > want.most]
        for want in short:
            self._out(want, facts).missed += 1
        if not short:
            for want in wanted:
                has = self.used[want.key] = self.used.get(want.key, 0) + want.amount
                if has >= want.most:
                    self._out(want, facts)
        return frozenset([want.key.rule for want in short])

    def burnt(self) -> tuple[Burn, ...]:
        """Return how each budget burnt, in the order of the rules."""
        sums: dict[BudgetKey, int] = {}
        for key, number in self.used.items():
            sums[key[:2]] = sums.get(key[:2], 0) + number
        out = []
        for rule, budgets in self.budgets.items():
            for budget in budgets:
                name = (rule, counting.name(budget))
                spent, used = self.spent.get(name), sums.get(name, 0)
                times = (spent.first, len(spent.keys), spent.missed) if spent else (None, 0, 0)
                out.append(Burn(rule, budget, used, *times))
        return tuple(out)

    def _out(self, want: Want, facts: Facts) -> _Spent:
        found = self.spent.setdefault(want.key[:2], _Spent(facts.local.date))
        found.keys.add(want.key)
        return found

    def _for_members(self, did: dict[str, Figures]) -> frozenset[str]:
        return frozenset([rule for rule in did if any(one.each_member for one in self.budgets.get(rule, ()))])

    def _wants(self, id_: str, facts: Facts, did: dict[str, Figures]) -> Sequence[Want]:
        use = Use(operation_id=id_, at=facts.at, zone=facts.zone, holder_id=facts.member.id or None, acted=did)
        return list(counting.wants(self.budgets, use))
