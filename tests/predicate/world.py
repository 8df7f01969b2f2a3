"""A small world to ask: people with lines, as facts and as rows of tables."""

from datetime import datetime
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from verno.predicate.local import local, local_sql
from verno.predicate.types import Compiled, Field, Kind, Registry

CODES = ("a", "b", "c")
LOCAL = local_sql("p.at", "p.zone")
SIZE = "size of 'shoe' %s"
"""A name that somebody typed, to be a key and never a piece of SQL."""

LINES = Registry.of(
    Field("amount", Kind.MONEY, attrgetter("amount"), "l.amount", "Amount", decimals=2),
    Field("sku", Kind.TEXT, attrgetter("sku"), "l.sku", "SKU"),
    Field("category", Kind.CATEGORY, attrgetter("category"), "l.category", "Category"),
    Field("tags", Kind.CODES, attrgetter("tags"), "l.tags"),
)
PEOPLE = Registry.of(
    Field("visits", Kind.NUMBER, attrgetter("visits"), "p.visits"),
    Field("spent", Kind.MONEY, attrgetter("spent"), "p.spent", "Spent", decimals=2),
    Field("name", Kind.TEXT, attrgetter("name"), "p.name"),
    Field("size", Kind.TEXT, attrgetter("size"), "(p.attributes ->> {key})", key=SIZE),
    Field("vip", Kind.FLAG, attrgetter("vip"), "p.vip"),
    Field(
        "tier", Kind.CHOICE, attrgetter("tier"), "p.tier", "Tier", choices={"a": "Gold", "b": "Silver", "c": "Bronze"}
    ),
    Field("place", Kind.CHOICE, attrgetter("place"), "p.place"),
    Field("badges", Kind.CODES, attrgetter("badges"), "p.badges"),
    Field("born", Kind.DATE, attrgetter("born"), "p.born", "Birthday"),
    Field("at", Kind.MOMENT, attrgetter("at"), "p.at"),
    Field("date", Kind.DATE, attrgetter("date"), LOCAL.date),
    Field("weekday", Kind.WEEKDAY, attrgetter("weekday"), LOCAL.weekday, "Day of the week"),
    Field("time", Kind.TIME, attrgetter("time"), LOCAL.minute),
    Field("category", Kind.CATEGORY, attrgetter("category"), "p.category"),
    Field("lines", Kind.ITEMS, attrgetter("lines"), "lines l WHERE l.person = p.id", "Lines", items=LINES),
)
NOTHING: dict[str, object] = {**dict.fromkeys(PEOPLE.fields), "zone": "Europe/Moscow"}
"""What is known of somebody of whom nothing is known."""

TABLES = (
    "DROP TABLE IF EXISTS people, lines",
    "CREATE TEMP TABLE people (id int, visits bigint, spent bigint, name text, attributes jsonb, vip boolean,"
    " tier text, place text, badges text[], born date, at timestamptz, zone text, category text[]) ON COMMIT DROP",
    "CREATE TEMP TABLE lines (person int, amount bigint, sku text, category text[], tags text[]) ON COMMIT DROP",
)
COLUMNS = ("visits", "spent", "name", "vip", "tier", "place", "badges", "born", "at", "zone", "category")


def person(*, at: datetime | None = None, zone: str = "Europe/Moscow", **known: object) -> SimpleNamespace:
    """A fact; what it knows of ``at`` it knows of its date, weekday and time."""
    there = local(at, zone) if at else None
    when = {"date": there.date, "weekday": there.weekday, "time": there.minute} if there else {}
    return SimpleNamespace(**{**NOTHING, "at": at, "zone": zone, **when, **known})


def line(**known: object) -> SimpleNamespace:
    return SimpleNamespace(**{**dict.fromkeys(LINES.fields), **known})


def fill(conn: "psycopg.Connection[Any]", people: list[SimpleNamespace]) -> None:
    """Write the same people as rows of temporary tables, numbered from 0."""
    for statement in TABLES:
        conn.execute(statement)
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO people (id, attributes, {', '.join(COLUMNS)})"
            f" VALUES (%s, %s, {', '.join(['%s'] * len(COLUMNS))})",
            [
                (number, Jsonb({SIZE: one.size} if one.size else {}), *(getattr(one, name) for name in COLUMNS))
                for number, one in enumerate(people)
            ],
        )
        cursor.executemany(
            "INSERT INTO lines VALUES (%s, %s, %s, %s, %s)",
            [
                (number, *(getattr(part, name) for name in LINES.fields))
                for number, one in enumerate(people)
                for part in one.lines or ()
            ],
        )


def found(conn: "psycopg.Connection[Any]", made: Compiled) -> set[int]:
    """The people of whom an expression is true."""
    return {number for (number,) in conn.execute(f"SELECT id FROM people p WHERE {made.text}", made.parameters)}
