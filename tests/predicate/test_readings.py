"""Both readings of any tree say the same of any fact."""

from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.predicate import world
from verno.predicate import closures, reading, sql
from verno.predicate.explaining import why
from verno.predicate.types import Instant


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(world.PERSON, min_size=1, max_size=8),
    trees=st.lists(world.trees(world.PEOPLE), min_size=1, max_size=12),
    when=st.sampled_from(world.INSTANTS),
)
def test_python_and_sql_agree(
    conn: psycopg.Connection[Any], people: list[dict[str, Any]], trees: list[dict[str, Any]], when: Instant
) -> None:
    world.fill(conn, people)
    for tree in trees:
        node = reading.read(world.as_stored(tree), world.PEOPLE)
        assert not isinstance(node, list), node
        python = closures.matching(node, people, when)
        made = sql.compiled(node, when)
        found = conn.execute(f"SELECT id FROM people p WHERE {made.text}", made.parameters).fetchall()
        assert {number for (number,) in found} == {number for number, yes in enumerate(python) if yes}, made.text
        for person in people:
            reasons = why(node, person, when)
            assert all(reason.leaf.path or reason.leaf.path == () for reason in reasons)
