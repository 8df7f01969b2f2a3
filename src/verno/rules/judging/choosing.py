"""Which of rules that do not go together act.

Asked are rules that would do something on the receipt if they were alone; others stand in nobody's way. Sets of rules
are *complete*: a rule is left out only for the sake of one that acts and that it does not go together with.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TypeAlias

from verno.rules.making.compiling import Ready

MOST_TRIES = 64
"""Sets that are worked out to find the best one. Where there are more, the best of these is taken: never worse than
what the order of priority gives, which is tried first."""
FEW_TRIES = 16
"""The same of points while sets of discounts are weighed: tries within tries would multiply."""
MOST_STEPS = 8192
"""Steps that looking for sets takes; each decides of one rule."""

Weigh: TypeAlias = Callable[[Sequence[Ready]], int | None]
"""What a set is worth; None when it turns out not to be complete."""


def by_priority(rules: Sequence[Ready]) -> list[Ready]:
    """Return the rules that act, each giving way to those before it that it does not go together with."""
    chosen: list[Ready] = []
    positions: set[int] = set()
    for one in rules:
        if one.rivals.isdisjoint(positions):
            chosen.append(one)
            positions.add(one.position)
    return chosen


def best(
    rules: Sequence[Ready],
    weigh: Weigh,
    yields: Callable[[Ready], bool] = lambda _one: False,
    *,
    most_tries: int = MOST_TRIES,
) -> list[Ready]:
    """Return the complete set of rules that weighs most; the first found stays where another weighs the same.

    ``yields`` says of a rule that it may also be left out for the sake of something that is not among ``rules``.
    """
    first = by_priority(rules)
    if len(first) == len(rules) and not any(yields(one) for one in rules):
        return first
    found, most = first, weigh(first) or 0
    for tries, some in enumerate(_sets(rules, yields), 1):
        if tries > most_tries:
            break
        weight = weigh(some)
        if weight is not None and weight > most:
            found, most = some, weight
    return found


def best_sum(rules: Sequence[Ready], worth: Callable[[Ready], int]) -> list[Ready]:
    """Return the same where a set weighs what its rules weigh one by one: then rivals are chosen among themselves.

    So many groups cost what their rules do, and not what all their combinations would.
    """
    first = by_priority(rules)
    if len(first) == len(rules):
        return first
    weights = {one.position: worth(one) for one in rules if one.rivals}
    chosen: set[int] = set()
    for some in _tied(rules):
        found = best(some, lambda these: sum([weights.get(one.position, 0) for one in these]))
        chosen.update(one.position for one in found)
    return [one for one in rules if one.position in chosen]


def _tied(rules: Sequence[Ready]) -> list[list[Ready]]:
    """Return the rules in parts, no rule having a rival in another part; each part keeps the order."""
    waiting = {one.position: one for one in rules}
    parts = []
    while waiting:
        position, one = next(iter(waiting.items()))
        del waiting[position]
        part, near = [one], [one]
        while near:
            rivals = [waiting.pop(other) for other in near.pop().rivals if other in waiting]
            part += rivals
            near += rivals
        part.sort(key=attrgetter("position"))
        parts.append(part)
    return parts


def _sets(rules: Sequence[Ready], yields: Callable[[Ready], bool]) -> Iterator[list[Ready]]:
    """Yield the complete sets, those that take the first rules first."""
    present = {one.position for one in rules}
    free = {one.position for one in rules if not one.rivals & present and not yields(one)}
    contested = [one for one in rules if one.position not in free]
    must = [not yields(one) for one in contested]
    waiting: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
    for _step in range(MOST_STEPS):
        if not waiting:
            return
        number, taken = waiting.pop()
        if _lost(contested, must, number, taken):
            continue
        if number == len(contested):
            yield [one for one in rules if one.position in free or one.position in taken]
            continue
        one = contested[number]
        waiting.append((number + 1, taken))
        if one.rivals.isdisjoint(taken):
            waiting.append((number + 1, taken | {one.position}))


def _lost(contested: Sequence[Ready], must: Sequence[bool], number: int, taken: frozenset[int]) -> bool:
    """Tell whether a rule was left out for nothing: none of its rivals is taken, and none to come can be."""
    possible = {one.position for one in contested[number:] if one.rivals.isdisjoint(taken)} | taken
    return any(
        needed and one.position not in taken and one.rivals.isdisjoint(possible)
        for one, needed in zip(contested[:number], must, strict=False)
    )
