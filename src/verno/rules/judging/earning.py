"""What rules give for what was paid in money. What points pay never earns: no line's ``paid`` holds it."""

from collections.abc import Sequence

from verno.rules.effects import WHOLE, Each, Earn, EarnFixed, EarnMultiply, EarnPercent
from verno.rules.facts import Facts, Line
from verno.rules.making.compiling import Act
from verno.rules.types import STEPS, Fired

HUNDRED = 100


def earned(act: Act, rule: str, facts: Facts, lines: Sequence[Line], point: int) -> Fired:
    """Return what an effect gives for lines; ``point`` is how much money of a per cent makes one smallest step.

    That is, in hundredths of a per cent of a minor unit: the worth of a whole point times 10,000, over its steps.
    """
    effect = act.effect
    paid = sum([line.paid for line in lines])
    if isinstance(effect, Earn):
        full = max(paid, 0) // effect.per
        points = full * effect.points
        return Fired(rule, points > 0, effect.unit, _most(points, effect.most), paid, effect.per, effect.points, full)
    if isinstance(effect, EarnPercent):
        rate = act.rate
        weights = paid * effect.rate if rate is None else sum([line.paid * rate(facts, line) for line in lines])
        points = _most(weights // point, effect.most)
        shown = effect.rate if rate is None or not paid else weights // paid
        return Fired(rule, points > 0, effect.unit, points, paid, rate=shown, effect="earn_percent")
    if isinstance(effect, EarnFixed):
        times = _times(effect, lines)
        points = _most(times * effect.points, effect.most)
        return Fired(rule, points > 0, effect.unit, points, paid, rate=effect.points, full=times, effect="earn_fixed")
    message = f"{effect} gives nothing of its own"
    raise ValueError(message)


def multiplied(effect: EarnMultiply, rule: str, base: int, paid: int) -> Fired:
    """Return what a multiple adds to the points ``base`` that other rules give for its lines."""
    points = _most(base * (effect.times - HUNDRED) // HUNDRED, effect.most)
    return Fired(rule, points > 0, effect.unit, points, paid, rate=effect.times, full=base, effect="earn_multiply")


def point_of(effect: object, worth: int, scale: int) -> int:
    """Return ``point`` as ``earned`` wants it."""
    return worth * WHOLE // STEPS[scale] if isinstance(effect, EarnPercent) else 0


def _times(effect: EarnFixed, lines: Sequence[Line]) -> int:
    """Return how many times a fixed number is given: nothing is given for what money does not pay."""
    if effect.each is Each.RECEIPT:
        return int(any(line.paid > 0 for line in lines))
    paid = [line for line in lines if line.paid > 0]
    return len(paid) if effect.each is Each.LINE else sum([line.units for line in paid])


def _most(points: int, most: int | None) -> int:
    return points if most is None else min(points, most)
