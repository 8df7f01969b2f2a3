"""A small world to ask: people with lines, as facts and as rows of tables."""

from operator import itemgetter
from typing import Any, TypeAlias

import psycopg
from psycopg.types.json import Jsonb

from verno.predicate.local import local, local_sql
from verno.predicate.types import Compiled, Field, Kind, Registry

CODES = ("a", "b", "c")
LOCAL = local_sql("p.at", "p.zone")
SIZE = "size of 'shoe' %s"
"""A name that somebody typed, to be a key and never a piece of SQL."""

LINES = Registry.of(
    Field("amount", Kind.MONEY, itemgetter("amount"), "l.amount", "Amount", decimals=2),
    Field("sku", Kind.TEXT, itemgetter("sku"), "l.sku", "SKU"),
    Field("category", Kind.CATEGORY, itemgetter("category"), "l.category"),
    Field("tags", Kind.CODES, itemgetter("tags"), "l.tags"),
)
PEOPLE = Registry.of(
    Field("visits", Kind.NUMBER, itemgetter("visits"), "p.visits"),
    Field("spent", Kind.MONEY, itemgetter("spent"), "p.spent", "Spent", decimals=2),
    Field("name", Kind.TEXT, itemgetter("name"), "p.name"),
    Field("size", Kind.TEXT, itemgetter("size"), "(p.attributes ->> {key})", key=SIZE),
    Field("vip", Kind.FLAG, itemgetter("vip"), "p.vip"),
    Field(
        "tier", Kind.CHOICE, itemgetter("tier"), "p.tier", "Tier", choices={"a": "Gold", "b": "Silver", "c": "Bronze"}
    ),
    Field("place", Kind.CHOICE, itemgetter("place"), "p.place"),
    Field("badges", Kind.CODES, itemgetter("badges"), "p.badges"),
    Field("born", Kind.DATE, itemgetter("born"), "p.born", "Birthday"),
    Field("at", Kind.MOMENT, itemgetter("at"), "p.at"),
    Field("date", Kind.DATE, itemgetter("date"), LOCAL.date),
    Field("weekday", Kind.WEEKDAY, itemgetter("weekday"), LOCAL.weekday, "Day of the week"),
    Field("time", Kind.TIME, itemgetter("time"), LOCAL.minute),
    Field("category", Kind.CATEGORY, itemgetter("category"), "p.category"),
    Field("lines", Kind.ITEMS, itemgetter("lines"), "lines l WHERE l.person = p.id", "Lines", items=LINES),
)
Fact: TypeAlias = dict[str, Any]
LINE: Fact = dict.fromkeys(LINES.fields)
PERSON: Fact = {**dict.fromkeys(PEOPLE.fields), "zone": "Europe/Moscow"}
"""Somebody of whom nothing is known."""

TABLES = (
    "DROP TABLE IF EXISTS people, lines",
    "CREATE TEMP TABLE people (id int, visits bigint, spent bigint, name text, attributes jsonb, vip boolean,"
    " tier text, place text, badges text[], born date, at timestamptz, zone text, category text[]) ON COMMIT DROP",
    "CREATE TEMP TABLE lines (person int, amount bigint, sku text, category text[], tags text[]) ON COMMIT DROP",
)
COLUMNS = ("visits", "spent", "name", "vip", "tier", "place", "badges", "born", "at", "zone", "category")


def person(**known: object) -> Fact:
    """A fact; what it knows of ``at`` it knows of its date, weekday and time."""
    fact: Fact = {**PERSON, **known}
    if fact["at"] is None:
        return fact
    there = local(fact["at"], fact["zone"])
    return {**fact, "date": there.date, "weekday": there.weekday, "time": there.minute}


def line(**known: object) -> Fact:
    return {**LINE, **known}


def fill(conn: "psycopg.Connection[Any]", people: list[Fact]) -> None:
    """Write the same people as rows of temporary tables, numbered from 0."""
    for statement in TABLES:
        conn.execute(statement)
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO people (id, attributes, {', '.join(COLUMNS)})"
            f" VALUES (%s, %s, {', '.join(['%s'] * len(COLUMNS))})",
            [
                (number, Jsonb({SIZE: one["size"]} if one["size"] else {}), *(one[name] for name in COLUMNS))
                for number, one in enumerate(people)
            ],
        )
        cursor.executemany(
            "INSERT INTO lines VALUES (%s, %s, %s, %s, %s)",
            [
                (number, *(part[name] for name in LINES.fields))
                for number, one in enumerate(people)
                for part in one["lines"] or ()
            ],
        )


def found(conn: "psycopg.Connection[Any]", made: Compiled) -> set[int]:
    """The people of whom an expression is true."""
    return {number for (number,) in conn.execute(f"SELECT id FROM people p WHERE {made.text}", made.parameters)}
