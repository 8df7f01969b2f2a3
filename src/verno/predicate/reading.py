"""A tree in react-querybuilder's shape becomes nodes, or the list of what is wrong with it.

``{"combinator": "and", "not": false, "rules": [{"field", "operator", "value"}, …]}``; of parts
``{"field": "lines", "match": {"mode": "atLeast", "threshold": 2}, "value": {"combinator": …}}``, and for sums
``"match": {"mode": "sum", "of": "amount", "operator": ">=", "threshold": 50000}``. The builder's own ``id``, ``path`` and
``valueSource`` (which must be ``value``) are let pass; anything else that is unknown is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from verno.predicate import operators
from verno.predicate.types import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_NUMBER,
    Both,
    Either,
    Field,
    Items,
    Json,
    Kind,
    Mode,
    Node,
    Not,
    Problem,
    Registry,
    Test,
    Wrong,
)

GROUP = frozenset({"combinator", "not", "rules", "id", "path"})
RULE = frozenset({"field", "operator", "value", "valueSource", "match", "id", "path"})
MATCH = frozenset({"mode", "threshold", "of", "operator"})
COMPARISONS = ("=", "<", "<=", ">", ">=")
_EVERYTHING = Both(())


def read(tree: Json, registry: Registry) -> Node | list[Problem]:
    """Return the tree's nodes, or everything that is wrong with it. An empty tree is true for everybody."""
    reader = _Reader()
    node = reader.group(tree, registry, (), 1)
    return reader.problems or node


@dataclass(slots=True)
class _Reader:
    """Collects what is wrong; lives for one tree. What it returns beside a problem is never used."""

    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def wrong(self, path: tuple[int, ...], what: Wrong, detail: str) -> Node:
        self.problems.append(Problem(path, what, detail))
        return _EVERYTHING

    def group(self, tree: Json, registry: Registry, path: tuple[int, ...], depth: int) -> Node:
        if depth > MAX_DEPTH:
            return self.wrong(path, Wrong.TOO_DEEP, f"at most {MAX_DEPTH} groups within each other")
        if not isinstance(tree, dict) or not isinstance(tree.get("rules"), list) or set(tree) - GROUP:
            return self.wrong(path, Wrong.NOT_A_TREE, "a group has a combinator, rules, and maybe not")
        if tree.get("combinator") not in ("and", "or") or not isinstance(tree.get("not", False), bool):
            return self.wrong(path, Wrong.NOT_A_TREE, "a group's combinator is and or or, its not true or false")
        nodes: list[Node] = []
        for number, rule in enumerate(tree["rules"]):
            self.nodes += 1
            if self.nodes > MAX_NODES:
                return self.wrong(path, Wrong.TOO_MANY, f"at most {MAX_NODES} rules and groups")
            nodes.append(self.node(rule, registry, (*path, number), depth))
        joined: Node = Both(tuple(nodes)) if tree["combinator"] == "and" else Either(tuple(nodes))
        return Not(joined) if tree.get("not") else joined

    def node(self, rule: Json, registry: Registry, path: tuple[int, ...], depth: int) -> Node:
        if isinstance(rule, dict) and "rules" in rule:
            return self.group(rule, registry, path, depth + 1)
        if not isinstance(rule, dict) or set(rule) - RULE or rule.get("valueSource", "value") != "value":
            return self.wrong(path, Wrong.NOT_A_TREE, "a rule has a field, an operator and a value")
        name = rule.get("field")
        found = registry.fields.get(name) if isinstance(name, str) else None
        if found is None:
            return self.wrong(path, Wrong.UNKNOWN_FIELD, f"there is no field {name}")
        if found.kind is Kind.ITEMS:
            return self.items(rule, found, path, depth)
        return self.test(rule, found, path)

    def test(self, rule: Mapping[str, Json], about: Field, path: tuple[int, ...]) -> Node:
        name = rule.get("operator")
        operator = operators.find(about.kind, name) if isinstance(name, str) else None
        if operator is None or "match" in rule:
            return self.wrong(path, Wrong.UNKNOWN_OPERATOR, f"{about.name} ({about.kind}) cannot be asked {name}")
        read, is_opposite = operator
        try:
            bound = read(rule.get("value"), about)
        except operators.Bad as error:
            return self.wrong(path, Wrong.BAD_VALUE, f"the value of {about.name} {name} {error}")
        positive = operators.OPPOSITES.get(str(name), str(name))
        test = Test(about, positive, bound.operand, bound.python, bound.sql, path)
        return Not(test) if is_opposite else test

    def items(self, rule: Mapping[str, Json], about: Field, path: tuple[int, ...], depth: int) -> Node:
        match = rule.get("match")
        inner = about.items
        if inner is None or not isinstance(match, dict) or set(match) - MATCH or match.get("mode") not in list(Mode):
            modes = ", ".join(Mode)
            return self.wrong(path, Wrong.UNKNOWN_OPERATOR, f"{about.name} needs a match of one of these modes: {modes}")
        mode = Mode(match["mode"])
        where = rule.get("value")
        node = _EVERYTHING if where is None else self.group(where, inner, path, depth + 1)
        if mode in (Mode.ANY, Mode.ALL, Mode.NONE):
            return Items(about, mode, node, path=path)
        threshold = match.get("threshold")
        if type(threshold) is not int or not 0 <= threshold <= MAX_NUMBER:
            return self.wrong(path, Wrong.BAD_VALUE, f"the threshold of {about.name} is a whole number, 0 or more")
        if mode is not Mode.SUM:
            return Items(about, mode, node, threshold=threshold, path=path)
        operator = match.get("operator", ">=")
        summed = inner.fields.get(str(match.get("of")))
        if operator not in COMPARISONS or summed is None or summed.kind is not Kind.NUMBER:
            detail = f"a sum over {about.name} needs of (a number) and an operator ({', '.join(COMPARISONS)})"
            return self.wrong(path, Wrong.UNKNOWN_OPERATOR, detail)
        return Items(about, mode, node, str(operator), threshold, summed, path)
