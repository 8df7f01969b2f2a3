"""Members who change their kind or buying group take what they counted along, and are judged at once."""

import psycopg
import pytest

from tests.progress.builders import day, track
from tests.progress.shop import Shop, noon
from verno.members.types import MemberKind, NewMember, Refused, Updated
from verno.progress import queries, service
from verno.progress.types import Audience, Calendar, Lifetime, Period, Scale, Step, Tiers, Whose

FIRST, LATER = day("03-01"), day("04-01")


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    shop = Shop(conn)
    scale = Scale(whose=Whose.GROUP)
    steps = (Step(code="a", threshold=100, share=500), Step(code="b", threshold=1000, share=700))
    shop.open(track(1, settings=scale, window=Calendar(Period.YEAR), audience=Audience.COMPANY, steps=steps))
    for name, group in (("north", "big"), ("south", "big"), ("east", None), ("west", "small")):
        shop.member(name, kind="company", group=group)
        shop.buys(name, 90, FIRST)
    return shop


def store(shop: Shop, *items: NewMember) -> None:
    results = service.store_members(shop.conn, shop.program, items, now=noon(LATER))
    assert all(isinstance(one, Updated) for one in results), results


def rows(shop: Shop) -> dict[str, tuple[str | None, int]]:
    """Return what was told last of each group, and of who is in none."""
    found = shop.conn.execute(
        "SELECT coalesce(t.buying_group, m.external_id), t.step, t.value FROM progress_tier t"
        " JOIN members_member m ON m.id = t.holder_id ORDER BY 1"
    ).fetchall()
    return {name: (step, value) for name, step, value in found}


def test_a_company_takes_its_turnover_to_another_group(shop: Shop) -> None:
    assert rows(shop) == {"big": ("a", 180), "east": (None, 90), "small": (None, 90)}
    store(shop, NewMember("south", buying_group="small"))
    assert rows(shop) == {"big": (None, 90), "east": (None, 90), "small": ("a", 180)}
    assert sorted(type_ for type_, _ in shop.told("track")) == [
        *("track.step_lost.v1", "track.step_reached.v1", "track.step_reached.v1")
    ]


def test_a_batch_moves_many_at_once(shop: Shop) -> None:
    store(shop, *(NewMember(name, buying_group="new") for name in ("north", "south", "east", "west")))
    assert {group: rows(shop)[group] for group in ("big", "small", "new")} == {
        "big": (None, 0),
        "small": (None, 0),
        "new": ("a", 360),
    }


def test_who_leaves_a_group_counts_alone(shop: Shop) -> None:
    store(shop, NewMember("south", buying_group=None))
    assert rows(shop)["big"] == (None, 90)
    assert rows(shop)["south"] == (None, 90)


def test_a_group_is_told_of_by_a_company_that_is_in_it(shop: Shop) -> None:
    store(shop, NewMember("north", kind=MemberKind.PERSON))
    (holder,) = (
        shop.conn.execute("SELECT holder_id::text FROM progress_tier WHERE buying_group = 'big'").fetchone() or ()
    )
    assert (rows(shop)["big"], holder) == ((None, 90), shop.who["south"])


def test_what_does_not_move_them_costs_nothing(shop: Shop) -> None:
    before = shop.conn.execute("SELECT count(*), max(xmin::text::bigint) FROM progress_tier").fetchone()
    store(shop, NewMember("south", buying_group="big", name="South"), NewMember("east", kind=MemberKind.COMPANY))
    (result,) = service.store_members(shop.conn, shop.program, [NewMember("x", phone="1")], now=noon(LATER))
    assert isinstance(result, Refused)
    assert shop.conn.execute("SELECT count(*), max(xmin::text::bigint) FROM progress_tier").fetchone() == before


def test_a_track_of_persons_begins_with_the_kind(conn: psycopg.Connection) -> None:
    shop = Shop(conn)
    shop.open(track(50, settings=Tiers(), window=Lifetime(), audience=Audience.PERSON))
    shop.member("ann", kind="company")
    shop.buys("ann", 90, FIRST)
    assert shop.told() == []
    store(shop, NewMember("ann", kind=MemberKind.PERSON))
    assert shop.told() == [("tier.reached.v1", "a")]
    assert queries.steps(conn, shop.program.id, [shop.who["ann"]], on=shop.board(LATER)) == {
        shop.who["ann"]: {"main": "a"}
    }
