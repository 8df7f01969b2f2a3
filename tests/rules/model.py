"""The reference of the rules engine: slow, naive, written from the docstrings of ``effects`` and ``types``.

It shares no code with the engine: fractions instead of integers, single pieces, no index, and of rules that do not go
together every set is tried. Equal sets: the one that takes the earlier rules.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import floor

from tests.rules.asked import Loose, Off, holds, line_holds, of_line, of_receipt
from verno.rules import effects as e
from verno.rules.facts import Facts, Line
from verno.rules.types import Category, Rule, Rulebook

DISCOUNTS = (e.DiscountPercent, e.DiscountAmount, e.FixedPrice, e.FreeUnits, e.Bundle, e.Gift)
GIVES = (e.Earn, e.EarnPercent, e.EarnFixed, e.EarnMultiply)


@dataclass
class Model:
    """What came of a receipt: minor units off by line, points by unit and by rule, what rules told."""

    off: dict[int, int]
    acted: list[Rule]
    points: dict[str, int] = field(default_factory=dict)
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)


def takes(rule: Rule) -> bool:
    return any(isinstance(effect, DISCOUNTS) for effect in rule.effects)


def gives(rule: Rule) -> bool:
    return any(isinstance(effect, GIVES) for effect in rule.effects)


def ordered(book: Rulebook) -> list[Rule]:
    return [rule for priority in range(1000, -1001, -1) for rule in book.rules if rule.priority == priority]


def apart(book: Rulebook, one: Rule, other: Rule) -> bool:
    """Tell whether two rules do not go together."""
    if one.id == other.id:
        return False
    same_kind = (takes(one) and takes(other)) or (gives(one) and gives(other))
    if (one.alone or other.alone) and same_kind:
        return True
    if one.group is not None and one.group == other.group:
        return True
    if one.category is None or other.category is None:
        return False
    known = {category.code: category for category in book.categories}
    first, second = (known.get(rule.category or "", Category("")) for rule in (one, other))
    if one.category == other.category and first.one:
        return True
    return other.category in first.without or one.category in second.without


def sets(book: Rulebook, rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Yield all sets of rules that go together, those that take the earlier rules first."""
    for taken in product((True, False), repeat=len(rules)):
        some = [rule for rule, yes in zip(rules, taken, strict=True) if yes]
        if not any(apart(book, one, other) for one in some for other in some):
            yield some


def greedy(book: Rulebook, rules: Sequence[Rule]) -> list[Rule]:
    some: list[Rule] = []
    for rule in rules:
        if not any(apart(book, rule, other) for other in some):
            some.append(rule)
    return some


def left_out_for(book: Rulebook, rules: Sequence[Rule], some: Sequence[Rule]) -> bool:
    """Tell whether each rule that is not among ``some`` has a reason there."""
    return all(rule in some or any(apart(book, rule, other) for other in some) for rule in rules)


def able(book: Rulebook, facts: Facts) -> list[Rule]:
    return [
        rule
        for rule in ordered(book)
        if not rule.paused and rule.id not in facts.closed and (rule.with_points or not facts.spends)
    ]


def nothing(facts: Facts) -> dict[int, int]:
    return {line.number: 0 for line in facts.lines}


def worth(book: Rulebook, unit: str, points: int) -> Fraction:
    return Fraction(points * book.worth.get(unit, 1), 10 ** book.scales.get(unit, 0))


def price(book: Rulebook, facts: Facts) -> Model:
    none = nothing(facts)
    rules = [rule for rule in able(book, facts) if takes(rule) and holds(rule.when, facts, none, none)]
    rules = [rule for rule in rules if apply(book, facts, [rule]).acted]
    if book.choose == "priority":
        return apply(book, facts, greedy(book, rules))
    found, most = None, Fraction(-1)
    for some in sets(book, rules):
        taken = apply(book, facts, some)
        settled = settle(book, facts, taken, none)
        if not left_out_for(book, rules, [*some, *settled.acted]):
            continue
        weight = sum(taken.off.values()) + sum(worth(book, unit, n) for unit, n in settled.points.items())
        if weight > most:
            found, most = taken, Fraction(weight)
    assert found is not None
    return found


