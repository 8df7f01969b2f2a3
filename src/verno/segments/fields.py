"""What a condition may ask of a member: the registry, each field in both readings.

Names are those that rules use (``rules/fields.py``), so that a condition can be carried from one to the other.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import LiteralString, cast

from verno.members.types import LocationKind, MemberKind, Purpose
from verno.predicate.types import Fact, Field, Find, Kind, Registry, Value
from verno.predicate.words import gettext_noop
from verno.rules.fields import ATTRIBUTES, PROGRESS, TIERS
from verno.rules.fields import member_registry as of_rules
from verno.segments import expressions as sql
from verno.segments.types import Attribute, Known, Person, Points, Receipt

BALANCE, PENDING, EXPIRES = "balance.", "pending.", "expires."
FAVOURITE_DAYS = 365

KINDS = {MemberKind.PERSON.value: gettext_noop("person"), MemberKind.COMPANY.value: gettext_noop("company")}
IDENTITIES = {"phone": gettext_noop("phone"), "email": gettext_noop("e-mail"), "card": gettext_noop("card")}
PURPOSES = {
    Purpose.RULES.value: gettext_noop("the program's rules"),
    Purpose.PERSONAL_DATA.value: gettext_noop("handling of personal data"),
    Purpose.THIRD_PARTIES.value: gettext_noop("passing data to third parties"),
    Purpose.PROFILING.value: gettext_noop("profiling"),
}
SPANS = {
    30: (gettext_noop("purchases in the last 30 days"), gettext_noop("money spent in the last 30 days")),
    90: (gettext_noop("purchases in the last 90 days"), gettext_noop("money spent in the last 90 days")),
    365: (gettext_noop("purchases in the last 365 days"), gettext_noop("money spent in the last 365 days")),
}
"""Days over which purchases are counted and summed."""


def registry(known: Known) -> Registry:
    """Return the fields of a program's members."""
    return Registry.of(
        *_of_rules(known),
        *_member(),
        *_whereabouts(known),
        *[_attribute(name, one) for name, one in known.attributes.items()],
        *_tracks(known),
        *[field for code, one in known.units.items() for field in _points(code, one)],
        *_purchases(known),
        Field(
            *("receipts", Kind.ITEMS, attrgetter("receipts"), sql.RECEIPTS, gettext_noop("purchases")),
            items=_receipts(known),
        ),
        Field(
            *("goods", Kind.ITEMS, attrgetter("goods"), sql.GOODS, gettext_noop("goods bought")),
            items=_goods(known),
        ),
        Field(
            *("expiring", Kind.ITEMS, attrgetter("expiring"), sql.EXPIRING, gettext_noop("points that end")),
            items=_expiring(known),
        ),
    )


_SHARED: dict[str, tuple[LiteralString, dict[str, str] | None]] = {
    "member.kind": ("m.kind", KINDS),
    "member.birth_date": ("m.birth_date", None),
    "member.joined": (sql.JOINED, None),
    "member.badges": (sql.BADGES, None),
    "member.consents": (sql.CONSENTS, None),
    "member.consent_level": (sql.LEVEL, None),
}
"""What rules ask too, with its SQL."""


def _of_rules(known: Known) -> Iterator[Field]:
    theirs = of_rules(known.rules).fields
    for name, (text, choices) in _SHARED.items():
        one = theirs[name]
        yield Field(name, one.kind, one.read, text, one.label, choices=choices or one.choices)


def _member() -> Iterator[Field]:
    yield Field(
        *("member.agreed", Kind.CODES, attrgetter("agreed"), sql.AGREED, gettext_noop("agreed to")),
        choices=PURPOSES,
    )
    yield Field("member.locale", Kind.CHOICE, attrgetter("locale"), "m.locale", gettext_noop("language"))
    yield Field(
        *("member.buying_group", Kind.CHOICE, attrgetter("buying_group"), "m.buying_group"),
        gettext_noop("buying group"),
    )
    yield Field(
        *("member.identities", Kind.CODES, attrgetter("identities"), sql.CONTACTS, gettext_noop("contacts")),
        choices=IDENTITIES,
    )
    yield Field(
        *("member.verified", Kind.CODES, attrgetter("verified"), sql.CONFIRMED, gettext_noop("confirmed contacts")),
        choices=IDENTITIES,
    )
    yield Field(
        *("member.most_per", Kind.NUMBER, attrgetter("most_per"), sql.MOST_PER),
        gettext_noop("wishes one message in so many days"),
    )
    yield Field(
        *("member.paused", Kind.FLAG, attrgetter("paused"), sql.PAUSED),
        gettext_noop("wishes no messages for now"),
    )


