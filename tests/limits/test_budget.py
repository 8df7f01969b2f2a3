"""1 use and 500 cost the same two round trips; a program without limits pays nothing."""

import re
import tempfile
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, holder, make_shop
from tests.limits.builders import limit, setup, use
from verno.kit import db
from verno.limits import queries, service
from verno.limits.types import Figures, Limit, Use

PLANS = ("open_counters", "lock_counters", "lapsed", "known_uses", "look_at_counters", "lapse", "change_uses")


def cost(
    conn: psycopg.Connection, program: str, limits: Sequence[Limit], uses: list[Use], known: list[str]
) -> tuple[int, int]:
    """Count a batch and return (statements, round trips), read off the wire by libpq itself."""
    with tempfile.TemporaryFile("w+") as wire:
        conn.pgconn.trace(wire.fileno())
        desk = service.open_counters(conn, program, limits, uses, known=known, now=NOW)
        assert [desk.admit(one) for one in uses] == [None] * len(uses)
        for operation_id in known:
            assert desk.confirm(operation_id, Figures(1, {"points": 1})) is None
        desk.write(conn)
        conn.pgconn.untrace()
        wire.seek(0)
        sent = re.findall(r"^[^\t]*\tF\t\d+\t(\w+)", wire.read(), re.MULTILINE)
    return sent.count("Execute") + sent.count("Query"), sent.count("Sync") + sent.count("Query")


def uses(count: int) -> list[Use]:
    return [use(holder(), earned={"points": 5}, until=NOW + timedelta(minutes=10)) for _ in range(count)]


def test_one_and_five_hundred_cost_the_same(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    wanted = (
        limit("member", most=1),
        limit("place", "earned", most=10**6),
        limit("program", "earned", most=0, hard=False),
    )
    limits = setup(conn, program, *wanted)
    held = uses(501)
    assert cost(conn, program, limits, held, []) == (7, 2)  # the alert and its event are among them
    few = cost(conn, program, limits, uses(1), [held[0].operation_id])
    many = cost(conn, program, limits, uses(500), [one.operation_id for one in held[1:]])
    assert few == many == (7, 2)


def test_without_limits_nothing_is_asked(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    assert cost(conn, program, (), uses(3), []) == (0, 0)
    service.free(conn, program, (), [holder()], now=NOW)
    assert cost(conn, program, setup(conn, program, limit("card")), uses(3), []) == (0, 0)


@pytest.mark.parametrize("name", PLANS)
def test_the_plans_go_by_key_though_nothing_is_known_of_the_tables(name: str) -> None:
    with db.connect_for_batches() as conn:
        values = {"rows": "[]", "known": "[]", "program": holder(), "now": NOW}
        plan = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {queries.SQL[name]}", values))
        conn.rollback()
    assert "Seq Scan" not in plan, plan
    assert "Hash Join" not in plan, plan
