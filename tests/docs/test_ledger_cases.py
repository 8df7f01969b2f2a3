"""The worked cases of docs/explanation/ledger.md, run against the real planner."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.bookkeeper import Bookkeeper, in_short
from verno.ledger.types import (
    Activate,
    Capture,
    Earn,
    Entry,
    Extend,
    Hold,
    Merge,
    Operation,
    PutBack,
    Refused,
    Reinstate,
    Release,
    Shorten,
    Spend,
    TakeBack,
    TransferKind,
    Unmerge,
)

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/ledger.md"
CASES = re.findall(r"^## ([^\n]+)\n|^```ledger\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
STEP = re.compile(
    r"(?P<now>\S+)\s+(?P<who>Bob )?"
    r"(?P<verb>earn|spend|hold|capture|release|take back|put back|activate|reinstate|lengthen|shorten|merge|undo)"
    r"(?: (?P<points>\d+))?(?P<rest>.*?)\s*->\s*(?P<told>.+)"
)
WORDS = re.compile(r"(dated|begins|ends|lapses|until|since|before|awaits|key|as|of) (\S+?)(?=,|\s|$)")
FIGURES = ("available", "pending", "held", "debt")


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
    assert len(cases()) >= 18


class Page:
    """One case at work: the books, and when the operations happened that later lines name."""

    def __init__(self) -> None:
        self.keeper = Bookkeeper()
        self.at: dict[str, datetime] = {}

    def run(self, number: int, line: str) -> None:
        step = STEP.fullmatch(line)
        assert step, line
        words = dict(WORDS.findall(step["rest"]))
        now = moment(step["now"])
        key = words.get("key") or words.get("as") or f"line {number}"
        entry = self.entry(step, words, moment(words["dated"]) if "dated" in words else now)
        self.at.setdefault(key, entry.at)
        body = re.sub(r"\W", "", f"{step['verb']}{step['points']}").encode().hex()
        (result,) = self.keeper.post([Operation(key, key, "ann", body, (entry,))], now=now)
        if isinstance(result, Refused):
            assert step["told"] == f"refused {result.reason}", line
            return
        account = self.keeper.accounts["ann", "points"]
        told = re.findall(r"(available|pending|held|debt) (\d+)", step["told"])
        assert told, line
        for name, figure in told:
            assert getattr(account, name) == int(figure), (line, account)
        assert step["told"].startswith("replayed") == (in_short(result)[0] == "replayed"), line

    def entry(self, step: re.Match[str], words: dict[str, str], at: datetime) -> Entry:
        """Say a line in the ledger's words."""
        who = "bob" if step["who"] else "ann"
        side, points = (who, "points"), int(step["points"] or 0)
        named = words.get("of") or step["rest"].split()[0] if step["rest"].strip() else ""
        then = self.at.get(named, at)
        dates = {
            name: moment(words[name])
            for name in ("begins", "ends", "lapses", "until", "since", "before")
            if name in words
        }
        ends, lapses, until = dates.get("ends"), dates.get("lapses"), dates.get("until", at + GRACE)
        entries: dict[str, Entry] = {
            "earn": Earn(*side, points, at, dates.get("begins"), ends, words.get("awaits"), lapses),
            "spend": Spend(*side, points, at, lapses),
            "hold": Hold(*side, points, at, until),
            "capture": Capture(*side, points, at, named, "again" in step["rest"]),
            "release": Release(*side, at, named),
            "take back": TakeBack(*side, points, at, named, then, "written off" in step["rest"]),
            "put back": PutBack(*side, points, at, named, then, until),
            "activate": Activate(*side, at, named, then, "delivered", at, ends),
            "reinstate": Reinstate(*side, at, dates.get("since", at), until),
            "lengthen": Extend(*side, at, dates.get("before", at), "UTC", until=until),
            "shorten": Shorten(*side, at, named, then),
            "merge": Merge("bob", "ann", "points", at),
            "undo": Unmerge("bob", "ann", "points", at, named, then),
        }
        return entries[step["verb"]]


GRACE = timedelta(days=14)


@pytest.mark.parametrize(("heading", "lines"), cases(), ids=[f"{i} {h}" for i, (h, _) in enumerate(cases())])
def test_case(heading: str, lines: str) -> None:
    page = Page()
    for number, line in enumerate(lines.splitlines()):
        if line.startswith("story"):
            assert story(page.keeper) == [part.strip() for part in line.removeprefix("story").split("|")]
        else:
            page.run(number, line)


def story(keeper: Bookkeeper) -> list[str]:
    """Tell the transfers as the page does: those that are dated other than recorded say so."""
    return [
        f"{t.kind.replace('_', ' ')} {t.amount}"
        + (f" dated {t.at:%Y-%m-%d}" if t.kind is TransferKind.EXPIRE or t.at < t.recorded_at else "")
        for t in keeper.transfers.values()
    ]
