"""What is left of a receipt of which something came back, as a return would judge it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec.structs import replace as with_fields

from verno.intake.settling.again import part_of
from verno.intake.sums.kept import part
from verno.rules.effects import DISCOUNTS
from verno.rules.facts import Facts
from verno.rules.types import Fired, Verdict


def rest(facts: Facts, left: Mapping[int, int]) -> Facts:
    """Return the facts of what is left (thousandths by line), each line with its share of what the whole came to."""
    lines = [part_of(line, left[line.number]) for line in facts.lines if left[line.number]]
    return replace(facts, lines=lines, chosen={})


def share(taken_off: Sequence[Fired], facts: Facts, left: Mapping[int, int]) -> tuple[Fired, ...]:
    """Return what rules still take off; rules that took something off of other lines only are not among them.

    Together they take the share that each line has of all its discounts, to the minor unit.
    """
    counted = {line.number: line.quantity or 1 for line in facts.lines}
    so_far: dict[int, int] = {}
    out = []
    for one in taken_off:
        lines = []
        for number, amount in one.lines:
            before = so_far.get(number, 0)
            after = so_far[number] = before + amount
            mine = part(after, left[number], counted[number]) - part(before, left[number], counted[number])
            if mine:
                lines.append((number, mine))
        if lines or not one.lines:
            out.append(with_fields(one, lines=tuple(lines), discount=sum([amount for _, amount in lines])))
    return tuple(out)


def less(sold: Verdict, of_rest: Verdict, shares: Sequence[Fired]) -> Verdict:
    """Return what is left of a verdict: a return takes points back, and never gives any."""
    points = {unit: min(number, sold.points.get(unit, 0)) for unit, number in of_rest.points.items()}
    gave = [one for one in of_rest.fired if one.effect not in DISCOUNTS]
    return Verdict({unit: number for unit, number in points.items() if number}, (*shares, *gave))
