"""The worked cases of the pages about rules, row by row through the engine."""

import json
import re
from pathlib import Path

import pytest

from tests.rules.books import AT, compiled
from verno.rules import engine, stored
from verno.rules.checks import giving
from verno.rules.effects import AnyEffect
from verno.rules.facts import Facts, Line
from verno.rules.judging.choosing import MOST_TRIES

DOCS = Path(__file__).resolve().parents[2] / "docs/explanation"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("rules", "stacking", "rounding")}
HEAD = "| rulebook | receipt | off, by line | points | acted |\n|---|---|---|---|---|\n"
BOOKS = {
    name: json.loads(body)
    for page in PAGES.values()
    for name, body in re.findall(r"^### (\S+)\n\n```json\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
}
ROWS = [
    pytest.param(*[cell.strip() for cell in line.strip("|").split("|")], id=f"{name}-{line}")
    for name, page in PAGES.items()
    for body in re.findall(re.escape(HEAD) + r"((?:\|.+\|\n)+)", page)
    for line in body.splitlines()
]
LINE = re.compile(r"(\w+)(?: x([0-9.]+))? ([0-9.]+)")


def minor(said: str) -> int:
    return round(float(said) * 100)


def receipt(said: str) -> Facts:
    """Read ``tea x2 10.00; cup 8.00; points pay 0.01``; points pay of the first line."""
    lines = [LINE.fullmatch(part.strip()) for part in said.split(";") if "points pay" not in part]
    return Facts(
        AT,
        "Europe/Moscow",
        [
            Line(number, one[1], round(float(one[2] or 1) * 1000), minor(one[3]))
            for number, one in enumerate(lines, 1)
            if one is not None
        ],
        spends="points pay" in said,
    )


@pytest.mark.parametrize(("book", "said", "off", "points", "acted"), ROWS)
def test_a_row(book: str, said: str, off: str, points: str, acted: str) -> None:
    ready, facts = compiled(stored.read(BOOKS[book])), receipt(said)
    fired = engine.price(ready, facts)
    pay = re.search(r"points pay ([0-9.]+)", said)
    facts.lines[0].paid -= minor(pay[1]) if pay else 0
    facts.add_up()
    verdict = engine.settle(ready, facts, fired)
    assert [line.discount for line in facts.lines] == [minor(one) for one in off.split(";")]
    assert verdict.points.get("points", 0) == int(points)
    assert list(dict.fromkeys(one.rule for one in verdict.fired if one.matched)) == [
        one.strip() for one in acted.split(",") if one.strip()
    ]


def test_every_book_of_the_pages_is_used() -> None:
    assert {row.values[0] for row in ROWS} == set(BOOKS)
    assert len(ROWS) > 30


def test_the_page_has_every_effect() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGES["rules"], re.MULTILINE)
    assert told == [str(one.__struct_config__.tag) for one in AnyEffect.__args__]


def test_the_bound_of_the_page() -> None:
    assert f"At most {MOST_TRIES} sets" in PAGES["stacking"]
    assert giving.NEARLY < 10_000