def _whereabouts(known: Known) -> Iterator[Field]:
    yield Field(
        *("member.home_place", Kind.CHOICE, attrgetter("home_place"), "m.home_place", gettext_noop("home place")),
        choices=known.rules.places,
    )
    yield Field(
        *("member.home_region", Kind.CHOICE, attrgetter("home_region"), sql.HOME_REGION),
        gettext_noop("region of the home place"),
        choices=known.rules.regions,
    )
    for kind, text, label in (
        (LocationKind.HOME, sql.HOME_DISTRICTS, gettext_noop("district of home")),
        (LocationKind.WORK, sql.WORK_DISTRICTS, gettext_noop("district of work")),
        (LocationKind.VISITED, sql.VISITED_DISTRICTS, gettext_noop("district often visited")),
    ):
        yield Field(f"districts.{kind}", Kind.CODES, _in_districts(kind), text, label, choices=known.districts)


def _in_districts(kind: str) -> Find:
    districts = attrgetter("districts")
    return lambda fact: districts(fact).get(kind, ())


def _attribute(name: str, one: Attribute) -> Field:
    text, holds = _TYPED.get(one.kind, _TYPED[Kind.TEXT])
    values = attrgetter("member.attributes")

    def read(fact: Fact) -> Value:
        return holds(values(fact).get(name))

    return Field(
        *(f"member.{ATTRIBUTES}{name}", one.kind, read, text, one.label or name, name),
        choices=one.choices,
    )


def _only(kind: type) -> Callable[[object], Value]:
    return lambda value: value if type(value) is kind else None


def _date(value: object) -> Value:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.isoformat() == value else None


_TYPED: dict[Kind, tuple[LiteralString, Callable[[object], Value]]] = {
    Kind.TEXT: (sql.TEXT, _only(str)),
    Kind.CHOICE: (sql.TEXT, _only(str)),
    Kind.CODES: (sql.LIST, _only(list)),
    Kind.NUMBER: (sql.INTEGER, _only(int)),
    Kind.FLAG: (sql.BOOLEAN, _only(bool)),
    Kind.DATE: (sql.DATE, _date),
}
"""Both readings of an attribute's value, by its type; a value of another type counts as none."""


def _tracks(known: Known) -> Iterator[Field]:
    theirs = of_rules(known.rules).fields
    for code, one in known.tracks.items():
        for name, text in (
            (PROGRESS + code, sql.VALUE_OF_GROUP if one.by_group else sql.VALUE),
            (TIERS + code, sql.STEP_OF_GROUP if one.by_group else sql.STEP),
        ):
            field = theirs.get(name)
            if field is not None:  # a track without steps has no tiers
                yield Field(
                    *(name, field.kind, field.read, sql.for_kind(one.audience, text), field.label, one.id),
                    choices=field.choices,
                    decimals=field.decimals,
                )


def _points(code: str, one: Points) -> Iterator[Field]:
    yield Field(
        *(BALANCE + code, Kind.NUMBER, _by_code("balances", code), sql.AVAILABLE),
        *(gettext_noop("points to spend"), one.id),
        decimals=one.scale,
    )
    yield Field(
        *(PENDING + code, Kind.NUMBER, _by_code("pending", code), sql.PENDING),
        *(gettext_noop("points to come"), one.id),
        decimals=one.scale,
    )
    yield Field(
        *(EXPIRES + code, Kind.DATE, _first_end(code), sql.FIRST_END),
        *(gettext_noop("last day of the points that end first"), one.id),
    )


def _by_code(name: str, code: str) -> Find:
    values = attrgetter(name)
    return lambda fact: values(fact).get(code, 0)


def _first_end(code: str) -> Find:
    return lambda fact: min((one.day for one in _person(fact).expiring if one.unit == code), default=None)


