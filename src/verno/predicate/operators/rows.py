"""How a row of the operator table is made, and the rows that many kinds share.

A value that is not there matches nothing; an operator whose name says "not" is the exact opposite of its positive one,
so that it does match what is not there. In SQL NULL stands for "does not match" until a NOT is met, which asks IS NOT
TRUE; so plain comparisons stay plain, and indexes can serve them.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

from verno.predicate.operators.operands import NOTHING, Bad, O, Operand, pair, several
from verno.predicate.types import Bind, Bound, Fact, Field, Find, Json, Reading, Value, When
from verno.predicate.words import gettext_noop

T = TypeVar("T")
V = TypeVar("V")

Finder: TypeAlias = Callable[[Fact], V | None]

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What sums can be asked."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A row: ``bind`` reads an operand (raising ``Bad``), ``words`` tell it with ``{field}`` and ``{value}``."""

    bind: Callable[[Json, Field], Bound]
    words: str
    opposite: bool = False

    def turned(self, words: str) -> "Operator":
        """Return the exact opposite."""
        return Operator(self.bind, words, opposite=True)


def row(
    operand: Operand[T],
    python: Callable[[T, Finder[V]], Reading],
    sql: Callable[[T, str, Bind], str],
    words: str,
    anchors: Callable[[T], frozenset[Value]] | None = None,
) -> Operator:
    """Return an operator out of its parts; both readings are true only of a value that is there."""

    def bind(value: Json, field: Field) -> Bound:
        said = operand.read(value, field)

        def reading(find: Find) -> Reading:
            # The field's kind says what its values are: the one place where this is believed.
            return python(said, cast("Finder[V]", find))

        return Bound(
            reading,
            lambda expression, place: sql(said, expression, place),
            lambda language: operand.tell(said, field, language),
            anchors(said) if anchors else None,
        )

    return Operator(bind, words)


def equals(operand: Operand[T], sql_type: str) -> dict[str, Operator]:
    """Return ``=`` and ``!=``."""

    def python(said: T, find: Finder[T]) -> Reading:
        return lambda fact, _: find(fact) == said

    positive = row(
        operand,
        python,
        lambda said, x, bind: f"{x} = {bind(said, sql_type)}",
        gettext_noop("{field} is {value}"),
        lambda said: frozenset([said]),
    )
    return {"=": positive, "!=": positive.turned(gettext_noop("{field} is not {value}"))}


def one_of(operand: Operand[T], sql_type: str) -> dict[str, Operator]:
    """Return ``=``, ``in`` and their opposites."""

    def python(said: tuple[T, ...], find: Finder[T]) -> Reading:
        among = frozenset(said)
        return lambda fact, _: find(fact) in among

    positive = row(
        several(operand),
        python,
        lambda said, x, bind: f"{x} = ANY ({bind(list(said), sql_type + '[]')})",
        gettext_noop("{field} is one of: {value}"),
        frozenset,
    )
    return {
        **equals(operand, sql_type),
        "in": positive,
        "notIn": positive.turned(gettext_noop("{field} is none of: {value}")),
    }


def ordered(operand: Operand[O], sql_type: str, words: tuple[str, str, str, str]) -> dict[str, Operator]:
    """Return ``<``, ``<=``, ``>``, ``>=``; ``words`` in this order."""

    def compared(sign: str, holds: Callable[[O, O], bool], words: str) -> Operator:
        def python(said: O, find: Finder[O]) -> Reading:
            def reading(fact: Fact, _: When) -> bool:
                value = find(fact)
                return value is not None and holds(value, said)

            return reading

        return row(operand, python, lambda said, x, bind: f"{x} {sign} {bind(said, sql_type)}", words)

    return {
        "<": compared("<", operator.lt, words[0]),
        "<=": compared("<=", operator.le, words[1]),
        ">": compared(">", operator.gt, words[2]),
        ">=": compared(">=", operator.ge, words[3]),
    }


def between(operand: Operand[O], sql_type: str) -> dict[str, Operator]:
    """Return ``between``, both ends included, and its opposite."""

    def python(said: tuple[O, O], find: Finder[O]) -> Reading:
        low, high = said

        def reading(fact: Fact, _: When) -> bool:
            value = find(fact)
            return value is not None and low <= value <= high

        return reading

    positive = row(
        pair(operand),
        python,
        lambda said, x, bind: f"{x} BETWEEN {bind(said[0], sql_type)} AND {bind(said[1], sql_type)}",
        gettext_noop("{field} is between: {value}"),
    )
    return {"between": positive, "notBetween": positive.turned(gettext_noop("{field} is not between: {value}"))}


def _is_there(_: None, find: Finder[V]) -> Reading:
    return lambda fact, _: find(fact) is not None


_THERE = row(NOTHING, _is_there, lambda _, x, __: f"{x} IS NOT NULL", gettext_noop("{field} is known"))
THERE = {"notNull": _THERE, "null": _THERE.turned(gettext_noop("{field} is not known"))}
"""Whether there is a value at all."""

__all__ = ["COMPARISONS", "THERE", "Bad", "Operator", "between", "equals", "one_of", "ordered", "row"]
