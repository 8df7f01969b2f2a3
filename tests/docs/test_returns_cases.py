"""The worked cases of docs/explanation/returns.md, run against the real street."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import give, have, returns, rule, sale, settle, spending, step
from verno.intake.returns.types import Original, Return
from verno.intake.steps.types import Capture
from verno.intake.types import LineQuantity, Outcome, Parked, Refused, Replayed, Settled

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/returns.md"
CASES = re.findall(r"^## ([^\n]+)\n|^```returns\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?P<verb>sale|hold|capture|return|void)(?: (?P<what>.*?))? +-> (?P<told>.+)")
SALE = re.compile(r"(?P<prices>[\d., ]+?)(?: spend (?P<spend>\d+))?(?: as (?P<name>\w))?")
BACK = re.compile(r"(?P<lines>(?:\d+x\d+(?:, )?)*)(?: ?of (?P<of>\w)|(?P<name>\w))?")


def cases() -> list[tuple[str, str]]:
    """Return (heading, lines) of each case."""
    out, heading = [], ""
    for title, lines in CASES:
        heading = title or heading
        if lines:
            out.append((heading, lines))
    return out


class Till:
    """One case on its way."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.counter: Counter = open_counter(conn)
        rule(conn, self.counter, "spend.value", 100)
        give(conn, self.counter, 1000)
        self.clock = 0
        self.last = "S"

    def run(self, verb: str, what: str) -> Outcome:
        """Do one line."""
        self.clock += 1
        now = NOW + timedelta(seconds=self.clock)
        if verb in {"sale", "hold"}:
            found = SALE.fullmatch(what)
            assert found, what
            self.last = found["name"] or "S"
            prices = [int(Decimal(price) * 100) for price in found["prices"].split(",")]
            wishes = spending(int(found["spend"])) if found["spend"] else []
            receipt = sale(self.last, *prices, spend=wishes, hold=verb == "hold")
            return settle(self.conn, self.counter, receipt, now=now)[0]
        found = BACK.fullmatch(what)
        assert found, what
        name = found["of"] or found["name"] or self.last
        lines = [LineQuantity(*_pair(part)) for part in found["lines"].split(", ") if part] or None
        if verb == "capture":
            return step(self.conn, self.counter, f"msk-1~~{name}", Capture(lines=lines), now)
        wanted = Return(f"R-{self.clock}", "msk-1", NOW, Original(place="msk-1", number=name), lines=lines)
        return returns(self.conn, self.counter, wanted, now=now)[0]

    def has(self) -> dict[str, int]:
        """Return what the member has."""
        balance = have(self.conn, self.counter, NOW + timedelta(seconds=self.clock))
        return {"has": balance.available, "debt": balance.debt}


def _pair(text: str) -> tuple[int, str]:
    line, _, quantity = text.partition("x")
    return int(line), quantity


def figures(outcome: Outcome) -> Mapping[str, int]:
    """Return what an answer says, by the page's words."""
    assert isinstance(outcome, Settled | Replayed), outcome
    body = msgspec.json.decode(outcome.answer, type=dict[str, object])
    (points,) = cast("list[dict[str, int]]", body["points"])
    names = {"earned": "earned", "spent": "spent", "taken_back": "taken", "put_back": "put", "recovered": "recovered"}
    told = {names[name]: number for name, number in points.items() if name in names}
    for name, word in (("to_pay", "pay"), ("refund", "refund")):
        if name in body:
            told[word] = cast("int", body[name])
    return told


def test_the_page_has_its_cases() -> None:
    assert len(cases()) >= 8


@pytest.mark.parametrize(("heading", "lines"), cases(), ids=[f"{i} {h}" for i, (h, _) in enumerate(cases())])
def test_case(conn: psycopg.Connection, heading: str, lines: str) -> None:
    till = Till(conn)
    for line in lines.splitlines():
        if line.startswith("set "):
            rule(conn, till.counter, *line.split()[1:])
            continue
        found = LINE.fullmatch(line)
        assert found, line
        outcome = till.run(found["verb"], (found["what"] or "").strip())
        told = found["told"]
        if told.startswith("refused"):
            assert isinstance(outcome, Refused), line
            assert told == f"refused {outcome.reason}", line
        elif told == "parked":
            assert isinstance(outcome, Parked), line
        else:
            expected = dict(part.split(" ") for part in told.split(", "))
            said = {**figures(outcome), **till.has()}
            money = {"pay", "refund"}
            wanted = {k: int(Decimal(v) * 100) if k in money else int(v) for k, v in expected.items()}
            assert {name: said[name] for name in wanted} == wanted, line
