"""The database itself refuses what would falsify a count, whoever asks with the application's rights."""

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW, holder, make_shop
from tests.limits.builders import limit, setup, use
from verno.limits import service

NO_RIGHT = errors.InsufficientPrivilege
ILLEGAL = [
    ("alert changed", "UPDATE limits_alert SET used = 0", NO_RIGHT),
    ("alert deleted", "DELETE FROM limits_alert", NO_RIGHT),
    ("alert told twice", "INSERT INTO limits_alert SELECT * FROM limits_alert", errors.UniqueViolation),
    ("limit deleted", "DELETE FROM limits_limit", NO_RIGHT),
    ("limit counts something else", "UPDATE limits_limit SET subject = 'card'", NO_RIGHT),
    ("limit below zero", "UPDATE limits_limit SET most = -1", errors.CheckViolation),
    ("points without a unit",
     "INSERT INTO limits_limit SELECT gen_random_uuid(), program_id, subject, 'spent', NULL, \"window\", 1, true, NULL,"
     " now(), now() FROM limits_limit", errors.CheckViolation),
    ("counter below zero", "UPDATE limits_counter SET used = -1", errors.CheckViolation),
    ("counter of another subject", "UPDATE limits_counter SET subject = 'x'", NO_RIGHT),
    ("use below zero", "UPDATE limits_use SET amount = -1", errors.CheckViolation),
    ("use of another operation", "UPDATE limits_use SET operation_id = gen_random_uuid()", NO_RIGHT),
    ("use counted twice", "INSERT INTO limits_use SELECT * FROM limits_use", errors.UniqueViolation),
    ("table emptied", "TRUNCATE limits_use", NO_RIGHT),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sql", "error"), ILLEGAL, ids=[row[0] for row in ILLEGAL])
def test_the_database_refuses(conn: psycopg.Connection, name: str, sql: str, error: type[Exception]) -> None:
    program = make_shop(conn).program.id
    one = use(holder())
    limits = setup(conn, program, limit("member", most=0, hard=False))
    desk = service.open_counters(conn, program, limits, [one], now=NOW)
    desk.admit(one)
    desk.write(conn)
    tables = ("limits_limit", "limits_counter", "limits_use", "limits_alert")
    before = [conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for table in tables]
    assert all(before)
    with pytest.raises(error), conn.transaction():
        conn.execute(sql)
    assert [conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for table in tables] == before, name
