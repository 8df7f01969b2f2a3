"""The SQL reading: a tree becomes one expression; every value is bound, every name comes from the registry."""

from datetime import UTC
from typing import assert_never

from verno.predicate.types import Both, Compiled, Either, Instant, Items, Mode, Node, Not, Test

_ENOUGH = {
    Mode.ANY: "count(*) FILTER (WHERE {where}) > 0",
    Mode.ALL: "count(*) FILTER (WHERE ({where}) IS NOT TRUE) = 0",
    Mode.NONE: "count(*) FILTER (WHERE {where}) = 0",
    Mode.AT_LEAST: "count(*) FILTER (WHERE {where}) >= {threshold}",
    Mode.AT_MOST: "count(*) FILTER (WHERE {where}) <= {threshold}",
    Mode.EXACTLY: "count(*) FILTER (WHERE {where}) = {threshold}",
    Mode.SUM: "coalesce(sum({of}) FILTER (WHERE {where}), 0) {operator} {threshold}",
}


def compiled(node: Node, when: Instant, *, prefix: str = "c") -> Compiled:
    """Return the condition for a WHERE; true, false or NULL, which means false. ``prefix`` begins its parameters' names."""
    writer = _Writer(prefix)
    text = writer.write(node)
    return Compiled(text, {**writer.parameters, "now": when.now.astimezone(UTC), "today": when.today})


class _Writer:
    """Collects parameters; lives for one tree."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.parameters: dict[str, object] = {}

    def bind(self, value: object, sql_type: str) -> str:
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s::{sql_type}"

    def write(self, node: Node) -> str:
        match node:
            case Test():
                return node.sql(node.field.sql, node.field.sql_zone, self.bind)
            case Items():
                return self.items(node)
            case Both(nodes):
                return self.joined(nodes, "AND") or "true"
            case Either(nodes):
                return self.joined(nodes, "OR") or "false"
            case Not(inner):
                return f"({self.write(inner)}) IS NOT TRUE"
            case _:
                assert_never(node)

    def joined(self, nodes: tuple[Node, ...], word: str) -> str:
        return f" {word} ".join(f"({self.write(one)})" for one in nodes)

    def items(self, node: Items) -> str:
        enough = _ENOUGH[node.mode].format(
            where=self.write(node.where),
            threshold=self.bind(node.threshold, "bigint"),
            of=node.of.sql if node.of else "0",
            operator=node.operator,
        )
        return f"(SELECT {enough} FROM {node.field.sql})"
