"""The tables of docs/reference/conditions.md, row by row in both readings, on a real PostgreSQL."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests.predicate import world
from tests.predicate.asking import Tree
from tests.predicate.asking import all_of as tree
from tests.predicate.languages import LANGUAGES
from verno.kit import localtime
from verno.predicate import types
from verno.predicate.closures import closure
from verno.predicate.explaining import explain
from verno.predicate.local import Local, local
from verno.predicate.operators import OPERATORS
from verno.predicate.operators.values import MAX_CATEGORIES
from verno.predicate.reading import read
from verno.predicate.sql import compiled
from verno.predicate.types import Kind, Refused, When, Wrong

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/conditions.md").read_text()
HOME = localtime.zone("Europe/Moscow")
NOW = When.at(datetime(2026, 11, 26, 9, tzinfo=UTC), HOME)
MIDNIGHT = datetime(2026, 11, 22, 21, tzinfo=UTC)
"""A Monday's in Moscow."""
FIELDS = {
    Kind.NUMBER: "visits",
    Kind.MONEY: "spent",
    Kind.TEXT: "name",
    Kind.CHOICE: "tier",
    Kind.FLAG: "vip",
    Kind.CODES: "badges",
    Kind.CATEGORY: "category",
    Kind.DATE: "born",
    Kind.MOMENT: "at",
    Kind.WEEKDAY: "weekday",
    Kind.TIME: "time",
}
Row = list[str]


