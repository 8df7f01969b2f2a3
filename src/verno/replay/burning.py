"""Budgets in a replay: counted as in the street, but in memory, in the order in which receipts happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from verno.intake.unwinding.budgets import acted
from verno.promotions.budgets import counting
from verno.promotions.budgets.counting import Want
from verno.promotions.budgets.types import Budgets, Key, Use, of_rulebook
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Verdict


@dataclass(slots=True)
class Burning:
    """What the rules of a book have used. A book without budgets costs nothing."""

    book: Book
    budgets: Budgets = field(init=False)
    used: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the rules with budgets."""
        self.budgets = of_rulebook(self.book.rulebook)

    def without_room(self, id_: str, facts: Facts, verdict: Verdict) -> frozenset[str]:
        """Return the rules of a receipt's verdict that would exceed a budget; count it where there are none."""
        wanted = self._wants(id_, facts, verdict)
        over = frozenset([want.key.rule for want in wanted if self.used.get(want.key, 0) + want.amount > want.most])
        if not over:
            for want in wanted:
                self.used[want.key] = self.used.get(want.key, 0) + want.amount
        return over

    def burnt(self) -> dict[str, tuple[int, ...]]:
        """Return by rule how much of each of its budgets was used, of all members and periods together."""
        return {
            rule: tuple(
                [
                    sum([number for key, number in self.used.items() if key[:2] == (rule, counting.name(budget))])
                    for budget in budgets
                ]
            )
            for rule, budgets in self.budgets.items()
        }

    def _wants(self, id_: str, facts: Facts, verdict: Verdict) -> Sequence[Want]:
        use = Use(
            operation_id=id_,
            at=facts.at,
            zone=facts.zone,
            holder_id=facts.member.id or None,
            acted=acted(verdict.fired),
        )
        return list(counting.wants(self.budgets, use))
