"""A planner without figures, as after a first load, still joins whole tables at once."""

import psycopg
import pytest

from verno.verify.service import CHECKS, SHOWN, SQL


@pytest.mark.parametrize("check", CHECKS)
def test_no_table_is_gone_through_for_each_row_of_another(conn: psycopg.Connection, check: str) -> None:
    conn.execute(SQL["be_generous"])
    plan = "\n".join(row[0] for row in conn.execute("EXPLAIN " + SQL[check], {"shown": SHOWN}))
    assert "Nested Loop" not in plan, plan
