"""The worked cases of docs/explanation/limits.md, run against the real desk and its tables."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.builders import holder, make_shop
from tests.limits.builders import limit, setup, use
from verno.limits import queries, service
from verno.limits.types import Figures, Limit, NewLimit, OverLimit
from verno.workspace import queries as workspace

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/limits.md"
CASES = re.findall(r"^```limits\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
MIDNIGHT = datetime.fromisoformat("2026-11-25T00:00+03:00")
LIMIT = re.compile(r"limit +(\w+) (\w+), most (\d+) a (\w+), (hard|soft)")
STEP = re.compile(r"(?:\+(?P<day>\d) )?(?P<clock>\d\d:\d\d) +(?P<what>.+?)(?: +-> (?P<told>.+))?")
USE = re.compile(
    r"(?P<who>ann|bob) (?:buys|spends (?P<spent>\d+))(?: as (?P<key>\w))?(?: until (?P<until>\d\d:\d\d))?"
    r"(?P<also>, a receipt)?"
)
LATER = re.compile(
    r"(?P<verb>cancel|void|capture|return) (?P<key>\w)(?: with (?P<points>\d+) (?P<figure>spent|receipt))?"
)


class Shop:
    """The people and the limits of one case."""

    def __init__(self, conn: psycopg.Connection, wanted: list[NewLimit]) -> None:
        self.conn = conn
        self.program = make_shop(conn).program.id
        self.limits: tuple[Limit, ...] = setup(conn, self.program, *wanted)
        self.people = {"ann": holder(), "bob": holder()}
        self.operations: dict[str, str] = {}

    def buys(self, step: dict[str, str | None], now: datetime) -> OverLimit | None:
        one = use(
            self.people[step["who"] or ""],
            at=now,
            receipts=1 if step["spent"] is None or step["also"] else 0,
            spent={"points": int(step["spent"] or 0)},
            until=clock(step["until"]) if step["until"] else None,
            cashier="vera",
        )
        self.operations[step["key"] or "?"] = one.operation_id
        desk = service.open_counters(self.conn, self.program, self.limits, [one], now=now)
        over = desk.admit(one)
        desk.write(self.conn)
        return over

    def goes_back(self, step: dict[str, str | None], now: datetime) -> OverLimit | None:
        operation = self.operations[step["key"] or ""]
        points = int(step["points"] or 0)
        figures = Figures(points) if step["figure"] == "receipt" else Figures(spent={"points": points})
        desk = service.open_counters(self.conn, self.program, self.limits, (), known=[operation], now=now)
        over = None
        if step["verb"] == "capture":
            over = desk.confirm(operation, figures)
        elif step["verb"] == "return":
            desk.hand_back(operation, figures)
        else:
            desk.free(operation)
        desk.write(self.conn)
        return over

    def told(self) -> int:
        return len(queries.alerts(self.conn, self.program))


def clock(text: str, day: str | None = None) -> datetime:
    hours, minutes = text.split(":")
    return MIDNIGHT + timedelta(days=int(day or 0), hours=int(hours), minutes=int(minutes))


def test_the_page_has_its_cases() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("case", CASES)
def test_case(conn: psycopg.Connection, case: str) -> None:
    lines = case.splitlines()
    wanted = [
        limit(subject, measure, window, most=int(most), hard=force == "hard")
        for subject, measure, most, window, force in LIMIT.findall(case)
    ]
    shop = Shop(conn, wanted)
    assert workspace.program(conn, shop.program).timezone == "Europe/Moscow"
    for line in lines[len(wanted) :]:
        step = STEP.fullmatch(line)
        assert step, line
        now, before = clock(step["clock"], step["day"]), shop.told()
        uses, later = USE.fullmatch(step["what"]), LATER.fullmatch(step["what"])
        assert uses or later, line
        over = shop.buys(uses.groupdict(), now) if uses else shop.goes_back(later.groupdict(), now) if later else None
        said = "passes" if over is None else f"refused, {over.left} left"
        said += ", alert" if shop.told() > before else ""
        assert said == (step["told"] or "passes"), line
