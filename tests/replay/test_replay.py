"""A draft over stored receipts: what it would have cost is what tills would have been told."""

from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BEGINNING, NOW
from tests.intake.conftest import Counter
from tests.intake.test_rulebooks import BASE, RULES, asks, earned, of_lines, publish
from tests.intake.tillwork import ALL, give, quoted, rule, sale, sold, spending
from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.intake import context
from verno.intake.types import MemberRef
from verno.members import service as members
from verno.members.types import NewMember
from verno.promotions.types import NotPublished
from verno.replay import service as replay
from verno.replay.types import Period, Report
from verno.rules.effects import DiscountPercent, Earn, EarnFixed, EarnPercent
from verno.rules.types import Budget, Counts, Rule, Rulebook

EVER = Period(BEGINNING, NOW + timedelta(days=1))


def replayed(conn: psycopg.Connection, counter: Counter, *rules: Rule, period: Period = EVER) -> Report:
    context.forget()
    about = context.of(conn, counter.program.id)
    steps: list[int] = []
    found = replay.run(conn, about, Rulebook(rules), period, step=steps.append, now=NOW)
    assert isinstance(found, Report), found
    assert sum(steps) >= found.receipts  # of some nothing may be left
    return found


@pytest.fixture
def shop(conn: psycopg.Connection, counter: Counter) -> Counter:
    """Points worth 0.10, a second member, and tea."""
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    members.upsert(conn, counter.program, [NewMember(external_id="m-2")], now=NOW)
    catalogue.upsert_goods(conn, counter.program.id, [NewGoods("sku-1", category=["tea"])], now=NOW)
    publish(conn, counter, BASE)
    return counter


def test_winners_losers_and_what_changed_most(conn: psycopg.Connection, shop: Counter) -> None:
    other = MemberRef(external_id="m-2")
    sold(conn, shop, sale("S-1", 30000, 10000))
    sold(conn, shop, sale("S-2", 20000, 20000, member=other))
    sold(conn, shop, sale("S-3", 5000, member=None))
    tea = asks("category", "inCategory", [["tea"]])
    found = replayed(conn, shop, Rule(id="tea", effects=(Earn("points", 2, 100, tea),)))
    assert (found.receipts, found.members, found.price) == (3, 2, 85000)
    assert (found.current.points, found.draft.points) == ({"points": 800}, {"points": 1000})
    assert (found.current.cost, found.draft.cost, found.change) == (8000, 10000, 2000)
    assert (found.winners, found.losers) == (1, 0)
    (owed,) = found.liability
    assert (owed.draft - owed.current, owed.draft_worth) == (200, owed.draft * 10)
    assert {id_: one.uses for id_, one in found.draft.rules.items()} == {"tea": 2}
    assert [(one.number, one.current, one.draft) for one in found.biggest] == [("S-1", 4000, 6000)]
    assert [(one.name, one.members, one.winners, one.change) for one in found.places] == [("msk-1", 2, 1, 2000)]
    assert sum(one.members for one in found.bands) == 2


def test_a_budget_ends_a_rule(conn: psycopg.Connection, shop: Counter) -> None:
    for n in range(5):
        sold(conn, shop, sale(f"S-{n}", 30000, at=NOW - timedelta(hours=n)))
    budgets = (Budget(Counts.POINTS, 100), Budget(Counts.USES, 3, each_member=True))
    found = replayed(conn, shop, BASE, Rule(id="gift", effects=(EarnFixed(unit="points", points=40),), budgets=budgets))
    assert found.draft.rules["gift"].uses == 2
    assert [(one.used, one.times, one.missed) for one in found.draft.budgets] == [(80, 1, 3), (2, 0, 0)]
    assert [one.used_up_on for one in found.draft.budgets] == [NOW.date(), None]