def settle(book: Rulebook, facts: Facts, taken: Model, pay: Off) -> Model:
    rules = [
        rule
        for rule in able(book, facts)
        if not takes(rule)
        and holds(rule.when, facts, taken.off, pay)
        and not any(apart(book, rule, other) for other in taken.acted)
    ]
    rules = [rule for rule in rules if would_give(book, rule, facts, taken.off, pay)]
    if book.choose == "priority":
        return give(book, facts, taken, greedy(book, rules), pay)
    found, most = None, Fraction(-1)
    for some in sets(book, rules):
        if left_out_for(book, rules, some):
            given = give(book, facts, taken, some, pay)
            weight = sum((worth(book, unit, n) for unit, n in given.points.items()), Fraction(0))
            if weight > most:
                found, most = given, weight
    assert found is not None
    return found


# What is taken off


def apply(book: Rulebook, facts: Facts, rules: Sequence[Rule]) -> Model:
    off, none = nothing(facts), nothing(facts)
    takers: dict[int, set[str]] = {number: set() for number in off}
    acted: set[str] = set()
    turns = [
        (stage(effect, book), rule, effect)
        for rule in rules
        for effect in rule.effects
        if isinstance(effect, DISCOUNTS)
    ]
    for turn in range(4):
        for at, rule, effect in turns:
            if at != turn:
                continue
            lines = [
                line
                for line in facts.lines
                if line_holds(getattr(effect, "lines", None), line, off, none)
                and not any(
                    other != rule.id and (rule.once_a_line or any(one.once_a_line for one in rules if one.id == other))
                    for other in takers[line.number]
                )
            ]
            wanted = discount(effect, facts, lines, off)
            for number, amount in capped(book, facts, wanted, off).items():
                if amount:
                    off[number] += amount
                    takers[number].add(rule.id)
                    acted.add(rule.id)
            if isinstance(effect, e.Gift):
                acted.add(rule.id)
    return Model(off, [rule for rule in rules if rule.id in acted])


def stage(effect: object, book: Rulebook) -> int:
    if isinstance(effect, e.FixedPrice | e.Bundle):
        return 0
    if isinstance(effect, e.FreeUnits | e.Gift):
        return 1
    if isinstance(effect, e.DiscountAmount):
        return 2 if book.amounts_first else 3
    return 3 if book.amounts_first else 2


