"""A tree in react-querybuilder's shape becomes nodes, or everything that is wrong with it.

``{"combinator": "and", "not": false, "rules": [{"field", "operator", "value"}, …]}``; of parts
``{"field": "lines", "match": {"mode": "atLeast", "threshold": 2}, "value": {"combinator": …}}``, and for sums
``"match": {"mode": "sum", "of": "amount", "operator": ">=", "threshold": 50000}``. The builder's own ``id`` and
``path`` and a ``valueSource`` of ``value`` are let pass; anything else that is unknown is refused.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from verno.predicate.operators import COMPARISONS, OPERATORS, Bad
from verno.predicate.operators.operands import COUNT, NUMBER, Operand
from verno.predicate.types import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_VALUES,
    AllOf,
    AnyOf,
    Field,
    Items,
    Json,
    Kind,
    Leaf,
    Mode,
    Node,
    Not,
    Problem,
    Refused,
    Registry,
    Wrong,
)

T = TypeVar("T")

BUILDERS = frozenset({"id", "path"})
GROUP = frozenset({"combinator", "not", "rules"}) | BUILDERS
RULE = frozenset({"field", "operator", "value", "valueSource"}) | BUILDERS
RULE_OF_PARTS = RULE | {"match"}
COUNTED = (Mode.AT_LEAST, Mode.AT_MOST, Mode.EXACTLY)
MATCH: Mapping[Mode, frozenset[str]] = {
    **{mode: frozenset({"mode"}) for mode in (Mode.SOME, Mode.ALL, Mode.NONE)},
    **{mode: frozenset({"mode", "threshold"}) for mode in COUNTED},
    Mode.SUM: frozenset({"mode", "threshold", "of", "operator"}),
}
MOST_ECHO = 50
"""Characters of a wrong name that are shown."""


def read(tree: Json, registry: Registry) -> Node | Refused:
    """Return the tree's nodes, or why it is refused. A tree without rules is true of everybody."""
    reader = _Reader()
    try:
        node = reader.subject(tree, registry, "", 1)
    except _Stop as stop:
        return Refused((*reader.problems, stop.problem))
    return Refused(tuple(reader.problems)) if reader.problems else node


