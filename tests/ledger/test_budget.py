"""2 operations and 500 cost the same number of statements and round trips; one costs fewer statements."""

import re
import tempfile
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from verno.ledger import service
from verno.ledger.types import Earn, Operation, Posted, Spend


def sales(shop: Shop, people: list[str], tag: str) -> list[Operation]:
    """Return an earn and a spend in one operation for each person."""
    life = NOW + timedelta(days=180)
    return [
        Operation(
            f"{tag}/{who}", holder(), who, "00",
            (Spend(who, shop.unit.id, 3, NOW), Earn(who, shop.unit.id, 10, NOW, expires_at=life)),
        )
        for who in people
    ]  # fmt: skip


def cost(conn: psycopg.Connection, shop: Shop, operations: list[Operation]) -> tuple[int, int]:
    """Post and return (statements, round trips), read off the wire by libpq itself."""
    with tempfile.TemporaryFile("w+") as wire:
        conn.pgconn.trace(wire.fileno())
        results = service.post(conn, shop.program.id, operations, now=NOW)
        conn.pgconn.untrace()
        assert all(isinstance(result, Posted) for result in results)
        wire.seek(0)
        sent = re.findall(r"^[^\t]*\tF\t\d+\t(\w+)", wire.read(), re.MULTILINE)
        assert sent, "the trace is not read"
    return sent.count("Execute") + sent.count("Query"), sent.count("Sync") + sent.count("Query")


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def test_two_and_five_hundred_cost_the_same(conn: psycopg.Connection, shop: Shop) -> None:
    people = [holder() for _ in range(500)]
    first = [Operation(f"open/{p}", holder(), p, "00", (Earn(p, shop.unit.id, 50, NOW),)) for p in people]
    service.post(conn, shop.program.id, first, now=NOW)
    cost(conn, shop, sales(shop, people, "first"))  # those just opened are asked for once more
    two = cost(conn, shop, sales(shop, people[:2], "two"))
    assert two == cost(conn, shop, sales(shop, people, "many"))
    statements, round_trips = two
    assert round_trips <= 2
    assert statements <= 9


def test_one_is_read_by_one_statement_and_written_by_one(conn: psycopg.Connection, shop: Shop) -> None:
    who = holder()
    service.post(
        conn, shop.program.id, [Operation("o", holder(), who, "00", (Earn(who, shop.unit.id, 50, NOW),))], now=NOW
    )
    cost(conn, shop, sales(shop, [who], "first"))  # see above
    assert cost(conn, shop, sales(shop, [who], "second")) == (2, 2)


def test_opening_accounts_costs_the_same_for_two_and_five_hundred(conn: psycopg.Connection, shop: Shop) -> None:
    def newcomers(count: int) -> list[Operation]:
        return [
            Operation(holder(), holder(), who, "00", (Earn(who, shop.unit.id, 5, NOW),))
            for who in (holder() for _ in range(count))
        ]

    cost(conn, shop, newcomers(2))
    assert cost(conn, shop, newcomers(2)) == cost(conn, shop, newcomers(500))
