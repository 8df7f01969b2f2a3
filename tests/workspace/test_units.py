"""Several kinds of points in a program."""

import psycopg
import pytest

from tests.builders import NOW, make_shop
from verno.ledger import service as ledger
from verno.ledger.lifetime import EndOf, ForDays, Lifetime, OnEvent, Period
from verno.ledger.types import AccountKind
from verno.workspace import queries, settings
from verno.workspace import service as workspace
from verno.workspace.types import DebtPolicy, NewUnit, Unit, UnitRefusal


def test_units_are_added_in_order_with_what_they_start_with(conn: psycopg.Connection) -> None:
    program = make_shop(conn, life_days=180).program.id
    wanted = [NewUnit("status"), NewUnit("gift", 2, EndOf(Period.YEAR, 2), 100), NewUnit("a")]
    added = workspace.add_units(conn, program, wanted, now=NOW)
    units = queries.units(conn, program)
    assert [unit.code for unit in units] == ["points", "status", "gift", "a"]
    assert added == units[1:]
    assert [(unit.scale, unit.spend_value) for unit in units] == [(0, None), (0, None), (2, 100), (0, None)]
    assert [unit.lifetime for unit in units] == [
        Lifetime(ForDays(180)),
        Lifetime(),
        Lifetime(EndOf(Period.YEAR, 2)),
        Lifetime(),
    ]
    assert [unit.life_days for unit in units] == [180, None, None, None]


def test_the_first_unit_stays_the_first_when_the_clock_runs_back(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    for code in ("b", "a", "c"):
        workspace.add_units(conn, program, [NewUnit(code)], now=NOW.replace(year=2020))
    assert [unit.code for unit in queries.units(conn, program)] == ["points", "b", "a", "c"]


def test_a_unit_has_its_program_accounts(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    (added,) = workspace.add_units(conn, program, [NewUnit("status")], now=NOW)
    assert isinstance(added, Unit)
    rows = conn.execute("SELECT kind FROM ledger_account WHERE unit_id = %s", (added.id,)).fetchall()
    assert {kind for (kind,) in rows} == set(AccountKind) - {AccountKind.MEMBER}
    ledger.open_unit(conn, program, added.id, now=NOW)
    again = conn.execute("SELECT count(*) FROM ledger_account WHERE unit_id = %s", (added.id,)).fetchone()
    assert again == (len(rows),)


@pytest.mark.parametrize(
    ("unit", "refusal"),
    [
        (NewUnit(""), UnitRefusal.BAD_CODE),
        (NewUnit("Status"), UnitRefusal.BAD_CODE),
        (NewUnit("1st"), UnitRefusal.BAD_CODE),
        (NewUnit("with space"), UnitRefusal.BAD_CODE),
        (NewUnit("баллы"), UnitRefusal.BAD_CODE),
        (NewUnit("x" * 41), UnitRefusal.BAD_CODE),
        (NewUnit("new\n"), UnitRefusal.BAD_CODE),
        (NewUnit("a=b"), UnitRefusal.BAD_CODE),
        (NewUnit("fine", 3), UnitRefusal.BAD_SCALE),
        (NewUnit("fine", -1), UnitRefusal.BAD_SCALE),
        (NewUnit("points"), UnitRefusal.CODE_TAKEN),
    ],
)
def test_a_bad_unit_is_refused_and_its_neighbours_are_not(
    conn: psycopg.Connection, unit: NewUnit, refusal: UnitRefusal
) -> None:
    program = make_shop(conn).program.id
    first, refused, last = workspace.add_units(conn, program, [NewUnit("first"), unit, NewUnit("last")], now=NOW)
    assert refused is refusal
    assert [one.code for one in queries.units(conn, program)] == ["points", "first", "last"]
    assert isinstance(first, Unit)
    assert isinstance(last, Unit)


def test_the_same_code_twice_in_one_call(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    first, second = workspace.add_units(conn, program, [NewUnit("status"), NewUnit("status", 2)], now=NOW)
    assert isinstance(first, Unit)
    assert second is UnitRefusal.CODE_TAKEN
    assert queries.units(conn, program)[1].scale == 0


def test_there_is_a_limit(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    added = workspace.add_units(conn, program, [NewUnit(f"u{i}") for i in range(25)], now=NOW)
    assert [isinstance(one, Unit) for one in added] == [True] * 19 + [False] * 6
    assert added[-1] is UnitRefusal.TOO_MANY
    assert len(queries.units(conn, program)) == workspace.MOST_UNITS


def test_the_database_refuses_a_scale_too(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "INSERT INTO workspace_unit (id, program_id, code, scale, created_at)"
            " VALUES (gen_random_uuid(), %s, 'x', 3, now())",
            (program,),
        )


def test_settings_of_a_unit_are_its_fields(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    workspace.add_units(conn, program, [NewUnit("status")], now=NOW)
    before = queries.units(conn, program)[0]
    said = {
        "points.expiry": "end-of-quarter+1",
        "points.activation": "event:delivered",
        "points.expiry_from": "activation",
        "points.grace_days": "7",
        "points.reinstate_days": "30",
        "points.take_back": "write_off",
        "points.max_balance": "5000",
        "spend.value": "100",
    }
    settings.write_all(conn, program, said, scope="unit=status", now=NOW, in_words=True)
    points, status = queries.units(conn, program)
    assert points == before
    assert status.lifetime == Lifetime(EndOf(Period.QUARTER, 1), OnEvent("delivered"), 7, 30, from_activation=True)
    assert (status.spend_value, status.debt_policy, status.max_balance) == (100, DebtPolicy.WRITE_OFF, 5000)
