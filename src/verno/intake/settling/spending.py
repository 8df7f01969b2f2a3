"""How points pay a part of a receipt: wishes into points, worth and lines. Pure."""

from collections.abc import Mapping, Sequence

from verno.intake.sums import worth
from verno.intake.types import Refusal, Refused, Spent, Wish
from verno.kit.money import spread
from verno.ledger.types import MAX_POINTS
from verno.workspace.types import Unit

Available = Mapping[str, int]
"""Points by unit code that the member can spend now."""

NO_BOUND: Available = {}


def spendable(units: Sequence[Unit], available: Available, room: Available) -> list[worth.Purse]:
    """Return the purses of the units that can be spent at all, within ``room`` where limits leave less."""
    purses = []
    for unit in units:
        if unit.spend_value:
            has = available.get(unit.code, 0)
            purses.append(worth.Purse(unit.code, unit.spend_value, unit.scale, min(has, room.get(unit.code, has))))
    return purses


def resolve(
    wishes: Sequence[Wish],
    prices: Sequence[int],
    units: Mapping[str, Unit],
    available: Available | None,
    *,
    share: int,
    room: Available = NO_BOUND,
) -> Spent | Refused:
    """Return what the wishes come to, or why they cannot be met. ``prices`` are the lines', in minor units.

    Points may pay at most ``share`` per cent of all lines. ``available`` None: nobody has looked, and what is not there
    is for the ledger to refuse. "As many as can" stays within ``room``, by unit, where limits leave less. Refusals:
    ``invalid``, ``spending-not-set``, ``insufficient-points``, ``over-limit``.
    """
    price = sum(prices)
    money = worth.payable(price, share=share)
    points: dict[str, int] = {}
    for wish in wishes:
        unit = units.get(wish.unit)
        if unit is None or wish.unit in points:
            words = "is named twice" if unit else f"the program has no unit {wish.unit}"
            return Refused(Refusal.INVALID, "spend", words)
        if unit.spend_value is None:
            words = f"nobody has said yet what a point of {wish.unit} is worth (setting spend.value)"
            return Refused(Refusal.SPENDING_NOT_SET, "spend", words)
        has = MAX_POINTS if available is None else available.get(wish.unit, 0)
        purse = worth.Purse(unit.code, unit.spend_value, unit.scale, min(has, room.get(unit.code, has)))
        wanted = worth.most(purse, money) if wish.points is None else wish.points
        if wanted > has:
            words = f"{wanted} of {wish.unit} are wanted, {has} are available"
            return Refused(Refusal.INSUFFICIENT_POINTS, "spend", words)
        points[wish.unit] = wanted
        money -= worth.value(wanted, spend_value=unit.spend_value, scale=unit.scale)
        if money < 0:
            words = f"points may pay {worth.payable(price, share=share)} minor units of this receipt, not more"
            return Refused(Refusal.OVER_LIMIT, "spend", words)
    value = worth.payable(price, share=share) - money
    return Spent({code: number for code, number in points.items() if number}, value, spread(value, prices))
