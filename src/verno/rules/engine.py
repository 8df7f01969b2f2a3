"""Judge receipts by a rulebook, in two phases.

``price`` says what rules take off, before anybody knows what points pay; ``settle`` what they give for the money that
is left to pay. Both are functions of the book and the facts alone: the same for ever, for a quote, its capture, a
return and a replay.
"""

from collections.abc import Collection, Sequence
from operator import attrgetter

from msgspec.structs import replace

from verno.rules.effects import (
    Earn,
    EarnMultiply,
    EmitEvent,
    ExtendExpiry,
    GiveBadge,
    PrintText,
    SetTier,
)
from verno.rules.facts import Facts
from verno.rules.judging import choosing, earning, pricing
from verno.rules.making.compiling import BASE, Act, Book, Ready
from verno.rules.types import STEPS, Choose, Fired, Verdict

MOST_POINTS = 10**12
"""Of a unit and receipt: what the ledger takes in one entry."""
HUNDREDTHS = 100
"""Of a minor unit: so fine is weighed what a member has of rules."""


def plain(book: Book, paid: Sequence[int]) -> list[Verdict]:
    """Return the verdicts of a plain book, no rule of it closed, where of receipts only the money paid is known."""
    return [_plain(book, money) for money in paid]


def _plain(book: Book, paid: int) -> Verdict:
    points: dict[str, int] = {}
    fired = []
    for one in book.rules:
        for effect in one.rule.effects:
            if isinstance(effect, Earn):
                full = max(paid, 0) // effect.per
                given = full * effect.points
                fired.append(Fired(one.rule.id, full > 0, effect.unit, given, paid, effect.per, effect.points, full))
                if given:
                    points[effect.unit] = points.get(effect.unit, 0) + given
    return Verdict(points, tuple(fired))


def price(book: Book, facts: Facts) -> tuple[Fired, ...]:
    """Let rules take off what they do: the lines' discounts are in the facts then; returns what acted, and how."""
    if not book.discounts:
        pricing.start(facts)
        return ()
    pricing.start(facts)
    able, when = _able(book, facts), facts.when
    matching = [one for one in able if one.discounts and (one.holds is None or one.holds(facts, when))]
    if not matching:
        return ()
    rules = [
        one for one in matching if not one.rivals or any(each.matched for each in pricing.apply(book, facts, [one]))
    ]
    if book.rulebook.choose is Choose.PRIORITY:
        chosen = choosing.by_priority(rules)
    else:
        givers = {one.position for one in able if one.earns and not one.discounts}
        chosen = choosing.best(
            rules,
            lambda some: _weight(book, facts, some, rules),
            lambda one: not one.rivals.isdisjoint(givers),
        )
    return tuple(pricing.apply(book, facts, chosen))


def settle(book: Book, facts: Facts, taken_off: Sequence[Fired] = ()) -> Verdict:
    """Say what rules give for a receipt whose discounts, and what points pay, are in the facts.

    ``taken_off`` is what ``price`` returned, maybe long ago.
    """
    return _settled(book, facts, taken_off, choosing.MOST_TRIES)


def _settled(book: Book, facts: Facts, taken_off: Sequence[Fired], most_tries: int) -> Verdict:
    acted = _acted(book, taken_off)
    positions = {one.position for one in acted}
    when = facts.when
    rules = [
        one
        for one in _able(book, facts)
        if not one.discounts
        and one.rivals.isdisjoint(positions)
        and (one.holds is None or one.holds(facts, when))
        and (not one.rivals or _would_give(book, one, facts))
    ]

    def verdict(some: Sequence[Ready]) -> Verdict:
        return _verdict(book, [*taken_off, *_given(book, facts, [*acted, *some])])

    if book.rulebook.choose is Choose.PRIORITY:
        return verdict(choosing.by_priority(rules))
    if _adds_up(book, [*acted, *rules]):
        chosen = choosing.best_sum(rules, lambda one: _points_worth(book, _given(book, facts, [one])))
    else:
        chosen = choosing.best(rules, lambda some: _points_worth(book, verdict(some).fired), most_tries=most_tries)
    return verdict(chosen)


def _adds_up(book: Book, rules: Sequence[Ready]) -> bool:
    """Tell whether rules give together what they give one by one: none multiplies others, and no cap bounds them."""
    return not book.rulebook.caps.points and not any(
        isinstance(act.effect, EarnMultiply) for one in rules for act in one.earns
    )


def evaluate(book: Book, facts: Sequence[Facts]) -> list[Verdict]:
    """Return one verdict per receipt, in order, where points pay nothing."""
    return [settle(book, one, price(book, one)) for one in facts]


def _able(book: Book, facts: Facts) -> list[Ready]:
    """Return the rules that could act on this receipt if their conditions held."""
    rules, closed = book.rules, facts.closed
    found = [rules[position] for position in book.index.candidates(facts)]
    if book.guarded or closed:
        return [
            one
            for one in found
            if not one.rule.paused and (one.rule.with_points or not facts.spends) and one.rule.id not in closed
        ]
    return found


