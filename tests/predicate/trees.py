"""Random people, moments and trees that meet at their edges: values come from small heaps that both sides draw from."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.predicate.world import CODES, PEOPLE, line, person
from verno.kit import localtime
from verno.predicate.operators import COMPARISONS, OPERATORS
from verno.predicate.types import Field, Json, Kind, Mode, Registry, When

Strategy = st.SearchStrategy[Any]

ZONES = (
    "Europe/Moscow",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
)
DAYS = [
    date(2026, 11, 26),
    date(2026, 2, 28),
    date(2026, 3, 1),
    date(2024, 2, 29),
    date(2026, 12, 31),
    date(2027, 1, 1),
]
WHENS = [When(datetime(day.year, day.month, day.day, 10, 30, tzinfo=UTC), day) for day in DAYS]
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin, an hour forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Berlin, an hour back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York, an hour forward
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York, an hour back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, half an hour back
    datetime(2014, 10, 25, 22, tzinfo=UTC),  # Moscow, for good
]
WORDS = (
    "tea",
    "Tea",
    "t_a",
    "t%a",
    "ea",
    "чай",
    "ча",
    "ай",
    "e\u0301",
    "\u00e9",
    "a'b",
    "x\\y",
    "\U0001f375",
    "%(c0)s",
    "{0}",
)
PATHS = (["food"], ["food", "tea"], ["food", "tea", "green"], ["food", "tee"], ["home"], ["tea"])
TIMES = ["00:00", "00:01", "01:59", "02:30", "09:29", "09:30", "13:30", "22:00", "23:59", "24:00"]
YEARS = (1, 1900, 1980, 1996, 1999, 2000, 2004, 2026, 2028)

numbers = st.integers(-3, 3)
words = st.sampled_from(WORDS)
codes = st.sampled_from(CODES)
sets = st.lists(codes, unique=True, max_size=3)
paths = st.sampled_from(PATHS)
little = st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(minutes=-30)])


def examples(count: int) -> settings:
    """Try so many (times ``VERNO_THOROUGH``), however long each takes on a busy machine.

    A failure is shrunk but not explained: explaining traces every line, which takes longer than a test may.
    """
    return settings(
        max_examples=count * int(os.environ.get("VERNO_THOROUGH", "1")),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        deadline=None,
    )


@dataclass(frozen=True)
class Case:
    """Some people, some trees about them, and when they are asked."""

    when: When
    people: list[SimpleNamespace]
    trees: list[dict[str, Any]]


def some(values: Strategy) -> Strategy:
    """Values, or none at all."""
    return st.one_of(st.none(), values)


def in_year(day: date, year: int) -> date:
    return day.replace(year=year, day=min(day.day, 28)) if (day.month, day.day) == (2, 29) else day.replace(year=year)


@st.composite
def dates(draw: st.DrawFn, when: When) -> date:
    """Days around the day of asking, in any year; leap days more often than life has them."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([date(2000, 2, 29), date(1996, 2, 29), date(1999, 12, 31), date(1980, 1, 1)]))
    near = when.today + timedelta(days=draw(st.integers(-4, 4)))
    return in_year(near, draw(st.sampled_from(YEARS))) if draw(st.booleans()) else near


@st.composite
def moments(draw: st.DrawFn, when: When, zones: Sequence[str] = ZONES) -> datetime:
    """Moments whole days from the moment of asking, local times, changes of clocks; and a moment beside them."""
    zone = localtime.zone(draw(st.sampled_from(zones)))
    near = when.now + timedelta(days=draw(st.integers(-4, 2)))
    clock = time.fromisoformat(draw(st.sampled_from(TIMES[:-1])))
    change = draw(st.sampled_from(CHANGES)) + timedelta(hours=draw(st.integers(-1, 1)))
    there = localtime.localize(datetime.combine(near.date(), clock), zone)
    chosen: datetime = draw(st.sampled_from([near, there, change]))
    return chosen + draw(little)


def known_values(when: When, zone: str) -> dict[str, Strategy]:
    """What may be known of somebody who lives there."""
    return {
        "visits": numbers,
        "spent": numbers,
        "name": words,
        "size": words,
        "vip": st.booleans(),
        "tier": codes,
        "place": words,
        "badges": sets,
        "born": dates(when),
        "at": moments(when, [zone]),
        "category": st.one_of(paths, st.just([])),
        "lines": st.lists(lines(), max_size=4),
    }


@st.composite
def persons(draw: st.DrawFn, when: When, *, known: bool = False) -> SimpleNamespace:
    """Somebody of whom anything, or all, is known."""
    zone = draw(st.sampled_from(ZONES))
    values = known_values(when, zone).items()
    return person(zone=zone, **{name: draw(one if known else some(one)) for name, one in values})


