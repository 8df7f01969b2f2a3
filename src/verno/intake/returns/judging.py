"""What a return comes to: pure, and dependent on nothing but what is left of the sale before and after it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from verno.intake import sold
from verno.intake.context import Context
from verno.intake.returns.types import Back, Return
from verno.intake.settling import again, effects
from verno.intake.settling.posting import LONGER
from verno.intake.settling.tracking import Progress
from verno.intake.sold import HELD, SETTLED, UNMATCHED, Sold
from verno.intake.sums import kept
from verno.intake.types import Refusal, Refused
from verno.intake.unwinding.budgets import still_acted
from verno.progress.engine import Gave
from verno.rules.types import Fired


def back(context: Context, one: Sold, wanted: Return) -> Back | Refused:
    """Return what a return comes to.

    The sale is judged again by its own rulebook on what remains: what it earned less that is taken back. Points that
    paid go back by the same spread over the lines. Refusals: ``not-settled``, ``over-return``, ``invalid``.
    """
    row = one.row
    if row.status not in {SETTLED, UNMATCHED}:
        words = "is still held: cancel it, or capture a part" if row.status == HELD else "was cancelled"
        return Refused(Refusal.NOT_SETTLED, "original", f"the sale {words}")
    left = one.left()
    quantities = _quantities(one, left, wanted)
    if isinstance(quantities, Refused):
        return quantities
    after = {line: quantity - quantities.get(line, 0) for line, quantity in left.items()}
    was, now = kept.kept(one.lines, left), kept.kept(one.lines, after)
    refunds = {line.line: _money(line, left) - _money(line, after) for line in one.lines if line.line in quantities}
    taken: dict[str, int] = {}
    fired: Sequence[Fired] = again.taken_off(one)
    if row.status == SETTLED:
        fired, earns = again.earned(context, one, sold.rulebook(context, row), after)
        taken = {code: _more(points, earns.get(code, 0)) for code, points in _so_far(one).items()}
    put = {
        code: points - kept.points_kept(one.spent.points[code], now, row.points_value)
        for code, points in _spent_so_far(one).items()
    }
    return Back(
        *(quantities, refunds, was.paid - now.paid, sold.without_zeros(taken), sold.without_zeros(put), now.empty),
        still_acted(fired, one.lines, after) if context.counts_budgets else {},
        _shortened(context, one, () if now.empty else fired),
        Counter() if now.empty else effects.brought(fired),
    )


def move_back(progress: Progress, one: Sold, back: Back) -> None:
    """Let progress follow what came back."""
    left, earned = one.left(), _so_far(one)
    after = {line: quantity - back.lines.get(line, 0) for line, quantity in left.items()}
    still = {code: points - back.taken.get(code, 0) for code, points in earned.items()}
    there = effects.still_there(progress.context, one)
    rest = there & back.brings
    gave = Gave(earned, effects.happened(there)), Gave(still, effects.happened(rest))
    progress.returned(one, left, after, gave)
    progress.undo(one, there - rest)


def _shortened(context: Context, one: Sold, fired: Sequence[Fired]) -> frozenset[str]:
    """Return the units whose points the sale's rules may have let live longer, and no longer do."""
    book = sold.rulebook(context, one.row)
    if book is None or one.row.status != SETTLED:
        return frozenset()
    return context.ready(book).lengthens.difference([each.unit for each in fired if each.effect == LONGER])


def _quantities(one: Sold, left: Mapping[int, int], wanted: Return) -> dict[int, int] | Refused:
    if wanted.lines is None:
        quantities = sold.without_zeros(left)
        return quantities or Refused(Refusal.OVER_RETURN, "original", "nothing of the sale is left")
    found = sold.chosen(one.lines, wanted.lines)
    if isinstance(found, str):
        return Refused(Refusal.INVALID, "lines", found)
    for line, quantity in found.items():
        if quantity > left[line]:
            words = f"of line {line} {kept.in_words(left[line])} are left, {kept.in_words(quantity)} would come back"
            return Refused(Refusal.OVER_RETURN, "lines", words)
    return found or Refused(Refusal.INVALID, "lines", "a return of nothing is none")


def _money(line: kept.Line, quantities: Mapping[int, int]) -> int:
    return kept.kept([line], quantities).to_pay


def _more(given: int, still: int) -> int:
    return max(given - still, 0)


def _so_far(one: Sold) -> dict[str, int]:
    """Return what the sale has given and not taken back yet."""
    points = one.earned()
    for before in one.returns:
        for code, number in before.taken.items():
            points[code] -= number
    return points


def _spent_so_far(one: Sold) -> dict[str, int]:
    """Return what has paid for the sale and not gone back yet."""
    points = one.points_spent()
    for before in one.returns:
        for code, number in before.put.items():
            points[code] -= number
    return points
