"""COPY in the binary format: every kind of value arrives as it left."""

from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verno.kit.binary import copying, fields
from verno.kit.ids import new_id

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 zone given
QUANTITIES = st.decimals(0, 999_999_999, places=3).map(lambda value: f"{value:f}") | st.integers(0, 10**9 - 1).map(str)


@pytest.fixture
def table(conn: psycopg.Connection) -> psycopg.Connection:
    """A table of every type that is copied."""
    conn.execute(
        "CREATE TEMPORARY TABLE copied (a uuid, b text, c bigint, e timestamptz, f numeric(12,3), g jsonb,"
        " h bytea) ON COMMIT DROP"
    )
    return conn


def send(conn: psycopg.Connection, *sent: bytes) -> tuple[object, ...]:
    """Send one row and read it back."""
    conn.execute("DELETE FROM copied")
    copying.copy_rows(conn, "COPY copied FROM STDIN (FORMAT binary)", [copying.columns(7) + b"".join(sent)])
    row = conn.execute("SELECT a::text, b, c, e, f, g, h FROM copied").fetchone()
    assert row is not None
    return row


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TEXTS, st.integers(-(2**63), 2**63 - 1), MOMENTS, QUANTITIES, st.binary())
def test_values_arrive(table: psycopg.Connection, text: str, big: int, at: datetime, quantity: str, raw: bytes) -> None:
    id_ = new_id(now=NOW)
    row = send(
        table,
        fields.uuid(id_),
        fields.text(text),
        fields.int8(big),
        fields.moment(at),
        fields.numeric(quantity),
        fields.jsonb(b'{"a": [1, "b"]}'),
        fields.raw(raw),
    )
    assert row == (id_, text, big, at, Decimal(quantity), {"a": [1, "b"]}, raw)


@pytest.mark.parametrize(
    "quantity", ["0", "0.000", "1", "10000", "99990000", "0.0001"[:5], "000.100", "89638", "0.125"]
)
def test_quantities_keep_every_digit(table: psycopg.Connection, quantity: str) -> None:
    row = send(table, *[fields.NULL] * 4, fields.numeric(quantity), fields.NULL, fields.NULL)
    assert row[4] == Decimal(quantity)


def test_nothing_is_null(table: psycopg.Connection) -> None:
    a, b = fields.optional_uuid(None), fields.text(None)
    e, g = fields.moment(None), fields.jsonb(None)
    assert send(table, a, b, fields.NULL, e, fields.NULL, g, fields.raw(None)) == (None,) * 7