def test_a_budget_that_was_just_enough_is_used_up_and_not_over(conn: psycopg.Connection, shop: Counter) -> None:
    for n in range(3):
        sold(conn, shop, sale(f"S-{n}", 30000, at=NOW - timedelta(days=n)))
    uses = Budget(Counts.USES, 3)
    found = replayed(conn, shop, BASE, Rule(id="more", effects=(Earn("points", 1, 1000),), budgets=(uses,)))
    (burn,) = found.draft.budgets
    assert (burn.used, burn.used_up_on, burn.missed, found.above_budget) == (3, NOW.date(), 0, False)
    sold(conn, shop, sale("S-9", 30000))
    found = replayed(conn, shop, BASE, Rule(id="more", effects=(Earn("points", 1, 1000),), budgets=(uses,)))
    assert [(one.missed, one.used_up_on) for one in found.over] == [(1, NOW.date())]


def test_only_the_period_is_replayed_and_what_is_held_is_not(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000, at=NOW - timedelta(days=10)))
    sold(conn, shop, sale("S-2", 30000))
    sold(conn, shop, sale("S-3", 30000, hold=True))
    assert replayed(conn, shop, BASE).receipts == 2
    assert replayed(conn, shop, BASE, period=Period(NOW - timedelta(days=1), EVER.until)).receipts == 1


def test_what_stops_a_replay_stops_it(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.run(conn, context.of(conn, shop.program.id), Rulebook((BASE,)), EVER, step=stop, now=NOW)


def test_a_draft_that_cannot_be_read_is_refused(conn: psycopg.Connection, shop: Counter) -> None:
    draft = Rulebook((Rule(id="a", when=asks("moon", "=", "full"), effects=(Earn("points", 1, 100),)),))
    found = replay.run(conn, context.of(conn, shop.program.id), draft, EVER, step=lambda _: None, now=NOW)
    assert isinstance(found, NotPublished)
    assert "when.rules.0.field: there is no field" in found.reasons[0]


def test_a_share_in_points_that_are_worth_nothing_is_refused(conn: psycopg.Connection, shop: Counter) -> None:
    rule(conn, shop, "spend.value", None)
    context.forget()
    sold(conn, shop, sale("S-1", 30000))
    draft = Rulebook((Rule(id="a", effects=(EarnPercent(unit="points", rate=100),)),))
    found = replay.run(conn, context.of(conn, shop.program.id), draft, EVER, step=lambda _: None, now=NOW)
    assert isinstance(found, NotPublished)
    assert "worth" in found.reasons[0]


AMOUNTS = st.lists(st.integers(0, 60000), min_size=1, max_size=5)


@given(RULES, AMOUNTS, st.integers(0, 400))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_replay_says_what_a_quote_had_said(
    conn: psycopg.Connection, shop: Counter, rules: list[Rule], amounts: list[int], spend: int
) -> None:
    """The receipt was sold by a quote of the rulebook that is the draft now: its discounts and points come again."""
    with conn.transaction(force_rollback=True):
        publish(conn, shop, BASE, *rules)
        quote = quoted(conn, shop, sale("S-1", *amounts, spend=spending(spend) if spend else []))
        if not isinstance(quote, dict):
            return
        done = sold(conn, shop, sale("S-1", *amounts, quote=str(quote["quote"])))
        found = replayed(conn, shop, BASE, *rules)
        assert found.draft.discount == sum(of_lines(done, "discount")) == sum(of_lines(quote, "discount"))
        assert found.draft.points.get("points", 0) == earned(done) == earned(quote)
        assert (found.winners, found.losers, found.change) == (0, 0, 0)
    context.forget()


def test_points_are_worth_the_same_on_both_sides(conn: psycopg.Connection, shop: Counter) -> None:
    """Whatever they were worth when the rulebook that holds was published."""
    rule(conn, shop, "spend.value", 20)
    sold(conn, shop, sale("S-1", 30000))
    found = replayed(conn, shop, BASE)
    assert (found.current.cost, found.draft.cost, found.winners, found.losers) == (6000, 6000, 0, 0)


def test_it_writes_nothing(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000, spend=ALL))
    conn.execute("SAVEPOINT before")
    conn.execute("SET TRANSACTION READ ONLY")
    found = replayed(conn, shop, BASE, Rule(id="off", effects=(DiscountPercent(share=1000),)))
    assert found.draft.discount == 3000
    conn.execute("ROLLBACK TO before")
