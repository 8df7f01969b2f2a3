"""Operators of texts, sets of codes and categories."""

from collections.abc import Callable, Collection, Sequence

from verno.predicate.operators.operands import CODE, PATH, TEXT, several
from verno.predicate.operators.rows import Finder, Operator, one_of, row
from verno.predicate.types import Bind, Fact, Reading, When
from verno.predicate.words import gettext_noop

MAX_CATEGORIES = 100
"""Each costs SQL a comparison."""


def texts() -> dict[str, Operator]:
    """Return the operators of texts. Letters are compared as they are: no folding of case, no joining of accents."""
    contains = _part_of(
        lambda value, said: said in value,
        lambda said, x, bind: f"strpos({x}, {bind(said, 'text')}) > 0",
        gettext_noop("{field} contains “{value}”"),
    )
    begins = _part_of(
        str.startswith,
        lambda said, x, bind: f"starts_with({x}, {bind(said, 'text')})",
        gettext_noop("{field} begins with “{value}”"),
    )
    ends = _part_of(
        str.endswith,
        lambda said, x, bind: f"right({x}, {bind(len(said), 'int')}) = {bind(said, 'text')}",
        gettext_noop("{field} ends with “{value}”"),
    )
    return {
        **one_of(TEXT, "text"),
        "contains": contains,
        "doesNotContain": contains.turned(gettext_noop("{field} does not contain “{value}”")),
        "beginsWith": begins,
        "doesNotBeginWith": begins.turned(gettext_noop("{field} does not begin with “{value}”")),
        "endsWith": ends,
        "doesNotEndWith": ends.turned(gettext_noop("{field} does not end with “{value}”")),
    }


def _part_of(holds: Callable[[str, str], bool], sql: Callable[[str, str, Bind], str], words: str) -> Operator:
    def python(said: str, find: Finder[str]) -> Reading:
        def reading(fact: Fact, _: When) -> bool:
            value = find(fact)
            return value is not None and holds(value, said)

        return reading

    return row(TEXT, python, sql, words)


def codes() -> dict[str, Operator]:
    """Return the operators of sets. An empty set is there; it has none of anything."""
    any_of = row(
        several(CODE),
        _has_any,
        lambda said, x, bind: f"{x} && {bind(list(said), 'text[]')}",
        gettext_noop("{field} has one of: {value}"),
        frozenset,
    )
    all_of = row(
        several(CODE),
        _has_all,
        lambda said, x, bind: f"{x} @> {bind(list(said), 'text[]')}",
        gettext_noop("{field} has all of: {value}"),
        lambda said: frozenset(said[:1]),
    )
    return {
        "hasAny": any_of,
        "hasAll": all_of,
        "hasNone": any_of.turned(gettext_noop("{field} has none of: {value}")),
    }


def _has_any(said: tuple[str, ...], find: Finder[Collection[str]]) -> Reading:
    wanted = frozenset(said)

    def reading(fact: Fact, _: When) -> bool:
        value = find(fact)
        return value is not None and not wanted.isdisjoint(value)

    return reading


def _has_all(said: tuple[str, ...], find: Finder[Collection[str]]) -> Reading:
    wanted = frozenset(said)

    def reading(fact: Fact, _: When) -> bool:
        value = find(fact)
        return value is not None and wanted.issubset(value)

    return reading


def categories() -> dict[str, Operator]:
    """Return the operators of categories: a category has what is in it and in its descendants."""
    inside = row(
        several(PATH, MAX_CATEGORIES),
        _in_category,
        _in_category_sql,
        gettext_noop("{field} is in: {value}"),
        frozenset,
    )
    return {"inCategory": inside, "notInCategory": inside.turned(gettext_noop("{field} is not in: {value}"))}


def _in_category(said: tuple[tuple[str, ...], ...], find: Finder[Sequence[str]]) -> Reading:
    wanted = frozenset(said)
    depths = sorted({len(path) for path in said})
    if len(depths) == 1:
        return _in_one_depth(wanted, depths[0], find)

    def reading(fact: Fact, _: When) -> bool:
        value = find(fact)
        if value is None:
            return False
        for depth in depths:  # noqa: SIM110 any() over a generator costs twice as much
            if tuple(value[:depth]) in wanted:
                return True
        return False

    return reading


def _in_one_depth(wanted: frozenset[tuple[str, ...]], depth: int, find: Finder[Sequence[str]]) -> Reading:
    def reading(fact: Fact, _: When) -> bool:
        value = find(fact)
        return value is not None and tuple(value[:depth]) in wanted

    return reading


def _in_category_sql(said: tuple[tuple[str, ...], ...], x: str, bind: Bind) -> str:
    return "(" + " OR ".join(f"({x})[1:{len(path)}] = {bind(list(path), 'text[]')}" for path in said) + ")"
