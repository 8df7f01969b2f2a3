"""Wishes: kept in place of earlier ones, read in one round trip, the quieter of two who are one."""

from datetime import timedelta

import psycopg

from tests.builders import NOW, make_shop
from tests.messaging.people import add_members
from verno.members import merging, queries
from verno.members.consent import wishes
from verno.members.types import Wishes

WEEKLY = Wishes(7)
PAUSED = Wishes(None, NOW + wishes.PAUSE)


def test_the_newest_wish_holds(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    ann, bob, carl = add_members(conn, shop, 3)
    wishes.wish(conn, shop.program.id, {ann: WEEKLY, bob: PAUSED}, now=NOW)
    assert queries.wishes(conn, [ann, bob, carl]) == {ann: WEEKLY, bob: PAUSED}
    wishes.wish(conn, shop.program.id, {ann: Wishes()}, now=NOW)
    assert queries.wishes(conn, [ann]) == {ann: Wishes()}


def test_two_who_are_one_wish_the_quieter_of_both(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    ann, double = add_members(conn, shop, 2)
    wishes.wish(conn, shop.program.id, {ann: Wishes(30), double: Wishes(7, NOW + wishes.PAUSE)}, now=NOW)
    merging.lock(conn, shop.program.id, [ann, double])
    merging.redirect(conn, shop.program.id, double, ann, now=NOW)
    assert queries.wishes(conn, [ann]) == {ann: Wishes(30, NOW + wishes.PAUSE)}


def test_a_wish_that_cannot_be_kept() -> None:
    assert wishes.problem(WEEKLY, now=NOW) is None
    assert wishes.problem(Wishes(), now=NOW) is None
    assert wishes.problem(Wishes(5), now=NOW) == ("most_per", "one of 7, 14, 30, or null")
    assert wishes.problem(Wishes(None, NOW + timedelta(days=400)), now=NOW) == (
        "paused_until",
        "at most 366 days ahead",
    )
