"""Contracts of a turnover scale, and steps that staff set by hand."""

from datetime import date

import psycopg
import pytest
from msgspec.structs import replace

from tests.progress.builders import day, track
from tests.progress.shop import Shop, noon
from verno.members import merging
from verno.progress import queries, service
from verno.progress.types import (
    Agreed,
    Agreement,
    Audience,
    Calendar,
    Lift,
    NotAgreed,
    Period,
    Refusal,
    Scale,
    Step,
    Tiers,
    Whose,
)
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind

TODAY = day("03-02")
BY = Actor(ActorKind.STAFF, "7")
YEAR = Calendar(Period.YEAR)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    shop = Shop(conn)
    steps = (Step(code="five", threshold=100, share=500),)
    scale = track(1, settings=Scale(whose=Whose.GROUP), window=YEAR, steps=steps, audience=Audience.COMPANY)
    shop.open(replace(scale, code="scale"))
    shop.open(track(100, 200, settings=Tiers(maintain=YEAR), window=YEAR, audience=Audience.PERSON))
    for name, group in (("north", "g"), ("south", "g"), ("alone", None)):
        shop.member(name, kind="company", group=group)
    shop.member("ann")
    return shop


def agree(shop: Shop, *wanted: Agreement, on: date = TODAY) -> list[Agreed | NotAgreed]:
    board = queries.judging(shop.conn, shop.program, now=noon(on))
    return service.agree(shop.conn, shop.program.id, wanted, on=board, by=BY, now=noon(on))


def shares(shop: Shop, name: str, *days: str) -> list[tuple[int | None, bool]]:
    found = [shop.stands(name, day(text)) for text in days]
    return [(one.share, one.by_contract) for one in found]


def test_a_groups_contract_says_another_share_between_its_dates(shop: Shop) -> None:
    group = queries.group_owner(shop.program.id, "g")
    shop.buys("north", 100, TODAY, track="scale")
    wanted = Agreement(owner_id=group, track="scale", share=900, first=TODAY, last=day("04-30"))
    assert agree(shop, wanted) == [Agreed(changed=True)]
    assert agree(shop, wanted) == [Agreed(changed=False)]
    assert shares(shop, "south", "03-01", "03-02", "04-30", "05-01") == [
        (None, False),
        (900, True),
        (900, True),
        (500, False),
    ]
    assert shares(shop, "alone", "03-02") == [(None, False)]
    assert agree(shop, replace(wanted, share=1000)) == [Agreed(changed=True)]
    assert shares(shop, "south", "03-02") == [(1000, True)]
    back = replace(wanted, share=None)
    assert (agree(shop, back), agree(shop, back)) == ([Agreed(changed=True)], [Agreed(changed=False)])
    assert shares(shop, "south", "03-02") == [(500, False)]
    told = [(one.action, one.detail) for one in audit.page(shop.conn, shop.program.id, about=("contract", group))]
    assert told == [
        ("contract.agree", "scale:2026-03-02=none"),
        ("contract.agree", "scale:2026-03-02..2026-04-30=1000"),
        ("contract.agree", "scale:2026-03-02..2026-04-30=900"),
    ]


def test_a_companys_own_contract_goes_before_its_groups(shop: Shop) -> None:
    group, north = queries.group_owner(shop.program.id, "g"), shop.who["north"]
    both = [
        Agreement(owner_id=group, track="scale", share=900, first=day("03-10")),
        Agreement(owner_id=north, track="scale", share=300, first=TODAY),
    ]
    assert agree(shop, *both) == [Agreed(changed=True)] * 2
    assert shares(shop, "north", "03-10") == [(300, True)]
    assert shares(shop, "south", "03-10") == [(900, True)]
    assert [(one.track, one.share, one.by) for one in queries.contracts(shop.conn, shop.program.id, north)] == [
        ("scale", 300, "7")
    ]


def test_a_merge_brings_the_contract_along(shop: Shop) -> None:
    south = shop.who["south"]
    agree(shop, Agreement(owner_id=south, track="scale", share=300, first=TODAY))
    merging.redirect(shop.conn, shop.program.id, south, shop.who["alone"], now=noon(TODAY))
    assert shares(shop, "alone", "03-02") == [(300, True)]


def test_what_cannot_be_agreed(shop: Shop) -> None:
    north = shop.who["north"]
    wanted = [
        Agreement(owner_id=north, track="other", share=1, first=TODAY),
        Agreement(owner_id=north, track="main", share=1, first=TODAY),
        Agreement(owner_id=north, track="scale", share=1, first=TODAY, last=day("03-01")),
        Agreement(owner_id=north, track="scale", first=TODAY),
    ]
    refused = [Refusal.UNKNOWN_TRACK, Refusal.NOT_A_SCALE, Refusal.BAD_DATES]
    assert agree(shop, *wanted) == [*(NotAgreed(one) for one in refused), Agreed(changed=False)]
    assert queries.contracts(shop.conn, shop.program.id, north) == []


def test_staff_lifts_somebody_through_a_date_for_a_reason(shop: Shop) -> None:
    board = queries.judging(shop.conn, shop.program, now=noon(TODAY))

    def lift(**more: object) -> NotAgreed | None:
        wanted = Lift(holder_id=shop.who["ann"], track="main", step="b", last=day("03-31"), reason="goodwill")
        made = replace(wanted, **more)
        return service.lift(shop.conn, shop.program.id, made, on=board, by=BY, now=noon(TODAY))

    assert lift() is None
    assert lift(step="a", last=day("12-31")) is None, "it goes on at a lower step"
    assert [shop.stands("ann", day(text)).step for text in ("03-01", "03-02", "03-31", "04-01")] == [
        *(None, "b", "b", "a")
    ]
    assert shop.told("tier") == [("tier.reached.v1", "b")]
    first, second = queries.set_steps(shop.conn, shop.program.id, shop.who["ann"])
    assert {first.step, second.step} == {"a", "b"}
    assert {(one.source, one.by, one.reason) for one in (first, second)} == {("hand", "7", "goodwill")}
    refused = (lift(track="x"), lift(track="scale", step="five"), lift(step="x"), lift(last=day("03-01")))
    assert refused == tuple(
        NotAgreed(one) for one in (Refusal.UNKNOWN_TRACK, Refusal.NOT_TIERS, Refusal.UNKNOWN_STEP, Refusal.BAD_DATES)
    )
    assert [one.action for one in audit.page(shop.conn, shop.program.id, about=("member", shop.who["ann"]))] == [
        "tier.set"
    ] * 2
