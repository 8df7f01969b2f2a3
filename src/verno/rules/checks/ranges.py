"""Between which numbers a condition keeps a field: read off the rules that must all hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from verno.rules.effects import Tree


@dataclass(frozen=True, slots=True)
class Range:
    """From ``least`` through ``most``; None is without a bound."""

    least: int | None = None
    most: int | None = None

    @property
    def empty(self) -> bool:
        """Tell whether nothing is left."""
        return self.least is not None and self.most is not None and self.least > self.most

    def within(self, other: "Range") -> "Range":
        """Return what both leave."""
        lows = [one for one in (self.least, other.least) if one is not None]
        highs = [one for one in (self.most, other.most) if one is not None]
        return Range(max(lows, default=None), min(highs, default=None))


def ranges(tree: Tree | None) -> Mapping[str, Range]:
    """Return by field what a condition surely leaves of whole numbers and days; what it leaves free is not there.

    Groups joined by "or" and turned ones say nothing for sure.
    """
    found: dict[str, Range] = {}
    for name, span in _spans(tree):
        found[name] = found.get(name, Range()).within(span)
    return found


def _spans(tree: object) -> Iterator[tuple[str, Range]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict) or node.get("not"):
            continue
        rules = node.get("rules")
        if isinstance(rules, list):
            if node.get("combinator") == "and" or len(rules) == 1:
                waiting += rules
            continue
        name = node.get("field")
        span = _span(node.get("operator"), node.get("value"))
        if isinstance(name, str) and span is not None:
            yield name, span


def _span(operator: object, value: object) -> Range | None:
    if operator == "between" and isinstance(value, list):
        low, high = [_number(one) for one in value]
        return Range(low, high)
    number = _number(value)
    if number is None:
        return None
    spans = {
        "=": Range(number, number),
        ">": Range(number + 1),
        ">=": Range(number),
        "<": Range(None, number - 1),
        "<=": Range(None, number),
    }
    return spans.get(operator) if isinstance(operator, str) else None


def _number(value: object) -> int | None:
    """Return a whole number, a day as one too; None of anything else."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).toordinal()
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