def tables() -> dict[str, list[Row]]:
    """Return the rows of the page's tables by their headings; equal headings are one table."""
    out: dict[str, list[Row]] = {}
    for head, body in re.findall(r"^\| (.+) \|\n\|[-|]+\|\n((?:\|.+\|\n)+)", PAGE, re.MULTILINE):
        out.setdefault(head, []).extend(
            [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()
        )
    return out


TABLES = tables()
OPERATORS_ROWS = TABLES["kind | operator | value | true of | not true of"]
ANNIVERSARIES = TABLES["asked on | N | true of | not true of"]
CLOCKS = TABLES["moment | zone | date | weekday | time"]
PARTS = TABLES["match | true of | not true of"]


def bare(cell: str) -> str:
    return cell.strip("`")


def values(cell: str) -> list[object]:
    """What stands in a cell: JSON between backticks, and ``nothing``."""
    found = [json.loads(said) for said in re.findall(r"`([^`]+)`", cell)]
    return [*found, *([None] if "nothing" in cell else [])]


def said(kind: Kind, value: object) -> SimpleNamespace:
    """Somebody of whom a field says so."""
    match kind, value:
        case Kind.DATE, str(day):
            return world.person(born=date.fromisoformat(day))
        case Kind.MOMENT, str(moment):
            return world.person(at=datetime.fromisoformat(moment))
        case Kind.WEEKDAY, int(weekday):
            return world.person(at=MIDNIGHT + timedelta(days=weekday - 1))
        case Kind.TIME, str(time):
            return world.person(at=MIDNIGHT + timedelta(hours=int(time[:2]), minutes=int(time[3:])))
        case _:
            who = world.person()
            setattr(who, FIELDS[kind], value)
            return who


def holds(
    conn: "psycopg.Connection[Any]", asked: Tree, when: When, yes: list[SimpleNamespace], no: list[SimpleNamespace]
) -> None:
    """See that a tree is true of these, and not of those, in both readings."""
    node = read(asked, world.PEOPLE)
    assert not isinstance(node, Refused), node
    people = [*yes, *no]
    python = closure(node)
    assert [python(one, when) for one in people] == [True] * len(yes) + [False] * len(no)
    world.fill(conn, people)
    assert world.found(conn, compiled(node, when)) == set(range(len(yes)))


@pytest.mark.parametrize("row", OPERATORS_ROWS, ids=" ".join)
def test_operators(conn: "psycopg.Connection[Any]", row: Row) -> None:
    named, operator, operand, yes, no = row
    for kind in [Kind.TEXT, Kind.CODES] if named == "any" else [Kind(named)]:
        told = [values(cell) for cell in (yes, no)]
        if named == "any":
            shape = str if kind is Kind.TEXT else list
            told = [[one for one in cell if one is None or isinstance(one, shape)] for cell in told]
        rule = {
            "field": FIELDS[kind],
            "operator": bare(operator),
            "value": json.loads(bare(operand) if operand else "null"),
        }
        holds(conn, tree(rule), NOW, *[[said(kind, one) for one in cell] for cell in told])


def test_the_page_has_every_operator_and_its_missing_value() -> None:
    told = {(kind, bare(operator)) for kind, operator, *_ in OPERATORS_ROWS}
    for kind in OPERATORS:
        alike = Kind.NUMBER if kind is Kind.MONEY else kind
        lacking = {name for name in OPERATORS[kind] if not {(alike, name), ("any", name)} & told}
        assert lacking <= {"anniversaryWithin"}, kind
    assert all("nothing" in yes + no for *_, yes, no in OPERATORS_ROWS)


@pytest.mark.parametrize("row", ANNIVERSARIES, ids=" ".join)
def test_anniversaries(conn: "psycopg.Connection[Any]", row: Row) -> None:
    on, days, yes, no = row
    rule = {"field": "born", "operator": "anniversaryWithin", "value": int(days)}
    when = When(NOW.now, date.fromisoformat(on))
    holds(conn, tree(rule), when, *[[said(Kind.DATE, one) for one in values(cell)] for cell in (yes, no)])


@pytest.mark.parametrize("row", CLOCKS, ids=" ".join)
def test_clocks(conn: "psycopg.Connection[Any]", row: Row) -> None:
    moment, zone, day, weekday, time = row
    at = datetime.fromisoformat(moment)
    expected = Local(date.fromisoformat(day), int(weekday), int(time[:2]) * 60 + int(time[3:]))
    assert local(at, zone) == expected
    assert When.at(at, localtime.zone(zone)) == When(at, expected.date)
    world.fill(conn, [world.person(at=at, zone=zone)])
    assert conn.execute(f"SELECT {', '.join(world.LOCAL)} FROM people p").fetchall() == [tuple(expected)]


def bought(sku: str, amount: str) -> SimpleNamespace:
    return world.line(sku=None if sku == "?" else sku, amount=None if amount == "?" else int(amount))


def receipts(cell: str) -> Iterator[SimpleNamespace]:
    for one in cell.split(";"):
        lines = [words.split() for words in one.split(",") if words.strip() != "nothing"]
        yield world.person(lines=[bought(sku, amount) for sku, amount in lines])
        if not lines:
            yield world.person(lines=None)


@pytest.mark.parametrize("row", PARTS, ids=" ".join)
def test_parts(conn: "psycopg.Connection[Any]", row: Row) -> None:
    match, yes, no = row
    tea = tree({"field": "sku", "operator": "=", "value": "tea"})
    rule = {"field": "lines", "match": json.loads(bare(match)), "value": tea}
    holds(conn, tree(rule), NOW, list(receipts(yes)), list(receipts(no)))


def test_the_page_has_every_mode() -> None:
    assert {json.loads(bare(row[0]))["mode"] for row in PARTS} == set(types.Mode)


def test_the_tree_of_the_page_explains_itself() -> None:
    [shape] = re.findall(r"^```json\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    node = read(json.loads(shape), world.PEOPLE)
    assert not isinstance(node, Refused), node
    green = world.line(category=["food", "tea", "green"])
    who = world.person(tier="c", born=date(1990, 11, 26), badges=["a"], lines=[green, world.line()])
    for code, language in LANGUAGES.items():
        told = [words for spoken, words in TABLES["language | words"] if spoken == code]
        assert [reason.text for reason in explain(node, who, NOW, language)] == told
        assert len(told) == 3


def test_the_limits_of_the_page() -> None:
    told = [int(most.replace(",", "")) for _, most in TABLES["what | at most"]]
    assert told == [
        types.MAX_DEPTH,
        types.MAX_NODES,
        types.MAX_LIST,
        MAX_CATEGORIES,
        types.MAX_VALUES,
        types.MAX_PATH,
        types.MAX_TEXT,
        types.MAX_NUMBER,
        types.MAX_DAYS,
        types.MAX_AROUND,
    ]


def test_the_reasons_of_the_page() -> None:
    told = {word for reasons, _ in TABLES["reason | of"] for word in re.findall(r"`([^`]+)`", reasons)}
    assert told == set(Wrong)