def _acted(book: Book, fired: Sequence[Fired]) -> list[Ready]:
    """Return the rules that did something, in order."""
    ids = {one.rule for one in fired if one.matched}
    return sorted([book.by_id[id_] for id_ in ids if id_ in book.by_id], key=attrgetter("position"))


def _would_give(book: Book, one: Ready, facts: Facts) -> bool:
    """Tell whether a rule would give or tell something; a multiple, whether there is money that it could be of."""
    return not one.earns or any(
        sum([line.paid for line in pricing.picked(act, facts)]) > 0
        if isinstance(act.effect, EarnMultiply)
        else _earned(book, one, act, facts).matched
        for act in one.earns
    )


def _given(book: Book, facts: Facts, rules: Sequence[Ready]) -> list[Fired]:
    """Return what these rules give and tell: multiples after what they multiply, telling after giving."""
    fired: list[Fired] = []
    multiples: list[Fired] = []
    for one in rules:
        for act in one.earns:
            if isinstance(act.effect, EarnMultiply):
                multiples.append(_multiplied(book, one, act, act.effect, facts, rules))
            else:
                fired.append(_earned(book, one, act, facts))
    fired += multiples
    gave = {one.rule for one in fired if one.matched}
    for one in rules:
        if one.tells and (one.discounts or not one.earns or one.rule.id in gave):
            fired += [_told(one, act) for act in one.tells]
    return fired


def _earned(book: Book, one: Ready, act: Act, facts: Facts, within: Collection[int] | None = None) -> Fired:
    """Return what an effect gives, or would for those of its lines that are ``within``."""
    lines = pricing.picked(act, facts)
    if within is not None:
        lines = [line for line in lines if line.number in within]
    effect = act.effect
    unit = getattr(effect, "unit", "")
    point = earning.point_of(effect, book.rulebook.worth.get(unit, 0), book.rulebook.scales.get(unit, 0))
    return earning.earned(act, one.rule.id, facts, lines, point)


def _multiplied(book: Book, one: Ready, act: Act, effect: EarnMultiply, facts: Facts, rules: Sequence[Ready]) -> Fired:
    lines = pricing.picked(act, facts)
    within = {line.number for line in lines}
    base = 0
    for other in rules:
        if effect.rules and other.rule.id not in effect.rules:
            continue
        for each in other.earns:
            wanted = not isinstance(each.effect, EarnMultiply) if effect.rules else isinstance(each.effect, BASE)
            if wanted and getattr(each.effect, "unit", "") == effect.unit:
                base += _earned(book, other, each, facts, within).points
    return earning.multiplied(effect, one.rule.id, base, sum([line.paid for line in lines]))


def _told(one: Ready, act: Act) -> Fired:
    effect, rule = act.effect, one.rule.id
    kind = str(effect.__struct_config__.tag)
    match effect:
        case GiveBadge():
            return Fired(rule, matched=True, effect=kind, text=effect.badge, full=effect.days or 0)
        case SetTier():
            return Fired(rule, matched=True, effect=kind, text=f"{effect.track}/{effect.step}", full=effect.days)
        case ExtendExpiry():
            end = "" if effect.until is None else effect.until.isoformat()
            return Fired(rule, True, effect.unit, per=effect.within, full=effect.days or 0, effect=kind, text=end)
        case EmitEvent():
            return Fired(rule, matched=True, effect=kind, text=effect.name)
        case PrintText():
            return Fired(rule, matched=True, effect=kind)
        case _:
            message = f"{effect} tells nothing"
            raise ValueError(message)


def _weight(book: Book, facts: Facts, some: Sequence[Ready], rules: Sequence[Ready]) -> int | None:
    """Return what a member has of these discounts, and of the points that come with them.

    None when one of the ``rules`` was left out though nothing acts that it does not go together with.
    """
    fired = _settled(book, facts, pricing.apply(book, facts, some), choosing.FEW_TRIES).fired
    present = {one.position for one in some} | {one.position for one in _acted(book, fired)}
    if any(one.rivals.isdisjoint(present) for one in rules if one.position not in present):
        return None
    return facts.discount * HUNDREDTHS + _points_worth(book, fired)


def _points_worth(book: Book, fired: Sequence[Fired]) -> int:
    """Return what points are worth in hundredths of a minor unit; where nobody said, a whole point is worth one."""
    worth, scales = book.rulebook.worth, book.rulebook.scales
    return sum(
        [
            one.points * worth.get(one.unit, 1) * HUNDREDTHS // STEPS[scales.get(one.unit, 0)]
            for one in fired
            if one.points
        ]
    )


def _verdict(book: Book, fired: Sequence[Fired]) -> Verdict:
    """Add up the points by unit; where a cap is reached, the later rules give less."""
    caps = book.rulebook.caps.points
    points: dict[str, int] = {}
    out: list[Fired] = []
    for one in fired:
        if one.points:
            has = points.get(one.unit, 0)
            given = min(one.points, caps.get(one.unit, MOST_POINTS) - has)
            points[one.unit] = has + given
            out.append(one if given == one.points else replace(one, points=given, matched=given > 0))
        else:
            out.append(one)
    return Verdict({unit: number for unit, number in points.items() if number}, tuple(out))
