"""The worked cases of docs/explanation/ledger.md, run against the real planner."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engine.bookkeeper import Bookkeeper, in_short
from verno.ledger.types import Earn, Entry, Operation, Refused, Spend, TransferKind

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/ledger.md"
CASES = re.findall(r"^## ([^\n]+)\n|^```ledger\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
STEP = re.compile(
    r"(?P<now>\S+)\s+(?P<verb>earn|spend) (?P<points>\d+)(?: dated (?P<dated>\S+?))?(?:,? begins (?P<begins>\S+?))?"
    r"(?:,? ends (?P<ends>\S+?))?(?: key (?P<key>\w+))?\s*->\s*(?P<told>.+)"
)


def cases() -> list[tuple[str, str]]:
    """Return (heading, lines) of each case."""
    out, heading = [], ""
    for title, lines in CASES:
        heading = title or heading
        if lines:
            out.append((heading, lines))
    return out


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip(",")).replace(tzinfo=UTC)


def test_the_page_has_its_cases() -> None:
    assert len(cases()) >= 8


@pytest.mark.parametrize(("heading", "lines"), cases(), ids=[f"{i} {h}" for i, (h, _) in enumerate(cases())])
def test_case(heading: str, lines: str) -> None:
    keeper = Bookkeeper()
    for number, line in enumerate(lines.splitlines()):
        if line.startswith("story"):
            assert story(keeper) == [part.strip() for part in line.removeprefix("story").split("|")]
        else:
            run(keeper, number, line)


def run(keeper: Bookkeeper, number: int, line: str) -> None:
    step = STEP.fullmatch(line)
    assert step, line
    now = moment(step["now"])
    at = moment(step["dated"]) if step["dated"] else now
    begins, ends = (moment(step[part]) if step[part] else None for part in ("begins", "ends"))
    points = int(step["points"])
    entry: Entry = Spend("ann", "points", points, at)
    if step["verb"] == "earn":
        entry = Earn("ann", "points", points, at, begins, ends)
    key = step["key"] or f"line {number}"
    (result,) = keeper.post([Operation(key, key, "ann", str(points), (entry,))], now=now)
    said = in_short(result)
    if not isinstance(result, Refused):
        account = keeper.accounts["ann", "points"]
        state = {"available": account.available, "pending": account.pending}
        for name, figure in re.findall(r"(available|pending) (\d+)", step["told"]):
            assert state[name] == int(figure), line
        assert step["told"].startswith("replayed") == (said[0] == "replayed"), line
    else:
        assert step["told"] == f"refused {result.reason}", line


def story(keeper: Bookkeeper) -> list[str]:
    """Tell the transfers as the page does: those that are dated other than recorded say so."""
    return [
        f"{t.kind} {t.amount}"
        + (f" dated {t.at:%Y-%m-%d}" if t.kind is TransferKind.EXPIRE or t.at < t.recorded_at else "")
        for t in keeper.transfers.values()
    ]
