"""``verno replay``."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import back, rule, sale, sold
from tests.replay.test_runs import BONUS, HALF
from verno.cli import group
from verno.intake import context
from verno.kit import db
from verno.replay.runs import queries, working
from verno.replay.runs.types import State

NOW = datetime.now(UTC)


@pytest.fixture
def counter(database: str) -> Counter:
    """Points worth 0.10, three sales of 300.00 on three days."""
    with db.transaction() as conn:
        counter = open_counter(conn, now=NOW - timedelta(days=30))
        db.enter(conn, counter.program.id)
        rule(conn, counter, "spend.value", 10)
        for n in range(3):
            sold(conn, counter, sale(f"S-{n}", 300_00, at=NOW - timedelta(days=n)), now=NOW)
    context.forget()
    return counter


def verno(*words: str) -> Result:
    return CliRunner().invoke(group, list(words))


def file(tmp_path: Path, body: object, name: str = "half.json") -> str:
    path = tmp_path / name
    path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return str(path)


def test_what_came_back_is_taken_out_unless_it_is_told_not_to(counter: Counter, tmp_path: Path) -> None:
    with db.transaction(counter.program.id) as conn:
        back(conn, counter, "R-1", now=NOW, at=NOW)
    half = file(tmp_path, HALF)
    counts = [json.loads(verno("replay", half, "--json", *more).stdout)["receipts"] for more in ((), ("--as-sold",))]
    assert counts == [2, 3]


def test_a_file_is_replayed(counter: Counter, tmp_path: Path) -> None:
    losers = tmp_path / "losers.csv"
    half = file(tmp_path, HALF)
    done = verno("replay", half, "--losers", str(losers))
    assert done.exit_code == 0, done.output
    assert "3 receipts of 1 members, 900.00 RUB" in done.stdout
    assert "0 members win, 1 lose; together -45.00" in done.stdout
    (row,) = csv.DictReader(losers.read_text().splitlines())
    assert row == {
        "member": counter.member_id, "external_id": "m-1", "card": "CARD0001", "spent": "900.00", "current": "90.00",
        "draft": "45.00", "loss": "45.00",
    }  # fmt: skip
    since = (NOW - timedelta(days=1)).astimezone(ZoneInfo(counter.program.timezone)).date()
    found = json.loads(verno("replay", half, "--since", str(since), "--json").stdout)
    assert (found["receipts"], found["loss"], found["above_budget"]) == (2, 3000, False)
    assert "run" not in found


def test_a_draft_is_replayed_and_keeps_it(counter: Counter, tmp_path: Path) -> None:
    verno("promotions", "save", file(tmp_path, BONUS, "bonus.json"))
    found = json.loads(verno("replay", "--draft", "1", "--json").stdout)
    assert (found["kept"], found["above_budget"]) == (True, True)
    told = verno("replay", "--draft", "1")
    assert "budget of bonus: 100 of 100 points (ever), used up on" in told.stdout
    assert "kept with draft 1, revision 1, above its budget: somebody has to agree to that" in told.stdout
    kept = json.loads(verno("promotions", "show", "1").stdout)["draft"]
    assert (kept["above_budget"], kept["result"]["over"][0]["rule"]) == (True, "bonus")
    verno("set", "promotions.review", "off")
    refused = verno("promotions", "publish", "1")
    assert (refused.exit_code, "nobody has agreed to that" in refused.stderr) == (1, True)
    verno("promotions", "save", file(tmp_path, BONUS), "--draft", "1")
    stale = json.loads(verno("promotions", "show", "1").stdout)["draft"]
    assert (stale["revision"], stale["result"]["revision"]) == (2, 1)
    assert verno("promotions", "publish", "1").exit_code == 1, "the edit has not made it cheaper"
    assert verno("promotions", "publish", "1", "--above-budget").exit_code == 0


def test_ctrl_c_leaves_a_run_that_is_over(counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verno("promotions", "save", file(tmp_path, HALF))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(working._UnderWay, "step", stopped)
    assert verno("replay", "--draft", "1").exit_code == 130
    with db.transaction(counter.program.id) as conn:
        (run,) = queries.runs(conn, counter.program.id, now=NOW)
    assert run.state is State.CANCELLED


def test_one_receipt(counter: Counter, tmp_path: Path) -> None:
    half = file(tmp_path, HALF)
    told = verno("replay", half, "--receipt", "S-1")
    assert told.exit_code == 0, told.output
    assert "now: 300.00 less 0.00 leaves 300.00; points {'points': 300}" in told.stdout
    assert "rule base: +150: 1 for every full 2.00 of the 300.00 RUB paid" in told.stdout
    found = json.loads(verno("replay", half, "--receipt", "S-1", "--json").stdout)
    assert (found["current"]["points"], found["draft"]["points"]) == ({"points": 300}, {"points": 150})


@pytest.mark.parametrize(
    ("body", "words", "code", "said"),
    [
        (None, (), 2, "name a FILE or a --draft"),
        (HALF, ("--draft", "1"), 2, "name a FILE or a --draft"),
        (None, ("--draft", "7"), 1, "there is no draft 7"),
        (None, ("--draft", "0"), 2, "0 is not in the range"),
        (b"[1", (), 1, "is not a rulebook"),
        (b"[]", (), 1, "is not a rulebook"),
        (b"\xff", (), 1, "is not a rulebook"),
        (b"[" * 100_000, (), 1, "is not a rulebook"),
        ({"rules": 1}, (), 1, "a rulebook has rules"),
        ({"rules": [{"id": "x"}]}, (), 1, "effects"),
        ({"rules": [{"id": "x", "effects": [{"type": "earn_per_full", "unit": "stars", "points": 1, "per": 1}]}]},
         (), 1, "stars"),
        (HALF, ("--since", "monday"), 2, "does not match the format"),
        (HALF, ("--receipt", "S-77"), 1, "there is no receipt S-77"),
        (HALF, ("--losers", "/nowhere/x.csv"), 1, "/nowhere/x.csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(
    counter: Counter, tmp_path: Path, body: object, words: tuple[str, ...], code: int, said: str
) -> None:
    files = () if body is None else (file(tmp_path, body),)
    result = verno("replay", *files, *words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_an_unfinished_draft_is_not_replayed(counter: Counter, tmp_path: Path) -> None:
    verno("promotions", "save", file(tmp_path, {"rules": [{"id": "x"}]}))
    for more in ((), ("--receipt", "S-1")):
        result = verno("replay", "--draft", "1", *more)
        assert (result.exit_code, "effects" in result.stderr) == (1, True), result.output