def discount(effect: Loose, facts: Facts, lines: Sequence[Line], off: Off) -> dict[int, int]:  # noqa: PLR0911
    """Return what an effect takes off which of these lines."""
    left = {line.number: line.price - off[line.number] for line in lines}
    match effect:
        case e.DiscountPercent():
            exact = {
                line.number: Fraction(
                    left[line.number] * min(rate_of(effect, effect.share, facts, line), 10_000), 10_000
                )
                for line in lines
            }
            total = floor(sum(exact.values()))
            return shared(total if effect.most is None else min(total, effect.most), exact)
        case e.DiscountAmount(each="receipt"):
            weights = {number: Fraction(rest) for number, rest in left.items()}
            return shared(min(effect.amount, sum(left.values())), weights)
        case e.DiscountAmount():
            times = {line.number: 1 if effect.each == "line" else line.quantity // 1000 for line in lines}
            return {number: min(rest, effect.amount * times[number]) for number, rest in left.items()}
        case e.FixedPrice():
            prices = {line.number: half_up(Fraction(effect.price * line.quantity, 1000)) for line in lines}
            return {line.number: max(0, left[line.number] - prices[line.number]) for line in lines if line.quantity > 0}
        case e.FreeUnits():
            goods = sorted({line.sku for line in lines}) if effect.same_goods else [None]
            out: dict[int, int] = {}
            for sku in goods:
                pieces = cheapest([line for line in lines if sku in (None, line.sku)], off)
                before = (
                    facts.member.progress.get(effect.card, 0) % effect.of
                    if effect.card and not effect.same_goods
                    else 0
                )
                many = (before + len(pieces)) // effect.of
                many = min(many, effect.sets) if effect.sets else many
                out |= for_nothing(pieces[: many * effect.free], effect.share)
            return out
        case e.Gift():
            return for_nothing(
                cheapest([line for line in lines if line.sku == effect.sku], off)[: effect.units], 10_000
            )
        case e.Bundle():
            return bundle(effect, lines, off)
    raise AssertionError(effect)


def half_up(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


def shared(total: int, weights: Mapping[int, Fraction]) -> dict[int, int]:
    """Share out: whole minor units in proportion, those left over to whom the division took most, the earlier first."""
    whole = sum(weights.values())
    if not whole:
        return {}
    exact = {number: total * weight / whole for number, weight in weights.items()}
    parts = {number: floor(part) for number, part in exact.items()}
    while sum(parts.values()) < total:
        number = max(exact, key=lambda number: (exact[number] - parts[number], -number))
        parts[number] += 1
    return parts


def cheapest(lines: Sequence[Line], off: Off) -> list[tuple[Fraction, int]]:
    """Return whole pieces, (price of one, line), the cheapest first; of equals that of the earlier line."""
    return sorted(
        (Fraction((line.price - off[line.number]) * 1000, line.quantity), line.number)
        for line in lines
        for _ in range(line.quantity // 1000)
    )


def for_nothing(pieces: Sequence[tuple[Fraction, int]], share: int) -> dict[int, int]:
    out: dict[int, Fraction] = {}
    for one, number in pieces:
        out[number] = out.get(number, Fraction(0)) + one * Fraction(share, 10_000)
    return {number: floor(exact) for number, exact in out.items()}


def bundle(effect: e.Bundle, lines: Sequence[Line], off: Off) -> dict[int, int]:
    """Seat single pieces on the parts' chairs: the most sets, then the dearest pieces that can be seated."""
    none = {line.number: 0 for line in lines}
    fits = {
        line.number: [i for i, part in enumerate(effect.parts) if line_holds(part.lines, line, off, none)]
        for line in lines
    }
    pieces = [piece for piece in reversed(cheapest(lines, off)) if fits[piece[1]]]
    many = 0
    while (effect.sets is None or many < effect.sets) and len(seated(effect, pieces, fits, many + 1)) == (
        (many + 1) * sum(part.units for part in effect.parts)
    ):
        many += 1
    worths: dict[int, Fraction] = {}
    for one, number in seated(effect, pieces, fits, many):
        worths[number] = worths.get(number, Fraction(0)) + one
    whole = {number: Fraction(floor(worths[number])) for number in worths}
    return shared(max(0, int(sum(whole.values())) - many * effect.price), whole)


def seated(
    effect: e.Bundle, pieces: Sequence[tuple[Fraction, int]], fits: Mapping[int, list[int]], many: int
) -> list[tuple[Fraction, int]]:
    """Return the pieces that find a chair, each before it those that are dearer; nobody who sits loses a chair."""
    chairs = [(i, seat) for i, part in enumerate(effect.parts) for seat in range(part.units * many)]
    sits: dict[tuple[int, int], int] = {}

    def find(piece: int, seen: set[tuple[int, int]]) -> bool:
        for chair in chairs:
            if chair[0] in fits[pieces[piece][1]] and chair not in seen:
                seen.add(chair)
                if chair not in sits or find(sits[chair], seen):
                    sits[chair] = piece
                    return True
        return False

    return [pieces[piece] for piece in range(len(pieces)) if len(sits) < len(chairs) and find(piece, set())]


def capped(book: Rulebook, facts: Facts, wanted: Mapping[int, int], off: Off) -> dict[int, int]:
    caps, out = book.caps, {}
    for line in facts.lines:
        amount = wanted.get(line.number, 0)
        if caps.line is not None:
            amount = min(amount, floor(Fraction(line.price * caps.line, 10_000)) - off[line.number])
        if caps.margin is not None and line.cost is not None:
            least = Fraction(line.cost * line.quantity, 1000) * Fraction(10_000 + caps.margin, 10_000)
            amount = min(amount, floor(line.price - off[line.number] - least))
        out[line.number] = max(0, amount)
    if caps.receipt is not None:
        room = floor(Fraction(sum(line.price for line in facts.lines) * caps.receipt, 10_000)) - sum(off.values())
        if sum(out.values()) > room:
            return shared(max(0, room), {number: Fraction(amount) for number, amount in out.items()})
    return out


# What is given


def rate_of(effect: Loose, otherwise: int, facts: Facts, line: Line) -> int:
    if effect.by is None:
        return otherwise
    name = effect.by.field
    if not name.startswith("lines."):
        return int(effect.by.rates.get(of_receipt(facts, {}, {}, name), otherwise))
    value = of_line(line, {line.number: 0}, {line.number: 0}, name.removeprefix("lines."))
    if name != "lines.category":
        return int(effect.by.rates.get(value, otherwise))
    names = list(value or ())
    while names:
        if " / ".join(names) in effect.by.rates:
            return int(effect.by.rates[" / ".join(names)])
        names.pop()
    return otherwise


def points_of(book: Rulebook, effect: Loose, facts: Facts, off: Off, pay: Off, among: Callable[[Line], bool]) -> int:
    """Return what an effect of its own gives for those of its lines that are ``among`` the wanted."""
    lines = [line for line in facts.lines if among(line) and line_holds(effect.lines, line, off, pay)]
    paid = {line.number: of_line(line, off, pay, "paid") for line in lines}
    points = 0
    match effect:
        case e.Earn():
            rest = sum(paid.values())
            while rest >= effect.per:
                rest -= effect.per
                points += effect.points
        case e.EarnPercent():
            money = sum(
                Fraction(paid[line.number] * rate_of(effect, effect.rate, facts, line), 10_000) for line in lines
            )
            points = floor(money * 10 ** book.scales.get(effect.unit, 0) / book.worth[effect.unit])
        case e.EarnFixed(each="receipt"):
            points = effect.points if any(paid.values()) else 0
        case e.EarnFixed():
            for line in lines:
                if paid[line.number]:
                    points += effect.points * (1 if effect.each == "line" else line.quantity // 1000)
    return points if effect.most is None else min(points, effect.most)


def would_give(book: Rulebook, rule: Rule, facts: Facts, off: Off, pay: Off) -> bool:
    if not gives(rule):
        return True
    for effect in rule.effects:
        if isinstance(effect, e.EarnMultiply):
            lines = [line for line in facts.lines if line_holds(effect.lines, line, off, pay)]
            if any(of_line(line, off, pay, "paid") for line in lines):
                return True
        elif isinstance(effect, GIVES) and points_of(book, effect, facts, off, pay, lambda _: True):
            return True
    return False


def give(book: Rulebook, facts: Facts, taken: Model, some: Sequence[Rule], pay: Off) -> Model:
    out = Model(taken.off, [*taken.acted, *some])
    acting = [*sorted(taken.acted, key=ordered(book).index), *some]
    gave = set()
    own = [(rule, effect) for rule in acting for effect in rule.effects if isinstance(effect, GIVES)]
    for multiple in (False, True):
        for rule, effect in own:
            if isinstance(effect, e.EarnMultiply) is not multiple:
                continue
            if isinstance(effect, e.EarnMultiply):
                points = multiplied(book, effect, own, facts, taken.off, pay)
            else:
                points = points_of(book, effect, facts, taken.off, pay, lambda _: True)
            has = out.points.get(effect.unit, 0)
            if points:
                gave.add(rule.id)
                points = min(points, book.caps.points.get(effect.unit, has + points) - has)
                out.points[effect.unit] = has + points
                out.by_rule[rule.id, effect.unit] = out.by_rule.get((rule.id, effect.unit), 0) + points
    for rule in acting:
        if takes(rule) or not gives(rule) or rule.id in gave:
            out.told += [
                (rule.id, type(effect).__name__) for effect in rule.effects if not isinstance(effect, DISCOUNTS + GIVES)
            ]
    return out


def multiplied(
    book: Rulebook, effect: e.EarnMultiply, own: Sequence[tuple[Rule, Loose]], facts: Facts, off: Off, pay: Off
) -> int:
    base = 0
    for rule, other in own:
        named = rule.id in effect.rules if effect.rules else isinstance(other, e.Earn | e.EarnPercent)
        if named and not isinstance(other, e.EarnMultiply) and other.unit == effect.unit:
            base += points_of(book, other, facts, off, pay, lambda line: line_holds(effect.lines, line, off, pay))
    points = floor(Fraction(base * (effect.times - 100), 100))
    return points if effect.most is None else min(points, effect.most)
