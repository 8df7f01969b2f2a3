"""Which rules do not go together: said by the rules and the rulebook, never by receipts."""

from collections.abc import Iterator, Mapping, Sequence

from verno.rules.effects import Discounting, Earning
from verno.rules.types import Category, Rule


def rivals(rules: Sequence[Rule], categories: Sequence[Category]) -> list[frozenset[int]]:
    """Return for each rule, in order, the positions of those that it does not go together with."""
    if not (categories or any(rule.group is not None or rule.alone for rule in rules)):
        return [frozenset()] * len(rules)
    found: list[set[int]] = [set() for _ in rules]
    for some, others in _apart(rules, {one.code: one for one in categories}):
        for one in some:
            found[one] |= others
        for one in others:
            found[one] |= some
    return [frozenset(others - {position}) for position, others in enumerate(found)]


def _apart(rules: Sequence[Rule], by_code: Mapping[str, Category]) -> Iterator[tuple[set[int], set[int]]]:
    """Yield pairs of sets, nobody of the one going together with anybody of the other."""
    of_group = _gathered([rule.group for rule in rules])
    of_category = _gathered([rule.category for rule in rules])
    yield from ((same, same) for same in of_group.values())
    for code, some in of_category.items():
        category = by_code.get(code, Category(code))
        if category.one:
            yield some, some
        for other in category.without:
            yield some, of_category.get(other, set())
    kinds = [_kinds(rule) for rule in rules]
    for position, rule in enumerate(rules):
        if rule.alone:
            yield {position}, {other for other, kind in enumerate(kinds) if kind & kinds[position]}


def _gathered(codes: Sequence[str | None]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for position, code in enumerate(codes):
        if code is not None:
            found.setdefault(code, set()).add(position)
    return found


def _kinds(rule: Rule) -> set[str]:
    kinds = set()
    for effect in rule.effects:
        if isinstance(effect, Discounting):
            kinds.add("discount")
        elif isinstance(effect, Earning):
            kinds.add("earn")
    return kinds
