"""A small world to ask: people with lines, as facts and as tables, and random trees about them."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import strategies as st

from verno.predicate.types import Field, Instant, Kind, Registry

NOW = Instant(datetime(2026, 11, 26, 10, 30, tzinfo=UTC), date(2026, 11, 26))
INSTANTS = [NOW, *(
    Instant(datetime(day.year, day.month, day.day, 20, tzinfo=UTC), day)
    for day in (date(2026, 2, 28), date(2026, 3, 1), date(2024, 2, 29), date(2026, 12, 31), date(2027, 1, 1))
)]  # fmt: skip
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kathmandu")
CODES = ("a", "b", "c")
WORDS = ("tea", "Tea", "t_a", "t%a", "чай", "ча", "e\u0301", "a'b", "x\\y")
PATHS = (["food"], ["food", "tea"], ["food", "tea", "green"], ["home"])

LINES = Registry.of(
    Field("amount", Kind.NUMBER, lambda line: line["amount"], "l.amount"),
    Field("sku", Kind.TEXT, lambda line: line["sku"], "l.sku"),
    Field("category", Kind.PATH, lambda line: line["category"], "l.category"),
)
PEOPLE = Registry.of(
    Field("spent", Kind.NUMBER, lambda who: who["spent"], "p.spent"),
    Field("name", Kind.TEXT, lambda who: who["name"], "p.name"),
    Field("vip", Kind.FLAG, lambda who: who["vip"], "p.vip"),
    Field("tier", Kind.CHOICE, lambda who: who["tier"], "p.tier", choices=frozenset(CODES)),
    Field("badges", Kind.CODES, lambda who: who["badges"], "p.badges"),
    Field("born", Kind.DATE, lambda who: who["born"], "p.born"),
    Field("at", Kind.MOMENT, lambda who: who["at"], "p.at", zone=lambda who: str(who["zone"]), sql_zone="p.zone"),
    Field("category", Kind.PATH, lambda who: who["category"], "p.category"),
    Field("lines", Kind.ITEMS, lambda who: who["lines"], "lines l WHERE l.person = p.id", items=LINES),
)

TABLES = """
CREATE TEMP TABLE people (id int PRIMARY KEY, spent bigint, name text, vip boolean, tier text, badges text[], born date,
                          at timestamptz, zone text, category text[]) ON COMMIT DROP;
CREATE TEMP TABLE lines (person int, amount bigint, sku text, category text[]) ON COMMIT DROP;
"""


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values, or none at all."""
    return st.one_of(st.none(), values)


NUMBERS = st.integers(-3, 3)
BIRTHDAYS = [date(2000, 2, 29), date(1999, 11, 26), date(1980, 12, 31), date(1980, 1, 1), date(2000, 2, 28), date(2001, 3, 1)]
DAYS = st.one_of(
    st.sampled_from(BIRTHDAYS),
    st.builds(lambda when, days: when.today + timedelta(days=days), st.sampled_from(INSTANTS), st.integers(-4, 4)),
)
TIMES = ["00:00", "09:29", "09:30", "12:00", "23:59", "24:00"]
MOMENTS = st.one_of(
    st.builds(lambda when, days: when.now + timedelta(days=days), st.sampled_from(INSTANTS), st.integers(-4, 4)),
    st.builds(
        lambda day, zone, time: datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(zone)),
        st.sampled_from([NOW.today, date(2026, 3, 8), date(2026, 11, 1)]),
        st.sampled_from(ZONES),
        st.sampled_from(TIMES[:-1]),
    ),
)
LINE = st.fixed_dictionaries(
    {"amount": some(NUMBERS), "sku": some(st.sampled_from(WORDS)), "category": some(st.sampled_from(PATHS))}
)
PERSON = st.fixed_dictionaries(
    {
        "spent": some(NUMBERS),
        "name": some(st.sampled_from(WORDS)),
        "vip": some(st.booleans()),
        "tier": some(st.sampled_from(CODES)),
        "badges": some(st.lists(st.sampled_from(CODES), unique=True, max_size=3)),
        "born": some(DAYS),
        "at": some(MOMENTS),
        "zone": st.sampled_from(ZONES),
        "category": some(st.sampled_from(PATHS)),
        "lines": st.lists(LINE, max_size=4),
    }
)

