"""Budgets of rules on a receipt's way: a rule without room does not act, and the receipt is judged again without it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from verno.intake.sums import kept
from verno.kit.db import Connection
from verno.promotions.budgets import counting
from verno.promotions.budgets.desk import Desk
from verno.promotions.budgets.types import Budgets, Figures, Key, Use
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Fired

if TYPE_CHECKING:
    from verno.intake.context import Context
    from verno.intake.settling.case import Case

Judged = Callable[[frozenset[str]], Sequence[Fired] | None]
"""Judges a receipt again while some rules may not act; None when it is refused on that."""


@dataclass(slots=True)
class BudgetsDesk:
    """Counts a batch against the budgets of its rules."""

    counters: Desk

    def meet(self, conn: Connection, context: "Context", cases: Iterable["Case"]) -> None:
        """Lock what these judged receipts may take, all at once."""
        keys: list[Key] = []
        for case in cases:
            budgets = context.budgets(case.book)
            if budgets and case.book is not None and case.facts is not None:
                rules = {fired.rule for fired in case.fired}
                rules.update(_rivals(context.ready(case.book), case.facts, priced=case.is_priced))
                keys += _keys(budgets, rules, case.holder, case.at, case.store.timezone)
        self.counters.lock(conn, keys)

    def fit(self, conn: Connection, use: Use, budgets: Budgets, again: Judged, anyway: frozenset[str]) -> bool:
        """Count a receipt; rules without room are closed and it is judged ``again``, until all that act have room.

        A budget for each member lets its rule act for nobody who is not known. Each turn closes at least one rule.
        Returns False when ``again`` refused the receipt, and then nothing of it is counted.
        """
        while True:
            self.counters.lock(conn, _keys(budgets, use.acted, use.holder_id, use.at, use.zone))
            over = _for_members(budgets, use, anyway) or self.counters.admit(budgets, use, anyway=anyway)
            if not over:
                return True
            fired = again(over)
            if fired is None:
                return False
            use = Use(
                operation_id=use.operation_id,
                at=use.at,
                zone=use.zone,
                holder_id=use.holder_id,
                acted=acted(fired),
                until=use.until,
            )


def open_desk(
    conn: Connection, context: "Context", known: Sequence[str], *, now: datetime, locked: bool = True
) -> BudgetsDesk | None:
    """Return a desk, None where no rulebook has budgets; of receipts ``known`` before the counters are locked now."""
    if not context.counts_budgets:
        return None
    desk = Desk(context.program.id, now, locked)
    if known:
        desk.lock(conn, (), known)
    return BudgetsDesk(desk)


def use_of(case: "Case", fired: Iterable[Fired]) -> Use:
    """Return what a receipt takes by what its rules did."""
    return Use(
        operation_id=case.id,
        at=case.at,
        zone=case.store.timezone,
        holder_id=case.holder,
        acted=acted(fired),
        until=case.hold_until,
    )


def acted(fired: Iterable[Fired]) -> dict[str, Figures]:
    """Return what each rule did, all its effects together."""
    return _summed((one, one.discount) for one in fired if one.matched)


def still_acted(
    fired: Iterable[Fired], lines: Sequence[kept.Line], quantities: Mapping[int, int]
) -> dict[str, Figures]:
    """Return what each rule does to what is left of a receipt: of a discount, the share of the lines that are left."""
    by_number = {line.line: line for line in lines}
    parts = []
    for one in fired:
        off = 0
        for number, amount in one.lines:
            line = by_number.get(number)
            if line is not None:
                off += kept.part(amount, quantities.get(number, 0), kept.counted(line))
        if one.matched and (off or not one.lines):
            parts.append((one, off))
    return _summed(parts)


def _summed(parts: Iterable[tuple[Fired, int]]) -> dict[str, Figures]:
    out: dict[str, Figures] = {}
    for one, off in parts:
        before = out.get(one.rule)
        if before is None:
            out[one.rule] = Figures(1, off, one.points)
        else:
            out[one.rule] = Figures(1, before.money + off, before.points + one.points)
    return out


def _keys(budgets: Budgets, rules: Iterable[str], holder_id: str | None, at: datetime, zone: str) -> Iterator[Key]:
    for rule in rules:
        for budget in budgets.get(rule, ()):
            if holder_id is not None or not budget.each_member:
                yield counting.key(rule, budget, holder_id, at, zone)


def _for_members(budgets: Budgets, use: Use, anyway: frozenset[str]) -> frozenset[str]:
    if use.holder_id is not None:
        return frozenset()
    return frozenset(
        rule for rule in use.acted if rule not in anyway and any(one.each_member for one in budgets.get(rule, ()))
    )


def _rivals(book: Book, facts: Facts, *, priced: bool) -> Iterator[str]:
    """Yield the rules with budgets that hold and may act once another has no room."""
    for position in book.index.candidates(facts):
        one = book.rules[position]
        may_act = one.rule.budgets and one.rivals and (priced or not one.discounts)
        if may_act and (one.holds is None or one.holds(facts, facts.when)):
            yield one.rule.id
