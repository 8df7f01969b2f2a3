"""Which rules can act at all: found by what a receipt holds, so that the others cost nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from verno.predicate.anchors import MANY
from verno.predicate.types import Field, Kind, Registry, Value
from verno.rules.facts import Facts
from verno.rules.fields import LINES

Needs: TypeAlias = Mapping[str, frozenset[Value]]
"""By field, the values one of which a receipt must hold; see ``predicate.anchors``."""

WITHIN = LINES + "."
RANKS: Mapping[str, int] = {
    "lines.sku": 0,
    "lines.category": 1,
    "till": 2,
    "place": 2,
    "date": 2,
    "payment": 6,
    "channel": 7,
    "weekday": 8,
    "member.known": 9,
}
"""How much a field tells apart, the best first; others stand at 4."""
OTHERS = 4
MOST_VALUES = 2000
"""A rule that can do with more values than this is looked for by another field."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Rules by the value of one field that they need."""

    holds: Callable[[Facts], Iterable[Value]]
    rules: Mapping[Value, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Index:
    """The rules of a book by what they need: ``always`` are those that need nothing."""

    always: tuple[int, ...]
    shelves: tuple[_Shelf, ...]

    def candidates(self, facts: Facts) -> list[int]:
        """Return the positions of the rules that may act, in order."""
        if not self.shelves:
            return list(self.always)
        found = set(self.always)
        for shelf in self.shelves:
            rules = shelf.rules
            for value in shelf.holds(facts):
                if value in rules:
                    found.update(rules[value])
        return sorted(found)


def index(needs: Sequence[Needs], registry: Registry) -> Index:
    """Return the index of rules, given what each of them needs, in order. One that needs no value can never act."""
    always: list[int] = []
    shelves: dict[str, dict[Value, list[int]]] = {}
    for position, need in enumerate(needs):
        usable = {name: values for name, values in need.items() if len(values) <= MOST_VALUES}
        if not usable:
            always.append(position)
            continue
        best = min(usable, key=lambda name: (RANKS.get(name, OTHERS), len(usable[name])))
        shelf = shelves.setdefault(best, {})
        for value in usable[best]:
            shelf.setdefault(value, []).append(position)
    return Index(
        tuple(always),
        tuple(
            _Shelf(_holds(name, registry), {value: tuple(rules) for value, rules in shelf.items()})
            for name, shelf in shelves.items()
        ),
    )


def _holds(name: str, registry: Registry) -> Callable[[Facts], Iterable[Value]]:
    """Return what finds the values under which the index has a receipt."""
    if not name.startswith(WITHIN):
        return _values(registry.fields[name])
    parts = registry.fields[LINES].items
    if parts is None:
        message = "lines have no fields"
        raise ValueError(message)
    field = parts.fields[name.removeprefix(WITHIN)]
    read = field.read
    if field.kind in MANY:
        values = _values(field)
        return lambda facts: {value for line in facts.lines for value in values(line)}
    return lambda facts: {read(line) for line in facts.lines}


def _values(field: Field) -> Callable[[object], Iterable[Value]]:
    read = field.read
    if field.kind is Kind.CODES:
        return lambda fact: cast("Iterable[str]", read(fact) or ())
    if field.kind is Kind.CATEGORY:
        return lambda fact: _prefixes(cast("Sequence[str] | None", read(fact)))
    return lambda fact: (read(fact),)


def _prefixes(path: Sequence[str] | None) -> Iterable[Value]:
    return [tuple(path[: depth + 1]) for depth in range(len(path))] if path else ()