_numbers = NUMBERS
_few = st.integers(1, 4)
_words = st.sampled_from(WORDS)
_codes = st.sampled_from(CODES)
_paths = st.sampled_from(PATHS)
_days = DAYS.map(date.isoformat)
_moments = MOMENTS.map(datetime.isoformat)
_times = st.sampled_from(TIMES)


def _of(names: str, values: st.SearchStrategy[Any]) -> list[tuple[str, st.SearchStrategy[Any]]]:
    return [(name, values) for name in names.split()]


def _lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3)


def _pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=2, max_size=2)


THERE = _of("null notNull", st.none())
QUESTIONS: dict[Kind, list[tuple[str, st.SearchStrategy[Any]]]] = {
    Kind.NUMBER: [*_of("= != < <= > >=", _numbers), *_of("between notBetween", _pairs(_numbers)),
                  *_of("in notIn", _lists(_numbers)), *THERE],
    Kind.TEXT: [*_of("= != contains doesNotContain beginsWith doesNotBeginWith endsWith doesNotEndWith", _words),
                *_of("in notIn", _lists(_words)), *THERE],
    Kind.FLAG: [*_of("= !=", st.booleans()), *THERE],
    Kind.CHOICE: [*_of("= !=", _codes), *_of("in notIn", _lists(_codes)), *THERE],
    Kind.CODES: [*_of("hasAny hasAll hasNone", _lists(_codes)), *THERE],
    Kind.DATE: [*_of("= != < <= > >=", _days), *_of("between notBetween", _pairs(_days)),
                *_of("withinLast withinNext", _few),
                *_of("anniversaryWithin", st.sampled_from([0, 1, 2, 180])), *THERE],
    Kind.MOMENT: [*_of("< <= > >=", _moments), *_of("between notBetween", _pairs(_moments)),
                  *_of("withinLast", _few), *_of("weekday", _lists(st.integers(1, 7))),
                  *_of("hours", _pairs(_times)), *THERE],
    Kind.PATH: [*_of("inCategory notInCategory", _lists(_paths)), *THERE],
}  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, registry: Registry, depth: int) -> dict[str, Any]:
    """A rule or, while there is depth left, a group or a condition on lines."""
    if depth and draw(st.integers(0, 3)) == 0:
        return draw(trees(registry, depth - 1))
    field = draw(st.sampled_from(sorted(registry.fields.values(), key=lambda one: one.name)))
    if field.kind is Kind.ITEMS:
        assert field.items
        match: dict[str, Any] = {"mode": draw(st.sampled_from(["some", "all", "none", "atLeast", "atMost", "exactly", "sum"]))}
        if match["mode"] == "sum":
            match |= {"of": "amount", "operator": draw(st.sampled_from(["=", "<", "<=", ">", ">="]))}
        if match["mode"] not in ("some", "all", "none"):
            match["threshold"] = draw(st.integers(0, 4))
        return {"field": field.name, "match": match, "value": draw(some(trees(field.items, max(0, depth - 1))))}
    operator, values = draw(st.sampled_from(QUESTIONS[field.kind]))
    return {"field": field.name, "operator": operator, "value": draw(values)}


@st.composite
def trees(draw: st.DrawFn, registry: Registry, depth: int = 2) -> dict[str, Any]:
    """A group of rules."""
    return {
        "combinator": draw(st.sampled_from(["and", "or"])),
        "not": draw(st.booleans()),
        "rules": draw(st.lists(rules(registry, depth), max_size=3)),
    }


def fill(conn: "psycopg.Connection[Any]", people: list[dict[str, Any]]) -> None:
    """Write the same people as rows of temporary tables."""
    conn.execute("DROP TABLE IF EXISTS people, lines")
    for statement in TABLES.split(";"):
        if statement.strip():
            conn.execute(statement)
    columns = ("spent", "name", "vip", "tier", "badges", "born", "at", "zone", "category")
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO people (id, {', '.join(columns)}) VALUES (%s, {', '.join(['%s'] * len(columns))})",
            [(number, *(person[name] for name in columns)) for number, person in enumerate(people)],
        )
        cursor.executemany(
            "INSERT INTO lines VALUES (%s, %s, %s, %s)",
            [(number, line["amount"], line["sku"], line["category"])
             for number, person in enumerate(people) for line in person["lines"]],
        )  # fmt: skip


def as_stored(tree: dict[str, Any]) -> Any:
    """The tree after a way through JSON, as it comes from the builder."""
    return json.loads(json.dumps(tree))
