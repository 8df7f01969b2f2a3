"""``verno limit``."""

import json

import pytest
from click.testing import CliRunner, Result

from tests.builders import Shop, make_shop
from verno.cli import group
from verno.kit import db
from verno.limits import queries

DAILY = ("--subject", "member", "--measure", "receipts", "--window", "day", "--most", "5", "--hard")


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        return make_shop(conn)


def verno(*words: str) -> Result:
    return CliRunner().invoke(group, ["limit", *words])


def test_limits_come_are_listed_and_go(shop: Shop) -> None:
    assert verno("list").stderr == "there are no limits\n"
    added = json.loads(verno("add", *DAILY, "--json").stdout)
    assert {**added, "id": ""} == {
        "id": "", "subject": "member", "measure": "receipts", "unit": None, "window": "day", "most": 5, "hard": True,
        "place": None,
    }  # fmt: skip
    line = verno(
        "add", "--subject=till", "--measure=spent", "--window=hour", "--most=100", "--soft", "--place=msk-1"
    ).stdout.strip()
    assert line.endswith(": at most 100 spent points per hour and till at msk-1, soft")
    listed = json.loads(verno("list", "--json").stdout)["limits"]
    assert (listed[0], [one["subject"] for one in listed]) == (added, ["member", "till"])
    assert json.loads(verno("remove", added["id"], "--json").stdout) == {"removed": added["id"]}
    assert verno("list").stdout.strip() == line


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", *DAILY, "--place", "nowhere"), 1, "--place: no store has the code nowhere"),
        (("add", *DAILY, "--unit", "points"), 1, "--unit: receipts are counted without a unit"),
        (("add", *DAILY[:-1]), 2, "--hard"),
        (("add", *DAILY[:-2], "-1", "--hard"), 2, "--most"),
        (("remove", "x"), 1, "there is no limit x; see: verno limit list"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(shop: Shop, words: tuple[str, ...], code: int, said: str) -> None:
    result = verno(*words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    with db.transaction() as conn:
        assert queries.limits(conn, shop.program.id) == ()
