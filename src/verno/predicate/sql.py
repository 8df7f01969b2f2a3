"""The SQL reading: a tree becomes one expression; every value is bound, every name comes from the registry."""

from typing import assert_never

from verno.predicate.types import AllOf, AnyOf, Compiled, Field, Items, Leaf, Mode, Node, Not, When

_COUNTS = {Mode.AT_LEAST: ">=", Mode.AT_MOST: "<=", Mode.EXACTLY: "="}


def compiled(node: Node, when: When, *, prefix: str = "c") -> Compiled:
    """Return the condition for a WHERE of psycopg: true, or something else (false, NULL) where it does not match.

    ``prefix`` begins its parameters' names, so that a statement can hold several conditions. Raises ``ValueError`` for
    a field that only Python can be asked.
    """
    parameters = _Parameters(prefix, when)
    text = _write(node, parameters)
    return Compiled(text, parameters.values)


class _Parameters:
    """Collects what is bound; lives for one tree."""

    def __init__(self, prefix: str, when: When) -> None:
        self.prefix = prefix
        self.when = when
        self.values: dict[str, object] = {}

    def __call__(self, value: object, sql_type: str) -> str:
        return self._named(f"{self.prefix}{len(self.values)}", value, sql_type)

    @property
    def now(self) -> str:
        return self._named(f"{self.prefix}_now", self.when.now, "timestamptz")

    @property
    def today(self) -> str:
        return self._named(f"{self.prefix}_today", self.when.today, "date")

    def _named(self, name: str, value: object, sql_type: str) -> str:
        self.values[name] = value
        return f"%({name})s::{sql_type}"


def _write(node: Node, bind: _Parameters) -> str:
    match node:
        case Leaf():
            text = node.bound.sql(_expression(node.field, bind), bind)
            return f"({text}) IS NOT TRUE" if node.opposite else text
        case Items():
            return _items(node, bind)
        case AllOf(nodes):
            return " AND ".join(f"({_write(one, bind)})" for one in nodes) or "true"
        case AnyOf(nodes):
            return " OR ".join(f"({_write(one, bind)})" for one in nodes)
        case Not(inner):
            return f"({_write(inner, bind)}) IS NOT TRUE"
        case _:
            assert_never(node)


def _expression(field: Field, bind: _Parameters) -> str:
    if not field.sql:
        message = f"{field.name} is not to be had in SQL"
        raise ValueError(message)
    return field.sql.replace("{key}", bind(field.key, "text")) if field.key is not None else field.sql


def _items(node: Items, bind: _Parameters) -> str:
    parts = _expression(node.field, bind)
    where = _write(node.where, bind) if node.where else "true"
    match node.mode:
        case Mode.SOME:
            return f"EXISTS (SELECT FROM {parts} AND ({where}))"
        case Mode.NONE:
            return f"NOT EXISTS (SELECT FROM {parts} AND ({where}))"
        case Mode.ALL:
            return f"NOT EXISTS (SELECT FROM {parts} AND ({where}) IS NOT TRUE)"
        case Mode.AT_LEAST | Mode.AT_MOST | Mode.EXACTLY:
            measure, comparison = "count(*)", _COUNTS[node.mode]
        case Mode.SUM:
            number = _expression(node.of, bind) if node.of else "0"
            measure, comparison = f"coalesce(sum({number}), 0)", node.comparison
        case _:
            assert_never(node.mode)
    threshold = bind(node.threshold, "bigint")
    # Each part is the registry's, this module's or a placeholder.
    return f"(SELECT {measure} {comparison} {threshold} FROM {parts} AND ({where}))"  # noqa: S608
