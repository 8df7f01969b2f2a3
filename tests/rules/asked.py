"""Conditions as a person reads docs/reference/conditions.md: the fields and operators that random rulebooks ask.

Shares no code with ``verno.predicate``.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from verno.rules.effects import Tree
from verno.rules.facts import Facts, Line

Off: TypeAlias = Mapping[int, int]
"""Minor units by line number."""
Loose: TypeAlias = Any
"""JSON, and what facts hold: a model may be loose where the engine is strict."""

OPPOSITES = {"!=": "=", "notIn": "in", "hasNone": "hasAny", "null": "notNull", "notInCategory": "inCategory"}
SAYS: Mapping[str, Callable[[Loose, Loose], bool]] = {
    "notNull": lambda value, said: True,
    "=": lambda value, said: bool(value == said),
    "in": lambda value, said: value in said,
    "<": lambda value, said: bool(value < said),
    ">=": lambda value, said: bool(value >= said),
    "between": lambda value, said: bool(said[0] <= value <= said[1]),
    "hasAny": lambda value, said: any(one in value for one in said),
    "inCategory": lambda value, said: any(list(value[: len(path)]) == path for path in said),
}


def of_line(line: Line, off: Off, pay: Off, name: str) -> Loose:
    if name.startswith("attributes."):
        return line.attributes.get(name.removeprefix("attributes."))
    return {
        "sku": line.sku,
        "category": line.category,
        "quantity": line.quantity,
        "amount": line.price,
        "discount": off[line.number],
        "paid": line.price - off[line.number] - pay[line.number],
    }[name]


def of_receipt(facts: Facts, off: Off, pay: Off, name: str) -> Loose:
    if name.startswith("attributes."):
        return facts.attributes.get(name.removeprefix("attributes."))
    if name.startswith("progress."):
        return facts.member.progress.get(name.removeprefix("progress."))
    if name.startswith("tiers."):
        return facts.member.tiers.get(name.removeprefix("tiers."))
    return {
        "amount": sum(line.price for line in facts.lines),
        "paid": sum(of_line(line, off, pay, "paid") for line in facts.lines),
        "discount": sum(off.values()),
        "place": facts.place,
        "channel": facts.channel,
        "payment": facts.payments,
        "spends": facts.spends,
        "member.known": facts.member.id != "",
        "member.badges": facts.member.badges,
    }[name]


def compared(value: Loose, operator: str, said: Loose) -> bool:
    """Tell what an operator says of a value."""
    if operator in OPPOSITES:
        return not compared(value, OPPOSITES[operator], said)
    return value is not None and SAYS[operator](value, said)


def line_holds(tree: Tree | None, line: Line, off: Off, pay: Off) -> bool:
    return tree is None or _holds(tree, lambda rule: _leaf_of_line(rule, line, off, pay))


def holds(tree: Tree | None, facts: Facts, off: Off, pay: Off) -> bool:
    return tree is None or _holds(tree, lambda rule: _leaf(rule, facts, off, pay))


def _holds(tree: Loose, leaf: Loose) -> bool:
    if "rules" not in tree:
        return bool(leaf(tree))
    told = [_holds(rule, leaf) for rule in tree["rules"]]
    verdict = all(told) if tree["combinator"] == "and" else any(told)
    return not verdict if tree.get("not") else verdict


def _leaf_of_line(rule: Loose, line: Line, off: Off, pay: Off) -> bool:
    return compared(of_line(line, off, pay, rule["field"]), rule["operator"], rule.get("value"))


def _leaf(rule: Loose, facts: Facts, off: Off, pay: Off) -> bool:
    if rule["field"] != "lines":
        return compared(of_receipt(facts, off, pay, rule["field"]), rule["operator"], rule.get("value"))
    match = rule["match"]
    found = [line for line in facts.lines if line_holds(rule.get("value"), line, off, pay)]
    match match["mode"]:
        case "some":
            return found != []
        case "all":
            return len(found) == len(facts.lines)
        case "none":
            return found == []
        case "atLeast":
            return bool(len(found) >= match["threshold"])
        case "sum":
            total = sum(of_line(line, off, pay, match["of"]) or 0 for line in found)
            return compared(total, match["operator"], match["threshold"])
    raise AssertionError(match)
