"""A tree in words, and which of its leaves decided: recomputed when somebody asks, never stored."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar, assert_never, cast

from verno.predicate import words
from verno.predicate.closures import closure, measure, parts_of
from verno.predicate.operators import OPERATORS
from verno.predicate.operators.operands import (
    CODE,
    DATE,
    FLAG,
    MINUTE,
    MOMENT,
    NUMBER,
    PATH,
    TEXT,
    WEEKDAY,
    Operand,
    several,
)
from verno.predicate.types import AllOf, AnyOf, Fact, Field, Items, Kind, Language, Leaf, Mode, Node, Not, Value, When

T = TypeVar("T")

MODES = {
    Mode.SOME: words.SOME,
    Mode.ALL: words.ALL,
    Mode.NONE: words.NONE,
    Mode.AT_LEAST: words.AT_LEAST,
    Mode.AT_MOST: words.AT_MOST,
    Mode.EXACTLY: words.EXACTLY,
    Mode.SUM: words.SUM,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A leaf that decided: where it stands, whether it holds, whether the tree wants that, and a sentence.

    It helps when ``holds`` is ``wanted``, and hinders when it is not.
    """

    path: str
    holds: bool
    wanted: bool
    text: str


def explain(node: Node, fact: Fact, when: When, language: Language) -> list[Reason]:
    """Return the leaves that made the tree true of a fact or, where it is not, those that hindered it; in its order.

    Of "all of these" that fails they are the ones that fail, of "any of these" that holds the ones that hold, else all.
    """
    return _Asked(fact, when, language).why(node, wanted=True)[1]


def tell(node: Node, language: Language) -> str:
    """Return the tree in words."""
    match node:
        case Leaf():
            text = language.gettext(OPERATORS[node.field.kind][node.operator].words)
            return text.format(field=_label(node.field, language), value=node.bound.tell(language))
        case Items():
            return _tell_items(node, language)
        case AllOf(nodes) | AnyOf(nodes):
            word = language.gettext(words.AND if isinstance(node, AllOf) else words.OR)
            inner = [
                f"({tell(one, language)})" if isinstance(one, AllOf | AnyOf) else tell(one, language) for one in nodes
            ]
            return f" {word} ".join(inner) or language.gettext(words.EVERYBODY)
        case Not(inner_node):
            return language.gettext(words.NOT).format(condition=tell(inner_node, language))
        case _:
            assert_never(node)


def _tell_items(node: Items, language: Language) -> str:
    return language.gettext(MODES[node.mode]).format(
        field=_label(node.field, language),
        where=tell(node.where or AllOf(()), language),
        value=NUMBER.tell(node.threshold, node.of or node.field, language),
        comparison={"<=": "≤", ">=": "≥"}.get(node.comparison, node.comparison),
        of=_label(node.of, language) if node.of else "",
    )


def _label(field: Field, language: Language) -> str:
    # gettext answers an empty text with the catalogue's own heading.
    return language.gettext(field.label) if field.label else field.name


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: of whom, when, in which language."""

    fact: Fact
    when: When
    language: Language

    def why(self, node: Node, *, wanted: bool) -> tuple[bool, list[Reason]]:
        """Return whether the node holds, and the leaves that decided it."""
        match node:
            case Leaf() | Items():
                holds = closure(node)(self.fact, self.when)
                return holds, [Reason(node.path, holds, wanted, self.sentence(node, holds=holds, wanted=wanted))]
            case Not(inner):
                holds, reasons = self.why(inner, wanted=not wanted)
                return not holds, reasons
            case AllOf(nodes) | AnyOf(nodes):
                asked = [self.why(one, wanted=wanted) for one in nodes]
                verdicts = [holds for holds, _ in asked]
                verdict = all(verdicts) if isinstance(node, AllOf) else any(verdicts)
                return verdict, [reason for holds, reasons in asked if holds is verdict for reason in reasons]
            case _:
                assert_never(node)

    def sentence(self, node: Leaf | Items, *, holds: bool, wanted: bool) -> str:
        if wanted:
            text = words.HOLDS if holds else words.FAILS
        else:
            text = words.HOLDS_UNWANTED if holds else words.FAILS_UNWANTED
        return self.language.gettext(text).format(condition=tell(node, self.language), found=self.found(node))

    def found(self, node: Leaf | Items) -> str:
        if isinstance(node, Leaf):
            return _tell_value(node.field, self.fact, self.language)
        found = measure(node)(self.fact, self.when)
        if node.of:
            return self.language.gettext(words.FOUND_SUM).format(found=NUMBER.tell(found, node.of, self.language))
        total = len(list(parts_of(node)(self.fact) or ()))
        return self.language.gettext(words.FOUND_OF).format(found=found, total=total)


def _of(operand: Operand[T]) -> Callable[[Value, Field, Language], str]:
    # The field's kind says what its values are, here as in the operators' rows.
    return cast("Callable[[Value, Field, Language], str]", operand.tell)


VALUES: Mapping[Kind, Callable[[Value, Field, Language], str]] = {
    Kind.NUMBER: _of(NUMBER),
    Kind.MONEY: _of(NUMBER),
    Kind.TEXT: _of(TEXT),
    Kind.FLAG: _of(FLAG),
    Kind.CHOICE: _of(CODE),
    Kind.CODES: _of(several(CODE)),
    Kind.DATE: _of(DATE),
    Kind.MOMENT: _of(MOMENT),
    Kind.WEEKDAY: _of(WEEKDAY),
    Kind.TIME: _of(MINUTE),
    Kind.CATEGORY: _of(PATH),
}
"""How what a fact says is told. Codes come in no order of their own, so they are sorted."""


def _tell_value(field: Field, fact: Fact, language: Language) -> str:
    value = field.read(fact)
    if value is None:
        return language.gettext(words.UNKNOWN)
    if field.kind is Kind.CODES:
        value = sorted(cast("Collection[str]", value))
    return VALUES[field.kind](value, field, language) or language.gettext(words.NOTHING_OF_IT)
