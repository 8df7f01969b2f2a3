"""``verno set``, ``verno get`` and ``verno unit``."""

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.workspace.conftest import printed
from verno.kit import db
from verno.workspace import audit, queries, registry

Verno = Callable[..., Result]


def test_a_value_is_set_shown_and_taken_back(verno: Verno) -> None:
    said = verno("set", "hold.default_seconds", "60")
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.startswith("hold.default_seconds = 60 (program): ")
    assert printed(verno("get", "hold.default_seconds", "--json")) == {
        "hold.default_seconds": {"key": "hold.default_seconds", "value": 60, "origin": "program", "text": "60"}
    }
    assert printed(verno("set", "hold.default_seconds", "default", "--json"))["origin"] == "default"


def test_a_place_s_own_value(verno: Verno) -> None:
    verno("set", "hold.late_capture", "rehold", "--scope", "place=msk-1")
    assert printed(verno("get", "hold.late_capture", "--json"))["hold.late_capture"]["value"] == "refuse"
    here = printed(verno("get", "--scope", "place=msk-1", "--json"))
    assert (here["hold.late_capture"]["value"], here["hold.late_capture"]["origin"]) == ("rehold", "place=msk-1")
    assert "points.expiry" not in here


def test_all_settings_are_shown(verno: Verno) -> None:
    shown = verno("get").stdout.splitlines()
    assert [line.split(" ")[0] for line in shown] == list(registry.REGISTRY)
    assert "points.expiry = never (default): when points end (docs/explanation/expiry.md)" in shown
    assert list(printed(verno("get", "--json"))) == list(registry.REGISTRY)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("set", "hold.default_seconds", "0"), "hold.default_seconds may be: 1 to 86400"),
        (("set", "hold.late_capture", "yes"), "hold.late_capture may be: refuse, rehold"),
        (("set", "transfers.between_members", "true"), "transfers.between_members may be: on, off"),
        (("set", "points.expiry", "weeks:2"), "points.expiry may be: never, days:180, months:12, end-of-month"),
        (("set", "points.activation", "event:"), "points.activation may be: at-once, days:14"),
        (("set", "spend.value", "1.5"), "spend.value may be: none, 1 to 1000000000"),
        (("set", "spend.value", "100", "--scope", "unit=stamps"), "there is no unit stamps; there are: points"),
        (("set", "spend.value", "100", "--scope", "place=msk-1"), "spend.value is set for: unit=CODE"),
        (("set", "spend.max_share", "50", "--scope", "place=msk-9"), "there is no place msk-9"),
        (("set", "spend.maxshare", "50"), "there is no setting spend.maxshare; there are: intake.unknown_place"),
        (("get", "spend.maxshare"), "there is no setting spend.maxshare; there are: intake.unknown_place"),
        (("get", "--scope", "moon"), "a scope is one of: program, network, region=CODE"),
        (("get", "spend.value", "--scope", "program"), "spend.value is set for: unit=CODE"),
        (("unit", "add", "--code", "Status"), "--code may have up to 40 small Latin letters"),
        (("unit", "add", "--code", "points"), "the program has a unit of this code already"),
        (("unit", "add", "--code", "status", "--expiry", "soon"), "--expiry may be: never, days:180"),
    ],
)
def test_a_refusal_names_the_key_and_what_is_allowed(verno: Verno, words: tuple[str, ...], sentence: str) -> None:
    refused = verno(*words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"verno: {sentence}" if words[0] != "unit" else "verno: --")
    assert sentence in refused.stderr
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM workspace_setting").fetchone() == (0,)
        assert len(queries.units(conn, queries.only_program(conn).id)) == 1


def test_a_unit_is_added_and_listed(verno: Verno) -> None:
    made = printed(verno("unit", "add", "--code", "status", "--scale", "0", "--json"))
    assert made | {"id": ""} == {"id": "", "code": "status", "scale": 0, "expiry": "never", "spend_value": None}
    gift = verno("unit", "add", "--code", "gift", "--scale", "2", "--expiry", "end-of-year+2", "--spend-value", "100")
    assert gift.stdout == "gift: 2 decimals, expiry end-of-year+2, one pays 100 minor units\n"
    assert gift.stderr == ""
    units = printed(verno("unit", "list", "--json"))["units"]
    assert [(unit["code"], unit["expiry"], unit["spend_value"]) for unit in units] == [
        ("points", "never", None),
        ("status", "never", None),
        ("gift", "end-of-year+2", 100),
    ]
    assert verno("unit", "list").stdout.splitlines()[1] == "status: 0 decimals, expiry never, cannot be spent"
    wrong = verno("unit", "add", "--code", "x", "--scale", "3")
    assert wrong.exit_code == 2
    assert "--scale" in wrong.stderr


def test_more_than_a_fifth_is_obeyed_with_a_warning(verno: Verno) -> None:
    """One point for every full rouble (100): worth 20 kopecks it is 20 %."""
    fine = verno("set", "spend.value", "20")
    assert (fine.exit_code, fine.stderr) == (0, "")
    much = verno("set", "spend.value", "21", "--scope", "unit=points", "--json")
    assert printed(much)["value"] == 21
    assert much.stderr.startswith("verno: warning: a point of points pays 21 % of the spending that earns it")
    verno("unit", "add", "--code", "status")
    other = verno("set", "spend.value", "100", "--scope", "unit=status")
    assert (other.exit_code, other.stderr) == (0, ""), "nothing earns it"


def test_the_audit_names_the_operator(verno: Verno) -> None:
    verno("set", "claim.days", "9")
    verno("unit", "add", "--code", "status")
    with db.transaction() as conn:
        told = audit.page(conn, queries.only_program(conn).id)
    assert {(one.actor_kind, one.action) for one in told if one.actor_kind == "operator"} == {
        ("operator", "setting.set"),
        ("operator", "unit.add"),
    }
