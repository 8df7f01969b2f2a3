"""What the rules make of receipts: the rulebook of each one's own moment, on what was paid in money."""

from collections.abc import Iterable, Sequence

from verno.intake.context import Context
from verno.intake.settling.case import Case
from verno.promotions import queries as promotions
from verno.promotions.types import StoredRulebook
from verno.rules import engine
from verno.rules.types import Facts, Fired, Verdict


def judge(context: Context, cases: Iterable[Case]) -> None:
    """Let the rulebook of each receipt's own moment speak; receipts of nobody earn nothing (yet)."""
    by_book: dict[str, list[Case]] = {}
    for case in cases:
        if case.holder is None:
            continue
        case.book = promotions.at(context.rulebooks, case.at)
        if case.book is not None:
            by_book.setdefault(case.book.id, []).append(case)
    for same in by_book.values():
        book = same[0].book
        if book is not None:
            for case, verdict in zip(same, verdicts(book, [case.to_pay for case in same]), strict=True):
                case.points = verdict.points
                case.fired = matched(verdict)


def verdicts(book: StoredRulebook, paid: Sequence[int]) -> list[Verdict]:
    """Return a rulebook's verdicts on amounts paid in money: what points pay never earns."""
    return engine.evaluate(book.rulebook, [Facts(money) for money in paid])


def matched(verdict: Verdict) -> tuple[Fired, ...]:
    """Return the rules that fired; those that did not are never stored, the engine can always say them again."""
    return tuple([fired for fired in verdict.fired if fired.matched])


def points_by_unit(fired: Iterable[Fired]) -> dict[str, int]:
    """Return what a stored verdict gave, by unit."""
    points: dict[str, int] = {}
    for line in fired:
        if line.points:
            points[line.unit] = points.get(line.unit, 0) + line.points
    return points
