"""What is left of a sale when some of it was not captured or came back.

Everything here depends on the set that is kept and on nothing else, neither on the order nor on the number of the
returns that led to it: any split of a return therefore gives the whole's result, to the unit. Quantities are whole
thousandths, money minor units, points the unit's smallest step.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

DECIMALS = 3
THOUSAND = 1000


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line as it was sold: ``amount`` is its price, ``off`` what rules took off, ``paid`` what points paid of it."""

    line: int
    quantity: int
    amount: int
    paid: int = 0
    off: int = 0

    @property
    def to_pay(self) -> int:
        """Return what money paid."""
        return self.amount - self.off - self.paid


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What a set of kept quantities is worth: ``to_pay`` in money, ``paid`` by points, ``off`` what rules took off.

    ``empty`` when nothing is left.

    ``to_pay`` are the facts that rules see: what points pay never earns.
    """

    to_pay: int
    paid: int
    empty: bool
    off: int = 0


Quantities = Mapping[int, int]
"""Thousandths by line; a line that is not named has none."""


def thousandths(quantity: str) -> int:
    """Return a decimal string of at most three decimals as whole thousandths."""
    whole, _, fraction = quantity.partition(".")
    return int(whole) * THOUSAND + int(fraction.ljust(DECIMALS, "0"))


def in_words(quantity: int) -> str:
    """Return thousandths as a decimal string without idle zeros."""
    whole, rest = divmod(quantity, THOUSAND)
    return f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".") if rest else str(whole)


def counted(line: Line) -> int:
    """Return a line's quantity; one of quantity 0 (a gift, a weighing error) counts as one thousandth.

    So such a line can be kept or given back, whole, like any other.
    """
    return line.quantity or 1


def all_of(lines: Iterable[Line]) -> dict[int, int]:
    """Return the quantities of a sale of which nothing has come back."""
    return {line.line: counted(line) for line in lines}


def part(amount: int, kept: int, quantity: int) -> int:
    """Return the part of ``amount`` that ``kept`` of ``quantity`` stands for, half a minor unit rounded up."""
    if kept == quantity:
        return amount
    return (2 * amount * kept + quantity) // (2 * quantity)


def kept(lines: Sequence[Line], quantities: Quantities) -> Kept:
    """Return what the kept quantities are worth."""
    to_pay = paid = off = 0
    empty = True
    for line in lines:
        left = quantities.get(line.line, 0)
        if left:
            empty = False
            to_pay += part(line.to_pay, left, counted(line))
            paid += part(line.paid, left, counted(line))
            off += part(line.off, left, counted(line))
    return Kept(to_pay, paid, empty, off)


def points_kept(points: int, left: Kept, paid: int) -> int:
    """Return how many of the points that paid ``paid`` still pay for what is left; the rest goes back.

    Half a point is rounded up; all of them while all that they paid is kept, none when nothing of it is.
    """
    if left.empty:
        return 0
    if left.paid == paid:
        return points
    return (2 * points * left.paid + paid) // (2 * paid)
