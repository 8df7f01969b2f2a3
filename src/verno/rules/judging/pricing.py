"""The first phase: which discounts act together, and what they leave of each line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verno.kit.money import spread
from verno.predicate.types import Reading
from verno.rules.effects import (
    WHOLE,
    AnyEffect,
    Bundle,
    DiscountAmount,
    DiscountPercent,
    FixedPrice,
    FreeUnits,
    Gift,
)
from verno.rules.facts import Facts, Line
from verno.rules.judging import discounting
from verno.rules.making.compiling import Act, Book, Ready
from verno.rules.types import Caps, Fired

THOUSAND = 1000


def start(facts: Facts) -> None:
    """Take all discounts back."""
    for line in facts.lines:
        line.discount = 0
        line.paid = line.price
    facts.add_up()


def apply(book: Book, facts: Facts, rules: Iterable[Ready]) -> list[Fired]:
    """Let these rules take off what they do, in their order, within the caps; the lines' figures follow."""
    start(facts)
    caps, first = book.rulebook.caps, book.rulebook.amounts_first
    acts = [(one, act) for one in rules for act in one.discounts]
    acts.sort(key=lambda pair: (discounting.stage(pair[1].effect, amounts_first=first), pair[0].position))
    room = _Room(caps, facts)
    careful = any(one.rule.once_a_line for one, _ in acts)
    takers: dict[int, list[Ready]] = {}
    fired: list[Fired] = []
    for one, act in acts:
        lines = picked(act, facts)
        if careful:
            lines = [line for line in lines if _together(one, takers.get(line.number, ()))]
        parts = room.within(discounting.off(act, facts, lines))
        for line, amount in parts:
            line.discount += amount
            line.paid -= amount
            if careful:
                takers.setdefault(line.number, []).append(one)
        fired.append(_fired(one, act, lines, parts))
    facts.add_up()
    return fired


def _together(one: Ready, takers: Iterable[Ready]) -> bool:
    """Tell whether a rule may take something off where these already have."""
    return all(other is one or not (one.rule.once_a_line or other.rule.once_a_line) for other in takers)


def picked(act: Act, facts: Facts) -> Sequence[Line]:
    """Return the lines that an effect looks at."""
    where = act.where
    if where is None:
        return facts.lines
    if not act.steady:
        return _those(where, facts)
    found = facts.chosen.get(where)
    if found is None:
        found = facts.chosen[where] = _those(where, facts)
    return found


def _those(where: Reading, facts: Facts) -> list[Line]:
    when = facts.when
    return [line for line in facts.lines if where(line, when)]


def _fired(one: Ready, act: Act, lines: Sequence[Line], parts: Sequence[tuple[Line, int]]) -> Fired:
    effect = act.effect
    return Fired(
        one.rule.id,
        bool(parts) or isinstance(effect, Gift),
        paid=sum([line.price for line in lines]),
        rate=_rate(effect),
        effect=str(effect.__struct_config__.tag),
        discount=sum([amount for _, amount in parts]),
        lines=tuple([(line.number, amount) for line, amount in parts]),
        text=getattr(effect, "sku", ""),
    )


def _rate(effect: AnyEffect) -> int:
    """Return the number that says an effect: a share, an amount or a price."""
    if isinstance(effect, DiscountPercent | FreeUnits):
        return effect.share
    if isinstance(effect, FixedPrice | Bundle):
        return effect.price
    return effect.amount if isinstance(effect, DiscountAmount) else 0


@dataclass(slots=True)
class _Room:
    """What caps still leave of a receipt."""

    caps: Caps
    facts: Facts

    def within(self, parts: discounting.Off) -> list[tuple[Line, int]]:
        """Return the parts that may be taken, none empty."""
        caps = self.caps
        if caps.line is None and caps.margin is None and caps.receipt is None:
            return [(line, amount) for line, amount in parts if amount]
        fitting = [(line, min(amount, self.of_line(line))) for line, amount in parts]
        if caps.receipt is not None:
            taken = sum([line.discount for line in self.facts.lines])
            most = max(0, self.facts.price * caps.receipt // WHOLE - taken)
            fitting.sort(key=lambda part: part[0].number)
            amounts = [amount for _, amount in fitting]
            if sum(amounts) > most:
                fitting = list(zip([line for line, _ in fitting], spread(most, amounts), strict=True))
        return [(line, amount) for line, amount in fitting if amount]

    def of_line(self, line: Line) -> int:
        """Return how much may still be taken off a line."""
        room = line.price - line.discount
        if self.caps.line is not None:
            room = min(room, line.price * self.caps.line // WHOLE - line.discount)
        if self.caps.margin is not None and line.cost is not None:
            least = -(-line.cost * line.quantity * (WHOLE + self.caps.margin) // (THOUSAND * WHOLE))
            room = min(room, line.price - least - line.discount)
        return max(0, room)
