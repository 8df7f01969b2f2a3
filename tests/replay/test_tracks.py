"""Who would stand where: each number here was worked out by hand."""

from datetime import date, timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter
from tests.intake.test_rulebooks import BASE, asks, publish
from tests.intake.tillwork import back, have, rule, sale, sold, spending
from tests.replay.test_replay import EVER, replayed
from verno.intake import context
from verno.intake.types import MemberRef
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember
from verno.progress import queries as progress
from verno.progress import service as tracking
from verno.progress.types import Fresh, Metric, Published, Rolling, StampCard, Step, Tiers, Track
from verno.replay.types import Period, Report, StepCount, StepMove
from verno.rules.effects import DiscountPercent, Earn, GiveBadge, SetTier
from verno.rules.fields import Known
from verno.rules.types import Rule

A, B, C = (MemberRef(external_id=name) for name in ("m-1", "m-2", "m-3"))
YEAR = Rolling(365)
STEPS = (Step(code="silver", threshold=100), Step(code="gold", threshold=1000))
OF_POINTS = Track(code="club", metric=Metric.POINTS, unit="points", window=YEAR, steps=STEPS, settings=Tiers())
SINCE = date(2026, 1, 1)


def opened(conn: psycopg.Connection, counter: Counter, *tracks: Track) -> None:
    for track in tracks:
        began = NOW.replace(year=2025, month=12)
        done = tracking.publish(conn, counter.program, track, Fresh(SINCE), known=Known(), now=began)
        assert isinstance(done, Published), done
    context.forget()


@pytest.fixture
def shop(conn: psycopg.Connection, counter: Counter) -> Counter:
    """A point is worth 0.10 and given for each full 1.00; three members, who have bought for 90, 450 and 1,200."""
    rule(conn, counter, "spend.value", 10)
    members.upsert(conn, counter.program, [NewMember("m-2"), NewMember("m-3")], now=NOW)
    publish(conn, counter, BASE)
    return counter


def sell(conn: psycopg.Connection, shop: Counter) -> None:
    for number, (who, amount) in enumerate(((A, 90_00), (B, 450_00), (C, 1_200_00))):
        sold(conn, shop, sale(f"S-{number}", amount, member=who))


def of(found: Report, track: str) -> tuple[tuple[StepCount, ...], tuple[StepMove, ...]]:
    (one,) = [one for one in found.tracks if one.track == track]
    return one.steps, one.moves


def points(per: int) -> Rule:
    return Rule(id="base", effects=(Earn("points", 1, per),))


def off(share: int) -> Rule:
    return Rule(id="off", effects=(DiscountPercent(share=share),))


def test_what_came_back_moves_nobody(conn: psycopg.Connection, shop: Counter) -> None:
    """C brings back 1,100 of 1,200: 100 points are silver, 200 are too; had nothing come back, they were gold."""
    opened(conn, shop, OF_POINTS)
    sold(conn, shop, sale("S-1", 1_100_00, 100_00, member=C))
    back(conn, shop, "R-1", (1, "2"))
    assert of(replayed(conn, shop, points(50)), "club")[1] == ()
    as_sold = Period(EVER.since, EVER.until, as_sold=True)
    assert of(replayed(conn, shop, points(50), period=as_sold), "club")[1] == (StepMove("silver", "gold", 1),)


def test_points_move_members_up_and_down(conn: psycopg.Connection, shop: Counter) -> None:
    """90, 450 and 1,200 points are none, silver, gold. Twice as many: 180, 900, 2,400. Half as many: 45, 225, 600."""
    opened(conn, shop, OF_POINTS)
    sell(conn, shop)
    assert of(replayed(conn, shop, points(50)), "club") == (
        (StepCount(None, 1, 0), StepCount("silver", 1, 2), StepCount("gold", 1, 1)),
        (StepMove(None, "silver", 1),),
    )
    assert of(replayed(conn, shop, points(200)), "club") == (
        (StepCount(None, 1, 1), StepCount("silver", 1, 2), StepCount("gold", 1, 0)),
        (StepMove("gold", "silver", 1),),
    )
    assert of(replayed(conn, shop, points(1000)), "club") == (
        (StepCount(None, 1, 2), StepCount("silver", 1, 1), StepCount("gold", 1, 0)),
        (StepMove("silver", None, 1), StepMove("gold", "silver", 1)),
    )


def test_what_lies_outside_the_period_and_what_came_back_stays(conn: psycopg.Connection, shop: Counter) -> None:
    """B has 450 of yesterday and 600 of long ago: 1,050. Twice as many for yesterday makes 1,500; a half, 825."""
    opened(conn, shop, OF_POINTS)
    sold(conn, shop, sale("S-0", 600_00, member=B, at=NOW - timedelta(days=100)))
    sold(conn, shop, sale("S-1", 450_00, member=B, at=NOW - timedelta(days=1)))
    yesterday = type(EVER)(NOW - timedelta(days=2), EVER.until)
    assert of(replayed(conn, shop, points(50), period=yesterday), "club")[1] == ()
    assert of(replayed(conn, shop, points(200), period=yesterday), "club")[1] == (StepMove("gold", "silver", 1),)
    back(conn, shop, "R-1")  # all of S-1: 600 are left on either side
    assert of(replayed(conn, shop, points(200), period=yesterday), "club")[1] == ()


