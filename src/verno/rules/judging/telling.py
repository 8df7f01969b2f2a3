"""Why rules did not act: worked out again when somebody asks, never stored."""

from collections.abc import Sequence

from verno.rules.facts import Facts
from verno.rules.making.compiling import Book, Ready
from verno.rules.types import Fired

CONDITION, PAUSED, BUDGET, POINTS, RIVAL, NOTHING = "condition", "paused", "budget", "points", "rival", "nothing"
"""Why: its condition does not hold, somebody paused it, its budget is spent, points pay a part, another rule acts in
its stead, or there was nothing to give or to take off."""


def every_rule(book: Book, facts: Facts, fired: Sequence[Fired]) -> tuple[Fired, ...]:
    """Return what fired, and for each other rule, in the rulebook's order, why it did not (``text``)."""
    acted: dict[str, list[Fired]] = {}
    for one in fired:
        acted.setdefault(one.rule, []).append(one)
    out: list[Fired] = []
    for rule in book.rulebook.rules:
        out += acted.get(rule.id) or [
            Fired(rule.id, matched=False, effect="none", text=_why(book, book.by_id[rule.id], facts, acted))
        ]
    return tuple(out)


def _why(book: Book, one: Ready, facts: Facts, acted: dict[str, list[Fired]]) -> str:
    if one.rule.paused or one.rule.id in facts.paused:
        return PAUSED
    if one.holds is not None and not one.holds(facts, facts.when):
        return CONDITION
    if one.rule.id in facts.closed:
        return BUDGET
    if facts.spends and not one.rule.with_points:
        return POINTS
    if any(book.rules[position].rule.id in acted for position in one.rivals):
        return RIVAL
    return NOTHING
