"""Which of rules that do not go together act."""

from collections.abc import Callable, Collection, Iterator, Sequence

from verno.rules.compiling import Ready

MOST_TRIES = 256
"""Sets that are worked out to find the best one. Where there are more, the best of these is taken: never worse than
what the order of priority gives, which is tried first."""

Weigh = Callable[[Sequence[Ready]], int]


def by_priority(rules: Sequence[Ready], taken: Collection[int] = ()) -> list[Ready]:
    """Return the rules that act, each giving way to those before it that it does not go together with."""
    chosen: list[Ready] = []
    positions = set(taken)
    for one in rules:
        if one.rivals.isdisjoint(positions):
            chosen.append(one)
            positions.add(one.position)
    return chosen


def best(rules: Sequence[Ready], weigh: Weigh, yields: Callable[[Ready], bool] = lambda _one: False) -> list[Ready]:
    """Return the set of rules that go together and weigh most; the first found stays where another weighs the same.

    ``yields`` says of a rule that it may also be left out for the sake of something that is not among ``rules``.
    """
    first = by_priority(rules)
    if len(first) == len(rules) and not any(yields(one) for one in rules if one.rivals):
        return first
    found, most = first, weigh(first)
    for tries, some in enumerate(_sets(rules, yields), 1):
        if tries > MOST_TRIES:
            break
        weight = weigh(some)
        if weight > most:
            found, most = some, weight
    return found


def _sets(rules: Sequence[Ready], yields: Callable[[Ready], bool]) -> Iterator[list[Ready]]:
    """Yield the sets of rules that go together and to which none could be added, but for those that yield."""
    waiting: list[tuple[int, tuple[Ready, ...], frozenset[int]]] = [(0, (), frozenset())]
    present = {one.position for one in rules}
    while waiting:
        number, chosen, positions = waiting.pop()
        if number == len(rules):
            if all(one.position in positions or yields(one) or not one.rivals.isdisjoint(positions) for one in rules):
                yield list(chosen)
            continue
        one = rules[number]
        rivals = one.rivals & present
        if rivals or yields(one):
            waiting.append((number + 1, chosen, positions))
        if rivals.isdisjoint(positions):
            waiting.append((number + 1, (*chosen, one), positions | {one.position}))
