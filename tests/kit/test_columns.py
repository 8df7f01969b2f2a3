"""Array parameters in the binary format: every kind of value arrives as it left, in its row."""

import json
from datetime import UTC, datetime

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verno.kit.binary import columns
from verno.kit.ids import new_id

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 zone given
IDS = st.uuids().map(str)
ROWS = st.tuples(
    IDS | st.none(),
    IDS | st.none(),
    st.integers(-(2**63), 2**63 - 1),
    TEXTS | st.none(),
    st.sampled_from(["earn", "spend", None]),
    MOMENTS | st.none(),
    st.binary(),
    st.dictionaries(TEXTS, st.integers() | TEXTS),
)
STATEMENT = """
SELECT a::text, b::text, c, d, e, f, g, h FROM unnest(
    %(a)s::uuid[], %(b)s::uuid[], %(c)s::bigint[], %(d)s::text[], %(e)s::text[], %(f)s::timestamptz[], %(g)s::bytea[],
    %(h)s::json[]
) WITH ORDINALITY AS r (a, b, c, d, e, f, g, h, n) ORDER BY n
"""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_rows_arrive_as_they_left(conn: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
    a, b, c, d, e, f, g, h = list(zip(*rows, strict=True)) or [()] * 8
    sent = {
        "a": columns.new_uuids(a),
        "b": columns.uuids(b),
        "c": columns.bigints(c),
        "d": columns.texts(d),
        "e": columns.words(e),
        "f": columns.moments(f),
        "g": columns.hexes([value.hex() for value in g]),
        "h": columns.jsons([json.dumps(value).encode() for value in h]),
    }
    assert conn.execute(STATEMENT, sent).fetchall() == rows


def test_a_column_goes_through_a_pipeline(conn: psycopg.Connection) -> None:
    ids = [new_id(now=NOW) for _ in range(3)]
    with conn.pipeline():
        first = conn.execute("SELECT cardinality(%(ids)s::uuid[])", {"ids": columns.uuids(ids)})
        again = conn.execute("SELECT (%(ids)s::uuid[])[2]::text", {"ids": columns.new_uuids(ids)})
    assert (first.fetchone(), again.fetchone()) == ((3,), (ids[1],))
