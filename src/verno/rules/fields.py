"""What a rule's condition may ask of a receipt, of its lines and of its member: the registry of fields.

Places, tracks, badges and attributes are the program's own: ``Known`` brings them, from whichever package has them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter, methodcaller

from verno.predicate.types import Fact, Field, Find, Kind, Registry, Value
from verno.predicate.words import gettext_noop
from verno.rules.effects import Tree

ATTRIBUTES = "attributes."
LINES = "lines"
MEMBER = "member."
TIERS = "tiers."
PROGRESS = "progress."
SCALE = "scale."
"""Before a track's code: a rate that is the member's share of a turnover scale."""
CONSENT_LEVELS = {
    "sms-and-email": gettext_noop("SMS and e-mail"),
    "email-only": gettext_noop("e-mail only"),
    "sms-only": gettext_noop("SMS only"),
    "messengers-only": gettext_noop("messengers only"),
    "service-only": gettext_noop("service messages only"),
    "nothing": gettext_noop("nothing"),
}
"""How far a member's yes to advertising reaches."""
AFTER_DISCOUNTS = frozenset({"paid", "discount", "lines.paid", "lines.discount"})
"""What is not known before rules have taken something off: only rules that give may ask it."""


@dataclass(frozen=True, slots=True)
class Track:
    """A progress track as conditions know it: its name, its steps by code, decimals of what it counts."""

    name: str
    steps: Mapping[str, str] = field(default_factory=dict)
    decimals: int = 0
    is_scale: bool = False


@dataclass(frozen=True)
class Known:
    """What a program has that conditions may name: labels by code."""

    digits: int = 2
    """Decimals of the program's currency."""
    places: Mapping[str, str] | None = None
    tracks: Mapping[str, Track] = field(default_factory=dict)
    member_attributes: Mapping[str, Kind] = field(default_factory=dict)
    regions: Mapping[str, str] | None = None


def registry(known: Known, *trees: Tree | None) -> Registry:
    """Return the fields of a program, with those attributes of receipts and lines that ``trees`` ask for."""
    asked = {name for tree in trees for name in _names(tree)}
    lines = Registry.of(*_lines(known), *_attributes({name for where, name in asked if where == LINES}))
    return Registry.of(
        *_receipt(known),
        *_member(known),
        *_attributes({name for where, name in asked if where != LINES}),
        Field(LINES, Kind.ITEMS, attrgetter("lines"), label=gettext_noop("lines"), items=lines),
    )


def member_registry(known: Known) -> Registry:
    """Return the fields of a member alone."""
    return Registry.of(*_member(known))


def line_registry(known: Known, *trees: Tree | None) -> Registry:
    """Return the fields of single lines, with the attributes that ``trees``, conditions on lines, ask for."""
    return Registry.of(*_lines(known), *_attributes({name for tree in trees for _, name in _names(tree)}))


def _receipt(known: Known) -> list[Field]:
    digits = known.digits
    return [
        Field("amount", Kind.MONEY, attrgetter("price"), label=gettext_noop("sum before discounts"), decimals=digits),
        Field("paid", Kind.MONEY, attrgetter("paid"), label=gettext_noop("sum paid in money"), decimals=digits),
        Field("discount", Kind.MONEY, attrgetter("discount"), label=gettext_noop("discount"), decimals=digits),
        Field("quantity", Kind.NUMBER, attrgetter("quantity"), label=gettext_noop("quantity"), decimals=3),
        Field("spends", Kind.FLAG, attrgetter("spends"), label=gettext_noop("points pay a part")),
        Field("place", Kind.CHOICE, attrgetter("place"), label=gettext_noop("place"), choices=known.places),
        Field("region", Kind.CHOICE, attrgetter("region"), label=gettext_noop("region"), choices=known.regions),
        Field("legal_entity", Kind.CHOICE, attrgetter("legal_entity"), label=gettext_noop("legal entity of the place")),
        Field("till", Kind.CHOICE, attrgetter("till"), label=gettext_noop("till")),
        Field("channel", Kind.CHOICE, attrgetter("channel"), label=gettext_noop("sales channel")),
        Field("payment", Kind.CODES, attrgetter("payments"), label=gettext_noop("payment method")),
        Field("date", Kind.DATE, attrgetter("local.date"), label=gettext_noop("date at the place")),
        Field("weekday", Kind.WEEKDAY, attrgetter("local.weekday"), label=gettext_noop("day of the week")),
        Field("time", Kind.TIME, attrgetter("local.minute"), label=gettext_noop("time at the place")),
        Field("at", Kind.MOMENT, attrgetter("at"), label=gettext_noop("moment")),
    ]


