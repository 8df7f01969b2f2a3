"""Progress in the street: what receipts count, what returns take back, and rules that ask where a member stands."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

import psycopg
import pytest
from msgspec.structs import replace

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, asks, earned, publish
from tests.intake.tillwork import VOUCHED, back, give, quoted, rule, said, sale, settle, sold, spending, step
from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.intake import context
from verno.intake.steps.types import Cancel, Capture, Claim
from verno.intake.types import LineQuantity, Settled
from verno.members import queries as members
from verno.progress import queries, service
from verno.progress.types import Fresh, Lifetime, Metric, NotPublished, Standing, Step, Tiers, Track
from verno.rules.effects import Earn, GiveBadge, SetTier
from verno.rules.types import Rule

pytestmark = pytest.mark.usefixtures("honest")

LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
SPENT = Track(
    code="main",
    metric=Metric.SPEND,
    window=Lifetime(),
    steps=(Step(code="silver", threshold=50_000), Step(code="gold", threshold=100_000)),
    settings=Tiers(),
)
VISITS = Track(
    code="visits",
    metric=Metric.VISITS,
    window=Lifetime(),
    steps=(Step(code="often", threshold=2),),
    settings=Tiers(),
    where=asks("amount", ">=", 10_000),
)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop with two tracks, where a point is worth 0.10; its regular has 10,000 points."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    about = context.of(conn, counter.program.id)
    for track in (SPENT, VISITS):
        began = Fresh(date(2020, 1, 1))
        done = service.publish(conn, counter.program, track, began, known=about.known, now=LONG_AGO)
        assert not isinstance(done, NotPublished), done
    context.forget()
    return counter


def stands(conn: psycopg.Connection, counter: Counter, track: str = "main") -> Standing:
    about = context.of(conn, counter.program.id)
    found = queries.standings(conn, counter.program.id, [counter.member_id], on=about.board(NOW), at=NOW)
    (one,) = [one for one in found[counter.member_id] if one.track == track]
    return one


def test_a_sale_counts_and_a_return_moves_it_back(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000, 30_000))
    assert (stands(conn, counter).value, stands(conn, counter).step) == (60_000, "silver")
    assert stands(conn, counter, "visits").value == 1
    assert isinstance(back(conn, counter, "R-1", (1, "1")), Settled)
    assert (stands(conn, counter).value, stands(conn, counter).step) == (45_000, None)
    assert stands(conn, counter, "visits").value == 1
    assert isinstance(back(conn, counter, "R-2"), Settled)
    assert (stands(conn, counter).value, stands(conn, counter, "visits").value) == (0, 0)


def test_what_points_pay_does_not_count(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000, spend=spending(1000)))
    assert stands(conn, counter).value == 20_000


def test_a_hold_counts_when_it_is_captured_and_only_what_is(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000, 20_000, hold=True))
    sold(conn, counter, sale("S-2", 30_000, hold=True))
    assert stands(conn, counter).value == 0
    said(step(conn, counter, "msk-1~~S-1", Capture(lines=[LineQuantity(2, "2")])))
    said(step(conn, counter, "msk-1~~S-2", Cancel()))
    assert (stands(conn, counter).value, stands(conn, counter, "visits").value) == (20_000, 1)


def test_a_claimed_receipt_counts_for_its_member(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000, 30_000, member=None))
    assert isinstance(back(conn, counter, "R-1", (1, "2")), Settled)
    assert stands(conn, counter).value == 0
    said(step(conn, counter, "msk-1~~S-1", Claim(VOUCHED)))
    assert (stands(conn, counter).value, stands(conn, counter, "visits").value) == (30_000, 1)


def test_a_replay_counts_once(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000))
    sold(conn, counter, sale("S-1", 30_000))
    assert stands(conn, counter).value == 30_000


def test_rules_ask_where_a_member_stands_before_the_receipt(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        BASE,
        Rule(id="silver", when=asks("tiers.main", "=", "silver"), effects=(Earn("points", 1, 200),)),
        Rule(id="third", when=asks("progress.visits", "=", 1), effects=(Earn("points", 1, 1000),)),
    )
    assert earned(sold(conn, counter, sale("S-1", 60_000))) == 600
    assert earned(sold(conn, counter, sale("S-2", 20_000))) == 200 + 100 + 20
    assert earned(sold(conn, counter, sale("S-3", 20_000))) == 200 + 100
    outcome = said(back(conn, counter, "R-2"))
    assert cast("list[dict[str, int]]", outcome["points"])[0]["taken_back"] == 600


def test_in_a_batch_a_receipt_sees_what_the_one_before_it_has_reached(
    conn: psycopg.Connection, counter: Counter
) -> None:
    new = GiveBadge(badge="new")
    publish(
        conn,
        counter,
        BASE,
        Rule(id="silver", when=asks("tiers.main", "=", "silver"), effects=(Earn("points", 1, 200),)),
        Rule(id="welcome", when=asks("progress.visits", "=", 0), effects=(new,)),
        Rule(id="new", when=asks("member.badges", "hasAny", ["new"]), effects=(Earn("points", 1, 1000),)),
    )
    outcomes = settle(conn, counter, sale("S-1", 60_000), sale("S-2", 20_000), sale("S-3", 20_000))
    assert [earned(said(one)) for one in outcomes] == [600, 200 + 100 + 20, 200 + 100 + 20]
    assert stands(conn, counter).value == 100_000


def test_a_quote_tells_progress_and_how_far_it_is(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 60_000))
    quote = quoted(conn, counter, sale("S-2", 10_000))
    assert isinstance(quote, dict)
    (main, visits) = cast("list[dict[str, object]]", quote["progress"])
    assert (main["track"], main["value"], main["step"], main["next"], main["distance"]) == (
        *("main", 60_000, "silver", "gold", 40_000),
    )
    assert main["text"] == "silver; 400.00 short of gold"
    assert (visits["track"], visits["value"], visits["distance"]) == ("visits", 1, 1)


def test_a_rule_lifts_to_a_tier_and_gives_a_badge(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        BASE,
        Rule(
            id="welcome",
            when=asks("amount", ">=", 10_000),
            effects=(SetTier(track="main", step="gold", days=30), GiveBadge(badge="new", days=10)),
        ),
    )
    sold(conn, counter, sale("S-1", 10_000))
    assert (stands(conn, counter).step, stands(conn, counter).value) == ("gold", 10_000)
    given = members.badges(conn, counter.program.id, [counter.member_id], at=NOW)
    assert [one.code for one in given[counter.member_id]] == ["new"]
    late = NOW + timedelta(days=11)
    assert not members.badges(conn, counter.program.id, [counter.member_id], at=late)


def test_turnover_that_is_shipped_is_an_attribute_of_the_receipt(conn: psycopg.Connection, counter: Counter) -> None:
    shipped = replace(SPENT, code="shipped", where=asks("attributes.shipped", "=", "yes"))
    about = context.of(conn, counter.program.id)
    done = service.publish(conn, counter.program, shipped, Fresh(date(2020, 1, 1)), known=about.known, now=LONG_AGO)
    assert not isinstance(done, NotPublished), done
    context.forget()
    sold(conn, counter, sale("S-1", 30_000))
    sold(conn, counter, sale("S-2", 20_000, attributes={"shipped": "yes"}))
    assert (stands(conn, counter, "shipped").value, stands(conn, counter).value) == (20_000, 50_000)


def test_a_margin_counts_where_goods_have_a_cost(conn: psycopg.Connection, counter: Counter) -> None:
    margin = replace(SPENT, code="margin", metric=Metric.MARGIN)
    catalogue.upsert_goods(conn, counter.program.id, [NewGoods("sku-1", cost=4_000)], now=NOW)
    about = context.of(conn, counter.program.id)
    done = service.publish(conn, counter.program, margin, Fresh(date(2020, 1, 1)), known=about.known, now=LONG_AGO)
    assert not isinstance(done, NotPublished), done
    context.forget()
    sold(conn, counter, sale("S-1", 30_000, 20_000))
    assert stands(conn, counter, "margin").value == 30_000 - 2 * 4_000
    said(back(conn, counter, "R-1", (1, "1")))
    assert stands(conn, counter, "margin").value == 15_000 - 4_000
