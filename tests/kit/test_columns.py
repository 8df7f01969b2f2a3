"""Rows as columns: the same statement takes few rows as JSON and many as arrays, and each value arrives as it left."""

from datetime import UTC, datetime
from typing import LiteralString

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verno.kit.binary import columns

TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 zone given
INSERT: LiteralString = """
INSERT INTO sent (a, b, c, d, e) SELECT a, b, c, d, e
FROM json_to_recordset(%(rows)s) AS r (a uuid, b bigint, c text,
                                       d timestamptz, e json)
WHERE b >= %(least)s
"""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of every type."""

    a: str | None
    b: int
    c: str | None = None
    d: datetime | None = None
    e: dict[str, object] | None = None


ROWS = st.builds(
    Row,
    a=st.uuids().map(str) | st.none(),
    b=st.integers(-(2**63), 2**63 - 1),
    c=TEXTS | st.sampled_from(["earn", "spend"]) | st.none(),
    d=MOMENTS | st.none(),
    e=st.dictionaries(TEXTS, st.integers(-(2**53), 2**53) | TEXTS) | st.none(),
)


@pytest.fixture
def table(conn: psycopg.Connection) -> psycopg.Connection:
    """A table that takes anything."""
    conn.execute(
        "CREATE TEMPORARY TABLE sent (n serial, a uuid, b bigint, c text, d timestamptz, e json) ON COMMIT DROP"
    )
    return conn


def there(conn: psycopg.Connection) -> list[Row]:
    """Return what has arrived, in order."""
    return [Row(*values) for values in conn.execute("SELECT a::text, b, c, d, e FROM sent ORDER BY n")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=20), st.integers(1, 3))
def test_rows_arrive_as_they_left(table: psycopg.Connection, rows: list[Row], times: int) -> None:
    table.execute("DELETE FROM sent")
    columns.execute(table, INSERT, rows * times, {"least": -(2**63)})
    assert there(table) == rows * times


@pytest.mark.parametrize("count", [columns.FEW, columns.FEW + 1])
def test_few_rows_go_as_json_and_many_as_columns(table: psycopg.Connection, count: int) -> None:
    table.execute("ALTER TABLE sent ADD said text DEFAULT current_query()")
    columns.execute(table, INSERT, [Row(None, number) for number in range(count)], {"least": 3})
    assert [row.b for row in there(table)] == list(range(3, count))
    said = table.execute("SELECT DISTINCT said LIKE '%json_to_recordset%' FROM sent").fetchall()
    assert said == [(count == columns.FEW,)]


def test_columns_go_through_a_pipeline(table: psycopg.Connection) -> None:
    with table.pipeline():
        columns.execute(table, INSERT, [Row(None, number) for number in range(20)], {"least": 10})
        columns.execute(table, INSERT, [Row(None, number) for number in range(3)], {"least": 0})
    assert [row.b for row in there(table)] == [*range(10, 20), 0, 1, 2]


@pytest.mark.parametrize(
    "statement", ["SELECT 1", "SELECT FROM json_to_recordset(%(rows)s) AS r (a point)", "SELECT %(rows)s"]
)
def test_what_takes_no_such_rows_is_told(conn: psycopg.Connection, statement: LiteralString) -> None:
    with pytest.raises(ValueError, match=r"rows as JSON|no array of point"):
        columns.execute(conn, statement, [Row(None, 1)] * 20)