def _member(known: Known) -> list[Field]:
    found = [
        Field("member.known", Kind.FLAG, attrgetter("known"), label=gettext_noop("the member is known")),
        Field("member.kind", Kind.CHOICE, attrgetter("member.kind"), label=gettext_noop("kind of member")),
        Field("member.birth_date", Kind.DATE, attrgetter("member.birth_date"), label=gettext_noop("birthday")),
        Field("member.joined", Kind.DATE, attrgetter("member.joined"), label=gettext_noop("day of joining")),
        Field("member.badges", Kind.CODES, attrgetter("member.badges"), label=gettext_noop("badges")),
        Field("member.consents", Kind.CODES, attrgetter("member.consents"), label=gettext_noop("consents")),
        Field(
            *("member.consent_level", Kind.CHOICE, attrgetter("member.consent_level")),
            label=gettext_noop("consent to advertising"),
            choices=CONSENT_LEVELS,
        ),
    ]
    for name, kind in known.member_attributes.items():
        find = _of_member("attributes", name)
        read = _as_date(find) if kind is Kind.DATE else find
        found.append(Field(f"member.{ATTRIBUTES}{name}", kind, read, label=name))
    for code, track in known.tracks.items():
        label, steps = track.name or code, track.steps
        find = _of_member("progress", code)
        found.append(Field(PROGRESS + code, Kind.NUMBER, find, label=label, decimals=track.decimals))
        if steps:
            found.append(Field(TIERS + code, Kind.CHOICE, _of_member("tiers", code), label=label, choices=steps))
    return found


def _of_member(name: str, key: str) -> Find:
    values, one = attrgetter(f"member.{name}"), methodcaller("get", key)
    return lambda fact: one(values(fact))


def _as_date(find: Find) -> Find:
    """Return what finds a date that is kept as JSON has it."""

    def read(fact: Fact) -> Value:
        value = find(fact)
        return date.fromisoformat(value) if isinstance(value, str) else value

    return read


def _lines(known: Known) -> list[Field]:
    digits = known.digits
    return [
        Field("sku", Kind.TEXT, attrgetter("sku"), label=gettext_noop("SKU")),
        Field("category", Kind.CATEGORY, attrgetter("category"), label=gettext_noop("category")),
        Field("quantity", Kind.NUMBER, attrgetter("quantity"), label=gettext_noop("quantity"), decimals=3),
        Field("amount", Kind.MONEY, attrgetter("price"), label=gettext_noop("sum before discounts"), decimals=digits),
        Field("paid", Kind.MONEY, attrgetter("paid"), label=gettext_noop("sum paid in money"), decimals=digits),
        Field("discount", Kind.MONEY, attrgetter("discount"), label=gettext_noop("discount"), decimals=digits),
        Field(
            "till_discount", Kind.MONEY, attrgetter("till_discount"), label=gettext_noop("till's own discount"),
            decimals=digits,
        ),
        Field("cost", Kind.MONEY, attrgetter("cost"), label=gettext_noop("cost"), decimals=digits),
        Field("margin", Kind.NUMBER, attrgetter("margin"), label=gettext_noop("margin on cost, %"), decimals=2),
    ]  # fmt: skip


def _attributes(names: set[str]) -> list[Field]:
    return [Field(ATTRIBUTES + name, Kind.TEXT, _attribute(name), label=name) for name in sorted(names)]


def _attribute(name: str) -> Find:
    """Return what finds an attribute, always as text: nobody said what kind a receipt's own attributes are."""
    values, one = attrgetter("attributes"), methodcaller("get", name)

    def find(fact: Fact) -> Value:
        value = one(values(fact))
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)

    return find


def _names(tree: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield the attributes that a tree asks for, with the field of parts they stand under; it may be any JSON."""
    waiting = [(tree, where)]
    while waiting:
        node, within = waiting.pop()
        if not isinstance(node, dict):
            continue
        name = node.get("field")
        if isinstance(name, str) and name.startswith(ATTRIBUTES) and len(name) <= len(ATTRIBUTES) + 100:
            yield within, name.removeprefix(ATTRIBUTES)
        if name == LINES:
            waiting.append((node.get("value"), LINES))
        rules = node.get("rules")
        if isinstance(rules, list):
            waiting += [(rule, within) for rule in rules]
