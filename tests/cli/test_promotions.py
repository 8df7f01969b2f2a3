"""``verno promotions``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.builders import Shop, make_shop
from verno.cli import group
from verno.kit import db
from verno.promotions import queries

RULES = {"rules": [{"id": "base", "promotion": "spring", "effects": [
    {"type": "earn_per_full", "unit": "points", "points": 1, "per": 50}]}]}  # fmt: skip


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        return make_shop(conn)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "spring.json"
    path.write_text(json.dumps(RULES))
    return str(path)


def verno(*words: str) -> Result:
    return CliRunner().invoke(group, ["promotions", *words])


def alone() -> None:
    assert CliRunner().invoke(group, ["set", "promotions.review", "off"]).exit_code == 0


def test_a_program_of_one_saves_publishes_and_rolls_back(shop: Shop, file: str) -> None:
    saved = json.loads(verno("save", file, "--json").stdout)
    assert (saved["draft"]["number"], saved["draft"]["title"], saved["problems"]) == (1, "spring", [])
    assert verno("submit", "1").stdout.startswith("draft 1: submitted, revision 1")
    refused = verno("approve", "1")
    assert (refused.exit_code, "somebody else has to read" in refused.stderr) == (1, True)
    assert verno("publish", "1").exit_code == 1, "nobody has approved it"
    alone()
    assert verno("publish", "1").stdout.startswith("version 2 holds from ")
    assert json.loads(verno("show", "current").stdout)["body"]["rules"][0]["effects"][0]["per"] == 50
    assert json.loads(verno("roll-back", "v1", "--json").stdout)["version"] == 3
    assert json.loads(verno("show", "current").stdout)["body"]["rules"][0]["effects"][0]["per"] == 100
    listed = json.loads(verno("list", "--json").stdout)
    assert [one["version"] for one in listed["rulebooks"]] == [3, 2, 1]
    assert [(one["number"], one["state"]) for one in listed["drafts"]] == [(1, "published")]
    assert "v3: holds" in verno("list").stdout


def test_what_is_to_hold_later_is_withdrawn(shop: Shop, file: str) -> None:
    alone()
    verno("save", file)
    assert verno("publish", "1", "--at", "2027-01-01").exit_code == 1
    year = 2100
    assert verno("publish", "1", "--at", f"{year}-01-01T00:00:00Z").exit_code == 1, "too far"
    with db.transaction() as conn:
        (first,) = queries.rulebooks(conn, shop.program.id)
    assert first.version == 1
    from verno.kit.clock import clock

    at = clock.now().replace(microsecond=0).isoformat().replace(str(clock.now().year), str(clock.now().year + 1), 1)
    assert verno("publish", "1", "--at", at).exit_code == 0
    assert json.loads(verno("show", "current").stdout)["version"] == 1
    assert verno("withdraw", "v2").stdout == "version 2 withdrawn\n"
    assert json.loads(verno("show", "1").stdout)["draft"]["state"] == "withdrawn"


def test_pause_and_resume(shop: Shop, file: str) -> None:
    alone()
    verno("save", file)
    verno("publish", "1")
    assert verno("pause", "promotion=spring").stdout == "paused promotion=spring\n"
    assert json.loads(verno("pause", "base", "--json").stdout) == {"paused": {"kind": "rule", "code": "base"}}
    with db.transaction() as conn:
        assert [one.code for one in queries.pauses(conn, shop.program.id)] == ["spring", "base"]
    assert "paused: promotion spring" in verno("list").stdout
    for what in ("promotion=spring", "base"):
        assert verno("resume", what).exit_code == 0
    with db.transaction() as conn:
        assert queries.pauses(conn, shop.program.id) == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "7"), "there is no draft 7"),
        (("show", "v7"), "there is no version v7"),
        (("show", "x"), "x is not a version"),
        (("roll-back", "7"), "there is no version 7"),
        (("pause", "nothing"), "no rulebook that holds or will has such a rule"),
        (("publish", "1", "--at", "monday"), "is not a time with an offset"),
        (("reject", "9", "--comment", "no"), "there is no draft 9"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(shop: Shop, words: tuple[str, ...], said: str) -> None:
    result = verno(*words)
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr


def test_an_unfinished_file_says_what_it_lacks(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"rules": [{"id": "x"}]}')
    assert "effects" in verno("save", str(path)).stdout
    refused = verno("submit", "1")
    assert (refused.exit_code, "effects" in refused.stderr) == (1, True)
    path.write_text("[1")
    assert verno("save", str(path)).exit_code == 1
