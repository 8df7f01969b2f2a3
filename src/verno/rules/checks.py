"""What may not be stored: rules that cannot be read, cannot ever act, or give the shop away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verno.predicate.anchors import anchors
from verno.predicate.types import Refused
from verno.rules.compiling import Book, Ready, ready
from verno.rules.effects import (
    WHOLE,
    AnyEffect,
    Bundle,
    DiscountPercent,
    Each,
    Earn,
    EarnFixed,
    Earning,
    EarnMultiply,
    EarnPercent,
    ExtendExpiry,
    FixedPrice,
    FreeUnits,
    Gift,
    SetTier,
)
from verno.rules.fields import Known
from verno.rules.ranges import ranges
from verno.rules.types import MAX_PER_MINOR_UNIT, MAX_RULES, STEPS, Counts, Rule, Rulebook

HUNDRED = 100
MAX_RATE = 10**6


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a rulebook; ``rule`` is empty where it is about all of it."""

    rule: str
    text: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"rule {self.rule}: {self.text}" if self.rule else self.text


def problems(rulebook: Rulebook, known: Known, units: Sequence[str]) -> list[Problem]:
    """Return what is wrong with a rulebook; nothing when it may be stored. ``units`` are the program's unit codes."""
    out = [*_of_the_whole(rulebook)]
    for rule in rulebook.rules:
        out += [Problem(rule.id, text) for text in _of_words(rule, rulebook, known, units)]
    book = ready(rulebook, known)
    if isinstance(book, Refused):
        ids = [rule.id for rule in rulebook.rules]
        return out + [
            Problem(ids[int(one.path.split(".")[1])], f"{one.path.split('.', 2)[2]}: {one.detail}")
            for one in book.problems
        ]
    for one in book.rules:
        out += [Problem(one.rule.id, text) for text in _of_reach(one, book)]
        out += [Problem(one.rule.id, text) for text in _of_giving(one.rule, book)]
    return out


def _of_the_whole(rulebook: Rulebook) -> Iterator[Problem]:
    if len(rulebook.rules) > MAX_RULES:
        yield Problem("", f"at most {MAX_RULES} rules")
    seen: set[str] = set()
    for rule in rulebook.rules:
        if rule.id in seen:
            yield Problem(rule.id, "the id is used twice")
        seen.add(rule.id)
    codes = [category.code for category in rulebook.categories]
    if len(set(codes)) < len(codes):
        yield Problem("", "a category is named twice")
    for category in rulebook.categories:
        for other in category.without:
            if other not in codes:
                yield Problem("", f"category {category.code}: there is no category {other}")


def _of_words(rule: Rule, rulebook: Rulebook, known: Known, units: Sequence[str]) -> Iterator[str]:
    """Say which names stand for nothing, and which numbers make no sense."""
    if rule.category is not None and rule.category not in {one.code for one in rulebook.categories}:
        yield f"there is no category {rule.category}"
    for effect in rule.effects:
        yield from _of_names(effect, rulebook, known, units)
        if isinstance(effect, Earn):
            yield from _of_earn(effect)
        if isinstance(effect, FreeUnits) and effect.free >= effect.of:
            yield "'free' must be less than 'of'"
        if isinstance(effect, Bundle) and not effect.parts:
            yield "a bundle must have parts"


def _of_names(effect: AnyEffect, rulebook: Rulebook, known: Known, units: Sequence[str]) -> Iterator[str]:
    if isinstance(effect, Earning | ExtendExpiry) and effect.unit not in units:
        yield f"the program has no unit {effect.unit}"
    elif isinstance(effect, EarnPercent) and not rulebook.worth.get(effect.unit):
        yield f"nobody has said yet what a point of {effect.unit} is worth (setting spend.value)"
    if isinstance(effect, EarnMultiply):
        ids = {other.id for other in rulebook.rules}
        yield from (f"there is no rule {id_} to multiply" for id_ in effect.rules if id_ not in ids)
    if isinstance(effect, SetTier):
        track = known.tracks.get(effect.track)
        if track is None or effect.step not in track.steps:
            yield f"there is no step {effect.step} of a track {effect.track}"