def _purchases(known: Known) -> Iterator[Field]:
    places = known.rules.places
    yield Field("purchases.last", Kind.MOMENT, _last, sql.LAST, gettext_noop("last purchase"))
    yield Field(
        *("purchases.last_place", Kind.CHOICE, _last_place, sql.LAST_PLACE, gettext_noop("place of the last purchase")),
        choices=places,
    )
    yield Field(
        *("purchases.favourite_place", Kind.CHOICE, _favourite_place, sql.FAVOURITE),
        gettext_noop("favourite place of the last 365 days"),
        choices=places,
    )
    for days, (counted, summed) in SPANS.items():
        yield Field(f"purchases.count_{days}", Kind.NUMBER, _counted(days), sql.counted(days), counted)
        yield Field(
            *(f"purchases.sum_{days}", Kind.MONEY, _summed(days), sql.summed(days), summed),
            decimals=known.rules.digits,
        )


def _person(fact: Fact) -> Person:
    """Return the fact of these fields: the one place where this is believed."""
    return cast("Person", fact)


def _within(person: Person, days: int) -> list[Receipt]:
    return [one for one in person.receipts if person.now - one.at < timedelta(days=days)]


def _last(fact: Fact) -> Value:
    return max((one.at for one in _person(fact).receipts), default=None)


def _last_place(fact: Fact) -> Value:
    found = _person(fact).receipts
    return found[-1].place if found else None


def _favourite_place(fact: Fact) -> Value:
    at: dict[str, list[datetime]] = {}
    for one in _within(_person(fact), FAVOURITE_DAYS):
        at.setdefault(one.place, []).append(one.at)
    return min(at, key=lambda place: (-len(at[place]), -max(at[place]).timestamp(), place), default=None)


def _counted(days: int) -> Find:
    return lambda fact: len(_within(_person(fact), days))


def _summed(days: int) -> Find:
    return lambda fact: sum(one.amount for one in _within(_person(fact), days))


def _when_and_where(known: Known) -> Iterator[Field]:
    yield Field("at", Kind.MOMENT, attrgetter("at"), "r.at", gettext_noop("moment"))
    yield Field("date", Kind.DATE, attrgetter("date"), sql.LOCAL_DATE, gettext_noop("date at the place"))
    yield Field(
        *("place", Kind.CHOICE, attrgetter("place"), "p.code", gettext_noop("place")),
        choices=known.rules.places,
    )


def _receipts(known: Known) -> Registry:
    return Registry.of(
        *_when_and_where(known),
        Field(
            *("amount", Kind.MONEY, attrgetter("amount"), sql.PAID, gettext_noop("sum paid in money")),
            decimals=known.rules.digits,
        ),
        Field(
            *("region", Kind.CHOICE, attrgetter("region"), sql.REGION, gettext_noop("region")),
            choices=known.rules.regions,
        ),
        Field("channel", Kind.CHOICE, attrgetter("channel"), "r.channel", gettext_noop("sales channel")),
    )


def _goods(known: Known) -> Registry:
    return Registry.of(
        *_when_and_where(known),
        Field("sku", Kind.TEXT, attrgetter("sku"), "g.sku", gettext_noop("SKU")),
        Field("category", Kind.CATEGORY, attrgetter("category"), "g.category", gettext_noop("category")),
        Field(
            *("quantity", Kind.NUMBER, attrgetter("quantity"), "(l.quantity * 1000)::bigint"),
            gettext_noop("quantity"),
            decimals=3,
        ),
        Field(
            *("amount", Kind.MONEY, attrgetter("amount"), "l.amount", gettext_noop("sum before discounts")),
            decimals=known.rules.digits,
        ),
    )


def _expiring(known: Known) -> Registry:
    units = {code: code for code in known.units}
    return Registry.of(
        Field("unit", Kind.CHOICE, attrgetter("unit"), "u.code", gettext_noop("unit of points"), choices=units),
        Field("day", Kind.DATE, attrgetter("day"), sql.LAST_DAY, gettext_noop("last day")),
        Field(
            *("points", Kind.NUMBER, attrgetter("points"), "(l.remaining - l.held)", gettext_noop("points")),
            decimals=max((one.scale for one in known.units.values()), default=0),
        ),
    )
