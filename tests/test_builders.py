"""The smallest shop."""

import psycopg

from tests.builders import NOW, holder, make_shop
from verno.ledger import service as ledger
from verno.ledger.types import Balance, Earn, Operation, Posted, Spend


def test_points_come_and_go(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    who = holder()
    ops = [
        Operation("a", holder(), who, "00", (Earn(who, shop.unit.id, 100, NOW),)),
        Operation("b", holder(), who, "00", (Spend(who, shop.unit.id, 40, NOW),)),
    ]
    results = ledger.post(conn, shop.program.id, ops, now=NOW)
    assert isinstance(results[1], Posted)
    assert results[1].balances == (Balance(shop.unit.id, 60),)