def _of_earn(effect: Earn) -> Iterator[str]:
    if not effect.per >= 1:
        yield "'per' must be at least 1 minor unit"
    if not 1 <= effect.points <= MAX_RATE:
        yield f"'points' must be from 1 to {MAX_RATE}"
    elif effect.points > MAX_PER_MINOR_UNIT * effect.per:
        yield f"more than {MAX_PER_MINOR_UNIT} points for one minor unit"


def _of_reach(one: Ready, book: Book) -> Iterator[str]:
    """Say why a rule can never act."""
    if anchors(one.condition) is None or any(span.empty for span in ranges(one.rule.when).values()):
        yield "its conditions contradict each other: it can never act"
        return
    for position in sorted(one.rivals):
        other = book.rules[position]
        first = position < one.position and book.rulebook.choose == "priority"
        if first and other.holds is None and not other.rule.paused and _always_acts(other.rule):
            yield f"it can never act: rule {other.rule.id} goes first and always does"
            return


def _always_acts(rule: Rule) -> bool:
    return rule.with_points and not rule.budgets and not any(getattr(effect, "lines", None) for effect in rule.effects)


def _of_giving(rule: Rule, book: Book) -> Iterator[str]:
    """Say what would give more than was paid, or without end."""
    rulebook = book.rulebook
    limited = any(budget.each_member and budget.counts is Counts.USES for budget in rule.budgets)
    bounded = limited or any(budget.counts in (Counts.MONEY, Counts.USES) for budget in rule.budgets)
    spans = ranges(rule.when)
    least = max([spans[name].least or 0 for name in ("paid", "amount") if name in spans], default=0)
    for effect in rule.effects:
        if isinstance(effect, EarnFixed) and not limited:
            yield from _of_fixed(effect, rulebook, least)
        elif isinstance(effect, Earn | EarnPercent) and _gives_back(effect, rulebook) > WHOLE:
            yield "its points are worth more than what is paid for them"
        elif isinstance(effect, EarnMultiply) and _multiplied(effect, rulebook) > WHOLE:
            yield "the points that it makes more are worth more than what is paid for them"
        elif isinstance(effect, DiscountPercent) and effect.share == WHOLE and effect.most is None and not bounded:
            yield "it takes everything off, without end: it needs 'most' or a budget"
        elif isinstance(effect, FixedPrice | Bundle) and effect.price == 0 and not bounded:
            yield "it gives goods for nothing, without end: it needs a price or a budget"
        elif isinstance(effect, Gift) and not bounded and not least:
            yield "it gives a gift with every receipt: it needs a least sum or a budget"


def _of_fixed(effect: EarnFixed, rulebook: Rulebook, least: int) -> Iterator[str]:
    """Say that a member could be given more than what they bought had cost."""
    worth = effect.points * rulebook.worth.get(effect.unit, 0) // STEPS[rulebook.scales.get(effect.unit, 0)]
    if effect.each is Each.RECEIPT:
        bound = least
    else:
        spans = ranges(effect.lines)
        bound = max([spans[name].least or 0 for name in ("paid", "amount") if name in spans], default=0)
        if effect.lines is not None and effect.each is Each.UNIT and not bound:
            return  # goods that the owner has picked, whose price is known to them
    if worth > bound:
        yield (
            "its points can be worth more than what is bought for them: "
            "it needs a least sum paid, or a budget of uses for each member"
        )


def _gives_back(effect: Earn | EarnPercent, rulebook: Rulebook) -> int:
    """Return what comes back of the money paid, in hundredths of a per cent, at most."""
    if isinstance(effect, EarnPercent):
        rates = list(effect.by.rates.values()) if effect.by else []
        return max(effect.rate, *rates, 0)
    worth = effect.points * rulebook.worth.get(effect.unit, 0) * WHOLE
    return worth // (max(effect.per, 1) * STEPS[rulebook.scales.get(effect.unit, 0)])


def _multiplied(effect: EarnMultiply, rulebook: Rulebook) -> int:
    rates = [
        _gives_back(each, rulebook)
        for rule in rulebook.rules
        for each in rule.effects
        if isinstance(each, Earn | EarnPercent)
        and each.unit == effect.unit
        and (not effect.rules or rule.id in effect.rules)
    ]
    return max(rates, default=0) * effect.times // HUNDRED
