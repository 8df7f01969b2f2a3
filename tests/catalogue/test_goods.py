"""Goods: met in receipts, named by integrators."""

import threading

import psycopg

from tests.builders import NOW, make_shop
from verno.catalogue import queries, service
from verno.catalogue.types import Created, NewGoods, Refusal, Refused, Updated
from verno.kit import db


def test_goods_met_for_the_first_time_are_named_by_their_sku(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    ids = service.ensure_goods(conn, program, ["tea", "coffee", "tea"], now=NOW)
    assert sorted(ids) == ["coffee", "tea"]
    assert service.ensure_goods(conn, program, ["tea"], now=NOW) == {"tea": ids["tea"]}
    found = queries.goods_by_id(conn, program, [ids["tea"]])[ids["tea"]]
    assert (found.sku, found.name, found.category, found.attributes) == ("tea", "tea", [], {})
    assert service.ensure_goods(conn, program, [], now=NOW) == {}
    assert queries.count(conn, program) == 2


def test_an_upsert_replaces_what_is_given_and_keeps_the_rest(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    known = service.ensure_goods(conn, program, ["tea"], now=NOW)["tea"]
    results = service.upsert_goods(
        conn,
        program,
        [
            NewGoods("tea", name="Black tea", category=["Grocery", "Tea"]),
            NewGoods("milk", attributes={"fat": 3}),
            NewGoods("bad\x00"),
            NewGoods("milk", name="Milk"),
            NewGoods("tea", category=[]),
        ],
        now=NOW,
    )
    assert [type(one) for one in results] == [Updated, Created, Refused, Updated, Updated]
    assert results[0] == Updated(known)
    assert results[2] == Refused(Refusal.BAD_TEXT, "sku", "holds NUL or half a surrogate pair")
    ids = queries.goods_ids(conn, program, ["tea", "milk"])
    found = queries.goods_by_id(conn, program, list(ids.values()))
    assert [(g.name, g.category, g.attributes) for g in (found[ids["tea"]], found[ids["milk"]])] == [
        ("Black tea", [], {}),
        ("Milk", [], {"fat": 3}),
    ]


def test_skus_belong_to_their_program(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program.id
    tea = service.ensure_goods(conn, program, ["tea"], now=NOW)["tea"]
    other = "01a21293-b600-7000-8230-956097880ea8"
    assert queries.goods_by_id(conn, other, [tea]) == {}
    assert queries.goods_ids(conn, other, ["tea"]) == {}


def test_two_batches_with_the_same_new_goods_agree(database: str) -> None:
    with db.transaction() as conn:
        program = make_shop(conn).program.id
    skus = [f"sku-{n}" for n in range(300)]
    found: list[dict[str, str]] = []
    start = threading.Barrier(4)

    def work(order: list[str]) -> None:
        start.wait()
        with db.transaction() as conn:
            found.append(service.ensure_goods(conn, program, order, now=NOW))

    threads = [threading.Thread(target=work, args=(order,)) for order in (skus, skus[::-1], skus[100:], skus[:200])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = max(found, key=len)
    assert len(found) == 4
    assert all(whole[sku] == id_ for one in found for sku, id_ in one.items())
    with db.transaction() as conn:
        assert queries.count(conn, program) == 300
