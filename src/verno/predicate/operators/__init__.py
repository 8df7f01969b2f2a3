"""The operator table: what each kind of field can be asked."""

from collections.abc import Mapping

from verno.predicate.operators.operands import CODE, FLAG, NUMBER, WEEKDAY, Bad
from verno.predicate.operators.rows import COMPARISONS, THERE, Operator, between, equals, one_of, ordered
from verno.predicate.operators.times import dates, moments, times
from verno.predicate.operators.values import categories, codes, texts
from verno.predicate.types import Kind
from verno.predicate.words import gettext_noop

__all__ = ["COMPARISONS", "OPERATORS", "Bad", "Operator"]

_NUMBERS = {
    **one_of(NUMBER, "bigint"),
    **ordered(
        NUMBER,
        "bigint",
        (
            gettext_noop("{field} is less than {value}"),
            gettext_noop("{field} is at most {value}"),
            gettext_noop("{field} is more than {value}"),
            gettext_noop("{field} is at least {value}"),
        ),
    ),
    **between(NUMBER, "bigint"),
}

OPERATORS: Mapping[Kind, Mapping[str, Operator]] = {
    Kind.NUMBER: {**_NUMBERS, **THERE},
    Kind.MONEY: {**_NUMBERS, **THERE},
    Kind.TEXT: {**texts(), **THERE},
    Kind.FLAG: {**equals(FLAG, "boolean"), **THERE},
    Kind.CHOICE: {**one_of(CODE, "text"), **THERE},
    Kind.CODES: {**codes(), **THERE},
    Kind.DATE: {**dates(), **THERE},
    Kind.MOMENT: {**moments(), **THERE},
    Kind.WEEKDAY: {**one_of(WEEKDAY, "int"), **THERE},
    Kind.TIME: {**times(), **THERE},
    Kind.CATEGORY: {**categories(), **THERE},
    Kind.ITEMS: {},
}
"""Parts are asked by modes (``Mode``), not by operators."""
