"""What rules take off: each effect on the lines as those before it left them.

Per cents, amounts and bundles work out one sum for the receipt, rounded down once, and spread it over their lines by
the largest remainder, so that lines and receipt agree to the minor unit. Fixed prices and free pieces are worked out
line by line.
"""

from collections.abc import Sequence
from typing import TypeAlias

from verno.kit.money import spread
from verno.rules.effects import (
    WHOLE,
    Bundle,
    DiscountAmount,
    DiscountPercent,
    Each,
    FixedPrice,
    FreeUnits,
    Gift,
)
from verno.rules.facts import Facts, Line
from verno.rules.making.compiling import Act

THOUSAND = 1000

Off: TypeAlias = list[tuple[Line, int]]
"""What is taken off which lines, in minor units, before caps."""


def left(line: Line) -> int:
    """Return what a line still costs."""
    return line.price - line.discount


def off(act: Act, facts: Facts, lines: Sequence[Line]) -> Off:
    """Return what an effect takes off these lines of a receipt."""
    effect = act.effect
    match effect:
        case DiscountPercent():
            return _percent(effect, act, facts, lines)
        case DiscountAmount():
            return _amount(effect, lines)
        case FixedPrice():
            # What has no quantity has no price for one.
            return [(line, max(0, left(line) - _priced(effect.price, line))) for line in lines if line.quantity]
        case FreeUnits():
            return _free_units(effect, facts, lines)
        case Bundle():
            return _bundle(effect, act, facts, lines)
        case Gift():
            return _cheapest([line for line in lines if line.sku == effect.sku], effect.units, WHOLE)
        case _:
            message = f"{effect} takes nothing off"
            raise ValueError(message)


def stage(effect: object, *, amounts_first: bool) -> int:
    """Return when an effect has its turn: prices, then pieces, then per cents and amounts in the order that is set."""
    if isinstance(effect, FixedPrice | Bundle):
        return 0
    if isinstance(effect, FreeUnits | Gift):
        return 1
    return 2 if isinstance(effect, DiscountAmount) is amounts_first else 3


def _percent(effect: DiscountPercent, act: Act, facts: Facts, lines: Sequence[Line]) -> Off:
    if act.rate is None:
        weights = [left(line) * effect.share for line in lines]
    else:
        weights = [left(line) * min(act.rate(facts, line), WHOLE) for line in lines]
    total = sum(weights) // WHOLE
    if effect.most is not None:
        total = min(total, effect.most)
    return list(zip(lines, spread(total, weights), strict=True))


def _amount(effect: DiscountAmount, lines: Sequence[Line]) -> Off:
    if effect.each is Each.RECEIPT:
        prices = [left(line) for line in lines]
        return list(zip(lines, spread(min(effect.amount, sum(prices)), prices), strict=True))
    return [(line, min(left(line), effect.amount * (1 if effect.each is Each.LINE else line.units))) for line in lines]


def _priced(price: int, line: Line) -> int:
    """Return what a quantity costs at a price for one, half a minor unit rounded up."""
    return (2 * price * line.quantity + THOUSAND) // (2 * THOUSAND)


def _free_units(effect: FreeUnits, facts: Facts, lines: Sequence[Line]) -> Off:
    if not effect.same_goods:
        before = facts.member.progress.get(effect.card, 0) % effect.of if effect.card else 0
        return _cheapest(lines, _how_many(effect, lines, before), effect.share)
    of_goods: dict[str, list[Line]] = {}
    for line in lines:
        of_goods.setdefault(line.sku, []).append(line)
    return [one for same in of_goods.values() for one in _cheapest(same, _how_many(effect, same), effect.share)]


def _how_many(effect: FreeUnits, lines: Sequence[Line], before: int = 0) -> int:
    sets = (before + sum([line.units for line in lines])) // effect.of
    return min(sets, effect.sets or sets) * effect.free


def _cheapest(lines: Sequence[Line], pieces: int, share: int) -> Off:
    """Take ``share`` off the ``pieces`` cheapest whole pieces of these lines."""
    out: Off = []
    for line in sorted(lines, key=_for_one):
        taken = min(pieces, line.units)
        if taken:
            out.append((line, left(line) * taken * THOUSAND * share // (line.quantity * WHOLE)))
            pieces -= taken
    return out


def _for_one(line: Line) -> tuple[float, int]:
    # Only an order: the sums themselves stay whole numbers.
    return (left(line) / line.quantity if line.quantity else 0.0, line.number)


def _number(part: tuple[Line, int]) -> int:
    return part[0].number


def _bundle(effect: Bundle, act: Act, facts: Facts, lines: Sequence[Line]) -> Off:
    """Sell as many sets as the pieces make, of the dearest pieces that can be in them; a piece is in one part only.

    A choice is some of the parts, as bits. By Hall's theorem there are so many sets as each choice of parts finds
    pieces for, and pieces can be in the sets as long as no choice gets more of those that fit nowhere else.
    """
    when, choices = facts.when, range(1, 1 << len(act.parts))
    fits = {line.number: sum([where(line, when) << i for i, where in enumerate(act.parts)]) for line in lines}
    units = {choice: sum([part.units for i, part in enumerate(effect.parts) if choice >> i & 1]) for choice in choices}
    sets = min(
        [sum([line.units for line in lines if fits[line.number] & choice]) // units[choice] for choice in choices]
    )
    sets = min(sets, effect.sets or sets)
    room = {choice: units[choice] * sets for choice in choices}
    taken: Off = []
    for line in sorted(lines, key=_for_one, reverse=True):
        fit = fits[line.number]
        within = [choice for choice in choices if choice & fit == fit]
        pieces = min([line.units, *[room[choice] for choice in within]]) if fit else 0
        if pieces:
            taken.append((line, left(line) * pieces * THOUSAND // line.quantity))
            room |= {choice: room[choice] - pieces for choice in within}
    taken.sort(key=_number)
    worth = [value for _, value in taken]
    return list(zip([line for line, _ in taken], spread(max(0, sum(worth) - sets * effect.price), worth), strict=True))
