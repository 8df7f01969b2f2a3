"""What may not be stored: rules that cannot be read, cannot ever act, or give the shop away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from verno.predicate.anchors import anchors
from verno.predicate.types import Refused
from verno.rules.checks import giving, reach
from verno.rules.effects import (
    AnyEffect,
    Bundle,
    Earn,
    Earning,
    EarnMultiply,
    EarnPercent,
    ExtendExpiry,
    FreeUnits,
    SetTier,
)
from verno.rules.fields import Known
from verno.rules.making.compiling import ready
from verno.rules.types import MAX_PER_MINOR_UNIT, MAX_RULES, Rule, Rulebook

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
    if not out and (wrong := _of_shape(rulebook)):
        out.append(Problem("", wrong))
    if out:
        return out + _unreadable(rulebook, known)
    book = ready(rulebook, known)
    if isinstance(book, Refused):
        return _unreadable(rulebook, known)
    for one in book.rules:
        out += [Problem(one.rule.id, text) for text in reach.of(one, book, known)]
        out += [Problem(one.rule.id, text) for text in giving.of(one, book, known)]
    out += [Problem("", "keeps: nobody can be so") for one in book.keeps if anchors(one.condition) is None]
    return out + [Problem("", text) for text in giving.of_all(book)]


def _unreadable(rulebook: Rulebook, known: Known) -> list[Problem]:
    book = ready(rulebook, known)
    if not isinstance(book, Refused):
        return []
    ids = [rule.id for rule in rulebook.rules]
    out = []
    for one in book.problems:
        part, number, where = one.path.split(".", 2)
        rule, place = (ids[int(number)], where) if part == "rules" else ("", one.path)
        out.append(Problem(rule, f"{place}: {one.detail}"))
    return out


def _of_shape(rulebook: Rulebook) -> str | None:
    """Say where a number or a text is out of its bounds: whoever made the records may not have read them from JSON."""
    try:
        msgspec.convert(msgspec.to_builtins(rulebook), Rulebook)
    except msgspec.ValidationError as error:
        return str(error)
    return None


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
        if isinstance(effect, FreeUnits) and effect.card is not None and effect.same_goods:
            yield "a card counts the pieces of all goods together"
        if isinstance(effect, ExtendExpiry) and (effect.days is None) == (effect.until is None):
            yield "it says either how many 'days' longer points live, or 'until' which date"
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