def test_money_moves_with_discounts_only(conn: psycopg.Connection, shop: Counter) -> None:
    """10 % off leave 81, 405 and 1,080: nobody falls. 20 % off leave 960 of the 1,200."""
    spend = Track(code="spend", metric=Metric.SPEND, window=YEAR, settings=Tiers(),
                  steps=(Step(code="silver", threshold=100_00), Step(code="gold", threshold=1_000_00)))  # fmt: skip
    visits = Track(
        code="visits", metric=Metric.VISITS, window=YEAR, settings=Tiers(), steps=(Step(code="x", threshold=1),)
    )
    opened(conn, shop, spend, visits)
    sell(conn, shop)
    assert of(replayed(conn, shop, BASE, off(1000)), "spend")[1] == ()
    found = replayed(conn, shop, BASE, off(2000))
    assert of(found, "spend")[1] == (StepMove("gold", "silver", 1),)
    assert [one.track for one in found.tracks] == ["spend"], "nothing that a rulebook does changes a visit"
    assert replayed(conn, shop, points(50)).tracks == ()


def test_rules_lift_and_give_badges(conn: psycopg.Connection, shop: Counter) -> None:
    """Who buys for 400 is lifted to gold for 30 days: B, who had bought today, is; C has it already."""
    opened(conn, shop, OF_POINTS)
    sell(conn, shop)
    sold(conn, shop, sale("S-9", 400_00, member=A, at=NOW - timedelta(days=60)))
    big = asks("amount", ">=", 40000)
    lift = Rule(
        id="lift", when=big, effects=(SetTier(track="club", step="gold", days=30), GiveBadge(badge="big", days=90))
    )
    found = replayed(conn, shop, BASE, lift)
    assert of(found, "club")[1] == (StepMove("silver", "gold", 1),)
    assert [(one.badge, one.current, one.draft) for one in found.badges] == [("big", 0, 3)]
    publish(conn, shop, BASE, lift)
    sold(conn, shop, sale("S-10", 500_00, member=A))
    assert progress.steps(conn, shop.program.id, [shop.member_id], on=context.of(conn, shop.program.id).board(NOW)) == {
        shop.member_id: {"club": "gold"}
    }
    found = replayed(conn, shop, BASE)
    assert of(found, "club")[1] == (StepMove("gold", "silver", 1),), "without the rule A has the 590 that were earned"
    assert [(one.badge, one.current, one.draft) for one in found.badges] == [("big", 3, 0)]


def test_stamp_cards_fill_faster(conn: psycopg.Connection, shop: Counter) -> None:
    """A card of 100: 90, 450 and 1,200 points fill 0, 4 and 12; twice as many 1, 9 and 24."""
    card = Track(code="card", metric=Metric.POINTS, unit="points", window=YEAR, settings=StampCard(),
                 steps=(Step(code="full", threshold=100),))  # fmt: skip
    opened(conn, shop, card)
    sell(conn, shop)
    (one,) = replayed(conn, shop, points(50)).tracks
    assert (one.kind, one.cards) == ("stamp_card", 18)


def test_the_rulebook_that_holds_against_itself(conn: psycopg.Connection, shop: Counter) -> None:
    """Nothing changes, and what it gave is what the ledger holds."""
    opened(conn, shop, OF_POINTS)
    sell(conn, shop)
    sold(conn, shop, sale("S-7", 77_77, spend=spending(50)))
    found = replayed(conn, shop, BASE)
    assert (found.change, found.winners, found.losers, found.loss, found.losses) == (0, 0, 0, 0, ())
    assert found.current == found.draft
    assert [(one.track, one.moves) for one in found.tracks] == [("club", ())]
    given = conn.execute("SELECT sum(amount) FROM ledger_transfer WHERE kind = 'earn'").fetchone()
    assert given is not None
    assert found.draft.points == {"points": given[0]}
    (owed,) = found.liability
    assert owed.current == owed.draft == given[0] - 50
    assert have(conn, shop).available == 90 + 72 - 50, "77.77 less the 5.00 that points paid"


def test_what_expires_is_not_owed(conn: psycopg.Connection, shop: Counter) -> None:
    """Points live for 30 days: of twice as many for 100 of today and 200 of long ago, 100 are owed more."""
    rule(conn, shop, "points.expiry", {"model": "days", "days": 30})
    context.forget()
    sold(conn, shop, sale("S-1", 100_00))
    sold(conn, shop, sale("S-2", 200_00, at=NOW - timedelta(days=90)))
    (owed,) = replayed(conn, shop, points(50)).liability
    assert owed.draft - owed.current == 100


def test_nothing_is_left_behind(conn: psycopg.Connection, shop: Counter) -> None:
    opened(conn, shop, OF_POINTS)
    sell(conn, shop)
    replayed(conn, shop, points(50))
    with db.connect() as other:
        left = other.execute("SELECT count(*) FROM pg_class WHERE relname = 'replay_day'").fetchone()
    assert left == (0,)
