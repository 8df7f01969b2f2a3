"""What conditions can ask, described for the builder: fields by group, operators by kind, what stands behind them."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _
from msgspec.structs import replace

from verno.console.promotions.forms.asking import Choice, FieldInfo, OperatorInfo, Shortcut
from verno.predicate import words
from verno.predicate.operators import COMPARISONS, OPERATORS
from verno.predicate.types import Field, Kind, Mode, Registry
from verno.rules.fields import ATTRIBUTES, LINES, MEMBER, PROGRESS, TIERS

NOTHING, ONE, LIST, PAIR, DAYS = "nothing", "one", "list", "pair", "days"

TAKES: Mapping[str, str] = {
    **dict.fromkeys(("null", "notNull"), NOTHING),
    **dict.fromkeys(("in", "notIn", "hasAny", "hasAll", "hasNone", "inCategory", "notInCategory"), LIST),
    **dict.fromkeys(("between", "notBetween"), PAIR),
    **dict.fromkeys(("withinLast", "notWithinLast", "withinNext", "notWithinNext", "anniversaryWithin"), DAYS),
}
"""What an operator takes, where that is not one value."""

WHERE = frozenset({"place", "region", "legal_entity", "till", "channel"})
WHEN = frozenset({"date", "weekday", "time", "at"})


def fields(registry: Registry, *, symbol: str, of_lines: bool, categories: Sequence[str] = ()) -> list[FieldInfo]:
    """Describe the fields of a registry, and attributes, whose names nobody has to have said before."""
    found = [_field(one, symbol, of_lines=of_lines) for one in registry.fields.values() if not _is_attribute(one)]
    paths = [(path, path) for path in categories]
    found = [replace(one, choices=paths) if one.kind == Kind.CATEGORY else one for one in found]
    label = _("attribute of the line …") if of_lines else _("attribute of the receipt …")
    group = _("Goods") if of_lines else _("Receipt")
    found.append(FieldInfo(ATTRIBUTES, label, group, str(Kind.TEXT), free=True))
    order = [_("Receipt"), _("Goods"), _("Where"), _("When"), _("Member"), _("Tiers and progress")]
    return sorted(found, key=lambda one: order.index(one.group))


def of_members(fields: Iterable[Field], *, symbol: str) -> list[FieldInfo]:
    """Describe fields of members, by the part of their life that they are of."""
    groups = {"member": _("Member"), "tiers": _("Tiers and progress"), "progress": _("Tiers and progress")}
    groups |= dict.fromkeys(("balance", "pending", "expires"), _("Points")) | {"purchases": _("Purchases")}
    order = [_("Member"), _("Purchases"), _("Points"), _("Tiers and progress"), _("Other")]
    found = [
        replace(_field(one, symbol, of_lines=False), group=groups.get(one.name.partition(".")[0], _("Other")))
        for one in fields
    ]
    return sorted(found, key=lambda one: order.index(one.group))


def operators() -> dict[str, list[OperatorInfo]]:
    """Describe the operators of each kind of fields."""
    return {
        str(kind): [OperatorInfo(name, _operator(name, row.words), TAKES.get(name, ONE)) for name, row in known.items()]
        for kind, known in OPERATORS.items()
        if known
    }


def modes() -> list[Choice]:
    """Return how many lines must be so, in words."""
    said = {
        Mode.SOME: _("there is a line with"),
        Mode.ALL: _("all lines are with"),
        Mode.NONE: _("there is no line with"),
        Mode.AT_LEAST: _("number of lines is at least"),
        Mode.AT_MOST: _("number of lines is at most"),
        Mode.EXACTLY: _("number of lines is exactly"),
        Mode.SUM: _("sum over lines of"),
    }
    return [(str(mode), said[mode]) for mode in Mode]


def comparisons() -> list[Choice]:
    """Return how a sum is compared."""
    signs = {"<=": "≤", ">=": "≥"}
    return [(sign, signs.get(sign, sign)) for sign in COMPARISONS]


def weekdays() -> list[Choice]:
    """Return the days of the week as they are stored, Monday 1."""
    return [(str(number), _(name)) for number, name in enumerate(words.WEEKDAYS, 1)]


def shortcuts(places: Iterable[str], today: str) -> list[Shortcut]:
    """Return conditions that most promotions ask: dates, days, hours, places, people."""
    first = list(places)[:1]
    asked: list[tuple[str, str, str, object]] = [
        (_("Dates"), "date", "between", [today, today]),
        (_("Days of the week"), "weekday", "in", []),
        (_("Hours"), "time", "between", ["09:00", "12:00"]),
        (_("Places"), "place", "in", first),
        (_("Least sum"), "amount", ">=", ""),
        (_("Payment method"), "payment", "hasAny", []),
        (_("Birthday"), "member.birth_date", "anniversaryWithin", 7),
        (_("Badge"), "member.badges", "hasAny", []),
    ]
    some: dict[str, object] = {"field": LINES, "match": {"mode": "some"}, "value": {"combinator": "and", "rules": []}}
    rows = [Shortcut(label, {"field": name, "operator": sign, "value": value}) for label, name, sign, value in asked]
    return [*rows, Shortcut(_("Goods"), some)]


def called(field: Field) -> str:
    """Return a field's name for people, with a capital."""
    label = _(field.label) if field.label else field.name
    return label[:1].upper() + label[1:]


def _is_attribute(field: Field) -> bool:
    return field.name.startswith(ATTRIBUTES)


def _field(field: Field, symbol: str, *, of_lines: bool) -> FieldInfo:
    choices = [(code, _(label) if label else code) for code, label in (field.choices or {}).items()]
    suffix = symbol if field.kind is Kind.MONEY else ""
    return FieldInfo(
        field.name,
        called(field),
        _("Goods") if of_lines else _group(field.name),
        str(field.kind),
        field.decimals,
        suffix,
        choices,
    )


def _group(name: str) -> str:
    if name.startswith((TIERS, PROGRESS)):
        return _("Tiers and progress")
    if name.startswith(MEMBER):
        return _("Member")
    if name in WHERE:
        return _("Where")
    if name in WHEN:
        return _("When")
    return _("Goods") if name == LINES else _("Receipt")


def _operator(name: str, text: str) -> str:
    """Return an operator's words without the field before them and the value behind: they stand in the row."""
    if name == "=":
        return _("equals")
    if name == "!=":
        return _("does not equal")
    said = _(text).replace("{field}", "").replace("“{value}”", "{value}").replace("«{value}»", "{value}")
    said = said.strip().removesuffix("{value}").strip(" :,")
    return said.replace("{value}", "…")