class _Stop(Exception):
    """Something is wrong with a rule or a group; its neighbours are still read."""

    def __init__(self, path: str, wrong: Wrong, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(path, wrong, detail)


@dataclass(slots=True)
class _Reader:
    """Counts, and collects what is wrong; lives for one tree."""

    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    values: int = 0

    def subject(self, tree: Json, registry: Registry, path: str, depth: int) -> Node:
        """Read the group a subject begins with: it alone may be without rules, if nothing turns it."""
        group = _group(tree, path, depth)
        return AllOf(()) if not group.rules and not group.turned else self.group(group, registry, path, depth)

    def group(self, group: "_Group", registry: Registry, path: str, depth: int) -> Node:
        if not group.rules:
            raise _Stop(_at(path, "rules"), Wrong.EMPTY_GROUP, "must have a rule")
        nodes = []
        for number, rule in enumerate(group.rules):
            at = _at(path, f"rules.{number}")
            self.nodes += 1
            if self.nodes > MAX_NODES:
                raise _Stop(at, Wrong.TOO_MANY, f"at most {MAX_NODES} rules and groups")
            nodes += self.tried(rule, registry, at, depth)
        joined: Node = AllOf(tuple(nodes)) if group.combinator == "and" else AnyOf(tuple(nodes))
        return Not(joined) if group.turned else joined

    def tried(self, rule: Json, registry: Registry, path: str, depth: int) -> list[Node]:
        try:
            return [self.node(rule, registry, path, depth)]
        except _Stop as stop:
            self.problems.append(stop.problem)
            return []

    def node(self, rule: Json, registry: Registry, path: str, depth: int) -> Node:
        if not isinstance(rule, dict):
            raise _Stop(path, Wrong.NOT_A_TREE, "must be a rule or a group")
        if "rules" in rule:
            return self.group(_group(rule, path, depth + 1), registry, path, depth + 1)
        name = rule.get("field")
        about = registry.fields.get(name) if isinstance(name, str) else None
        if about is None:
            raise _Stop(_at(path, "field"), Wrong.UNKNOWN_FIELD, f"there is no field {_shown(name)}")
        _only(rule, RULE if about.items is None else RULE_OF_PARTS, path)
        if rule.get("valueSource", "value") != "value":
            raise _Stop(_at(path, "valueSource"), Wrong.NOT_A_TREE, "fields are compared with values only")
        return self.leaf(rule, about, path) if about.items is None else self.items(rule, about, path, depth)

    def leaf(self, rule: Mapping[str, Json], about: Field, path: str) -> Node:
        known = OPERATORS[about.kind]
        name = _name(rule.get("operator"), known, _at(path, "operator"))
        value = rule.get("value")
        self.values += len(value) if isinstance(value, list) else 0
        if self.values > MAX_VALUES:
            raise _Stop(_at(path, "value"), Wrong.TOO_MANY, f"at most {MAX_VALUES} values in all lists together")
        bound = _operand(known[name].bind, value, about, _at(path, "value"))
        return Leaf(path, about, name, bound, known[name].opposite)

    def items(self, rule: Mapping[str, Json], about: Field, path: str, depth: int) -> Node:
        at, match = _at(path, "match"), rule.get("match")
        if not isinstance(match, dict):
            raise _Stop(at, Wrong.NOT_A_TREE, "must be an object with a mode")
        mode = Mode(_name(match.get("mode"), list(Mode), _at(at, "mode")))
        _only(match, MATCH[mode], at)
        if rule.get("operator", "=") != "=":
            raise _Stop(_at(path, "operator"), Wrong.UNKNOWN_OPERATOR, "must be left out: the match says what is asked")
        where = None
        if rule.get("value") is not None and about.items:
            where = self.subject(rule["value"], about.items, _at(path, "value"), depth + 1)
        if mode in COUNTED:
            return Items(path, about, mode, where, _threshold(match, about, COUNT, at))
        return _sum(match, about, where, path) if mode is Mode.SUM else Items(path, about, mode, where)


@dataclass(frozen=True, slots=True)
class _Group:
    """A group whose own words are right."""

    combinator: str
    turned: bool
    rules: list[Json]


def _group(tree: Json, path: str, depth: int) -> _Group:
    if depth > MAX_DEPTH:
        raise _Stop(path, Wrong.TOO_DEEP, f"at most {MAX_DEPTH} groups within each other")
    if not isinstance(tree, dict):
        raise _Stop(path, Wrong.NOT_A_TREE, "must be a group: a combinator, rules, and maybe not")
    _only(tree, GROUP, path)
    combinator, turned, rules = tree.get("combinator"), tree.get("not", False), tree.get("rules")
    if not isinstance(combinator, str) or combinator not in ("and", "or"):
        raise _Stop(_at(path, "combinator"), Wrong.NOT_A_TREE, "must be and or or")
    if not isinstance(turned, bool):
        raise _Stop(_at(path, "not"), Wrong.NOT_A_TREE, "must be true or false")
    if not isinstance(rules, list):
        raise _Stop(_at(path, "rules"), Wrong.NOT_A_TREE, "must be a list")
    return _Group(combinator, turned, rules)


def _sum(match: Mapping[str, Json], about: Field, where: Node | None, path: str) -> Node:
    at = _at(path, "match")
    comparison = _name(match.get("operator"), COMPARISONS, _at(at, "operator"))
    name = match.get("of")
    of = about.items.fields.get(name) if about.items and isinstance(name, str) else None
    if of is None or of.kind not in (Kind.NUMBER, Kind.MONEY):
        raise _Stop(_at(at, "of"), Wrong.UNKNOWN_FIELD, f"must be a number of {about.name}")
    return Items(path, about, Mode.SUM, where, _threshold(match, about, NUMBER, at), comparison, of)


def _threshold(match: Mapping[str, Json], about: Field, operand: Operand[int], at: str) -> int:
    return _operand(operand.read, match.get("threshold"), about, _at(at, "threshold"))


def _operand(read: Callable[[Json, Field], T], value: Json, about: Field, path: str) -> T:
    try:
        return read(value, about)
    except Bad as error:
        raise _Stop(path, Wrong.BAD_VALUE, str(error)) from error


def _name(said: Json, known: Collection[str], path: str) -> str:
    if not isinstance(said, str) or said not in known:
        raise _Stop(path, Wrong.UNKNOWN_OPERATOR, f"must be one of: {', '.join(known)}")
    return said


def _only(said: Mapping[str, Json], names: frozenset[str], path: str) -> None:
    """Refuse what nobody would read."""
    for name in said:
        if name not in names:
            raise _Stop(path, Wrong.NOT_A_TREE, f"does not take {_shown(name)}")


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(name: Json) -> str:
    """Return a name as far as it may be shown: what a stranger sends can be anything."""
    return ascii(name[:MOST_ECHO]) if isinstance(name, str) else "of that name"