@st.composite
def persons_by(draw: st.DrawFn, field: str, when: When) -> SimpleNamespace:
    """Somebody of whom at most one thing is known."""
    zone = draw(st.sampled_from(ZONES))
    source = "at" if field in ("date", "weekday", "time") else field
    return person(zone=zone, **{source: draw(some(known_values(when, zone)[source]))})


def lines() -> Strategy:
    return st.builds(line, amount=some(numbers), sku=some(words), category=some(paths), tags=some(sets))


def operands(kind: Kind, when: When) -> dict[str, Strategy]:
    """What each operator of a kind takes; a test sees to it that no operator is left out."""
    few = st.integers(1, 4)
    each: dict[Kind, Strategy] = {
        Kind.NUMBER: numbers,
        Kind.MONEY: numbers,
        Kind.TEXT: words,
        Kind.FLAG: st.booleans(),
        Kind.CHOICE: codes,
        Kind.CODES: codes,
        Kind.DATE: dates(when).map(date.isoformat),
        Kind.MOMENT: moments(when).map(datetime.isoformat),
        Kind.WEEKDAY: st.integers(1, 7),
        Kind.TIME: st.sampled_from(TIMES),
        Kind.CATEGORY: paths,
    }
    one = each[kind]
    several = st.lists(one, min_size=1, max_size=3)
    pair = st.lists(one, min_size=2, max_size=2, unique=True).map(sorted)
    if kind is Kind.TIME:
        pair = st.lists(one, min_size=2, max_size=2, unique=True).filter(lambda said: said[0] != "24:00")
    special = {
        **dict.fromkeys(("null", "notNull"), st.sampled_from([None, ""])),
        **dict.fromkeys(("in", "notIn", "hasAny", "hasAll", "hasNone", "inCategory", "notInCategory"), several),
        **dict.fromkeys(("between", "notBetween"), pair),
        **dict.fromkeys(("withinLast", "notWithinLast", "withinNext", "notWithinNext"), few),
        "anniversaryWithin": st.sampled_from([0, 1, 2, 3, 180]),
    }
    return {name: special.get(name, one) for name in OPERATORS[kind]}


@st.composite
def rules(draw: st.DrawFn, registry: Registry, when: When, depth: int) -> dict[str, Any]:
    """A rule or, while there is depth left, a group."""
    if depth and draw(st.integers(0, 3)) == 0:
        return draw(trees(registry, when, depth - 1))
    # Parts have as many ways to be asked as all other fields together.
    fields = sorted(registry.fields.values(), key=lambda one: one.name)
    fields += [one for one in fields if one.kind is Kind.ITEMS] * 4
    field: Field = draw(st.sampled_from(fields))
    if field.items:
        return draw(rules_of_parts(field, when, depth))
    operator, values = draw(st.sampled_from(sorted(operands(field.kind, when).items(), key=lambda one: one[0])))
    return {"field": field.name, "operator": operator, "value": draw(values)}


@st.composite
def rules_of_parts(draw: st.DrawFn, field: Field, when: When, depth: int) -> dict[str, Any]:
    assert field.items
    match = draw(st.sampled_from(list(Mode)).flatmap(matches))
    where = draw(some(trees(field.items, when, max(0, depth - 1))))
    return {"field": field.name, "match": match, "value": where}


def matches(mode: Mode) -> Strategy:
    """What a mode wants to know."""
    said: dict[str, Strategy] = {"mode": st.just(mode.value)}
    if mode is Mode.SUM:
        said |= {"of": st.just("amount"), "operator": st.sampled_from(sorted(COMPARISONS)), "threshold": numbers}
    elif mode in (Mode.AT_LEAST, Mode.AT_MOST, Mode.EXACTLY):
        said["threshold"] = st.integers(0, 4)
    return st.fixed_dictionaries(said)


@st.composite
def trees(draw: st.DrawFn, registry: Registry, when: When, depth: int = 2) -> dict[str, Any]:
    """A group of rules."""
    return {
        "combinator": draw(st.sampled_from(["and", "or"])),
        "not": draw(st.booleans()),
        "rules": draw(st.lists(rules(registry, when, depth), min_size=1, max_size=3)),
    }


@st.composite
def cases(draw: st.DrawFn) -> Case:
    when = draw(st.sampled_from(WHENS))
    return Case(
        when,
        draw(st.lists(persons(when), min_size=1, max_size=8)),
        draw(st.lists(trees(PEOPLE, when), min_size=1, max_size=12)),
    )


def as_stored(tree: object) -> Json:
    """The tree after a way through JSON, as it comes from the builder."""
    stored: Json = json.loads(json.dumps(tree))
    return stored
