"""Budgets of rules at the till: without room a rule does not act, holds reserve, returns hand back."""

from datetime import timedelta
from typing import cast

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, asks, bought, earned, publish
from tests.intake.tillwork import (
    ALL,
    VOUCHED,
    back,
    give,
    points,
    quoted,
    reason,
    refused,
    rule,
    said,
    sale,
    settle,
    sold,
    spending,
    step,
)
from verno.intake import context
from verno.intake.quoting import service as quoting
from verno.intake.returns.types import Original
from verno.intake.steps.types import Cancel, Capture, Claim
from verno.intake.types import LineQuantity, MemberRef
from verno.kit import db
from verno.limits import service as limits
from verno.limits.types import Measure, NewLimit, Subject, Window
from verno.members import service as members
from verno.members.types import NewMember
from verno.promotions.budgets import queries as budgets
from verno.promotions.budgets import service as counting
from verno.rules.effects import DiscountAmount, DiscountPercent, Earn, EarnFixed, PrintText
from verno.rules.types import Budget, Counts, Period, Rule
from verno.verify import service as verify
from verno.wiring import chores
from verno.workspace import audit

pytestmark = pytest.mark.usefixtures("honest")

Body = dict[str, object]
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OTHER = MemberRef(external_id="m-2")
LARGE = asks("paid", ">=", 10000)
LARGE_RECEIPT = asks("amount", ">=", 10000)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 0.10; a regular with 10,000 of them, and another."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    members.upsert(conn, counter.program, [NewMember(external_id="m-2")], now=NOW)
    return counter


def extra(most: int, **more: object) -> Rule:
    """Fifty points for a large purchase, so many times."""
    budget = msgspec.structs.replace(Budget(Counts.USES, most), **more)
    return Rule(id="extra", when=LARGE, budgets=(budget,), effects=(EarnFixed(unit="points", points=50),))


def off(counts: Counts, most: int, share: int = 1000) -> Rule:
    return Rule(id="off", budgets=(Budget(counts, most),), effects=(DiscountPercent(share=share),))


def of(number: int) -> Original:
    return Original(place="msk-1", number=f"S-{number}")


def counted(conn: psycopg.Connection) -> list[tuple[int, int]]:
    """Return what is used and held of each budget, as the uses say it, once the counters agree."""
    found = conn.execute(
        "SELECT used, held FROM promotions_budget_counter ORDER BY rule, budget, subject, bucket"
    ).fetchall()
    sums = conn.execute(
        "SELECT coalesce(sum(amount) FILTER (WHERE until IS NULL), 0)::bigint,"
        " coalesce(sum(amount) FILTER (WHERE until IS NOT NULL), 0)::bigint"
        " FROM promotions_budget_counter"
        " LEFT JOIN promotions_budget_use USING (program_id, rule, budget, subject, bucket)"
        " GROUP BY rule, budget, subject, bucket ORDER BY rule, budget, subject, bucket"
    ).fetchall()
    assert found == sums
    return cast("list[tuple[int, int]]", found)


def test_a_rule_acts_as_often_as_its_budget_says_and_a_return_hands_back(
    conn: psycopg.Connection, counter: Counter
) -> None:
    publish(conn, counter, BASE, extra(2))
    got = [earned(sold(conn, counter, sale(f"S-{n}", 10000))) - 100 for n in (1, 2, 3)]
    assert got == [50, 50, 0]
    about = context.of(conn, counter.program.id)
    answer = quoting.quote(conn, about, sale("S-9", 10000), now=NOW, everything=True)
    assert isinstance(answer, bytes)
    assert b"0: the budget is spent" in answer
    assert points(back(conn, counter, "R-1"))[0] == 150
    assert counted(conn) == [(1, 0)]
    assert earned(sold(conn, counter, sale("S-4", 10000))) == 150
    assert earned(sold(conn, counter, sale("S-5", 10000))) == 100
    # The third was sold without it: its return takes back what it gave, although there was room meanwhile.
    assert points(back(conn, counter, "R-3", original=of(3)))[0] == 100


def test_periods_long_over_are_forgotten(conn: psycopg.Connection, counter: Counter) -> None:
    """What is counted for ever stays, and so does what a receipt has just touched."""
    daily, yearly = extra(9, period=Period.DAY, each_member=True).budgets[0], extra(9, period=Period.YEAR).budgets[0]
    publish(conn, counter, BASE, msgspec.structs.replace(extra(9), budgets=(daily, yearly, extra(9).budgets[0])))
    for number, days in ((1, 900), (2, 801), (3, 799), (4, 0)):
        then = NOW - days * DAY
        sold(conn, counter, sale(f"S-{number}", 10_000, at=then), now=then)
    sold(conn, counter, sale("S-5", 10_000, at=NOW - 850 * DAY))
    buckets = "SELECT split_part(budget, ':', 3), bucket FROM promotions_budget_counter ORDER BY bucket"
    assert len(conn.execute(buckets).fetchall()) == 8
    dropped = 0
    while done := counting.forget(conn, now=NOW, limit=1):
        dropped += done
        assert counted(conn)
        assert verify.run(conn).ok
    left = conn.execute(buckets).fetchall()
    assert dropped == 2, "the first two days; the year of the late receipt was touched just now"
    assert [(period, (NOW.date() - bucket).days) for period, bucket in left if period == "day"] == [
        ("day", 850),
        ("day", 799),
        ("day", 0),
    ]
    assert points(back(conn, counter, "R-1", original=of(1)))[0] == 150, "nobody waits for what it hands back"
    assert counted(conn)


def test_the_worker_forgets_in_steps(database: str) -> None:
    with db.transaction() as conn:
        counter = open_counter(conn)
        publish(conn, counter, BASE, extra(9, period=Period.DAY))
        for number in (1, 2):
            sold(conn, counter, sale(f"S-{number}", 10_000, at=NOW - number * DAY))
    later = NOW + 900 * DAY
    assert chores.forget_budgets(now=later, stopping=lambda: True) == 0
    assert chores.forget_budgets(now=later, stopping=lambda: False) == 2


def test_a_rule_that_no_longer_acts_on_what_is_left_hands_back(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    sold(conn, counter, sale("S-1", 8000, 4000))
    back(conn, counter, "R-1", (2, "1"))
    assert counted(conn) == [(1, 0)], "10,000 are left: it still does"
    back(conn, counter, "R-2", (2, "1"))
    assert counted(conn) == [(0, 0)]


def test_money_is_counted_to_the_penny_and_comes_back_with_its_lines(
    conn: psycopg.Connection, counter: Counter
) -> None:
    publish(conn, counter, BASE, off(Counts.MONEY, 5000))
    assert bought(conn, counter, sale("S-1", 30000, 10000))["to_pay"] == 36000
    assert bought(conn, counter, sale("S-2", 10001))["to_pay"] == 9001
    assert counted(conn) == [(5000, 0)]
    assert bought(conn, counter, sale("S-3", 10000))["to_pay"] == 10000, "not a part of it"
    back(conn, counter, "R-1", (1, "1"))
    assert counted(conn) == [(3500, 0)]
    assert bought(conn, counter, sale("S-4", 15000))["to_pay"] == 13500
    back(conn, counter, "R-2")
    assert counted(conn) == [(2500, 0)]


def test_points_are_counted_and_a_dear_receipt_does_not_take_the_rest_of_another(
    conn: psycopg.Connection, counter: Counter
) -> None:
    double = Rule(
        id="double",
        when=asks("amount", ">=", 1),
        budgets=(Budget(Counts.POINTS, 100),),
        effects=(Earn("points", 1, 100),),
    )
    publish(conn, counter, BASE, double)
    got = [earned(sold(conn, counter, sale(f"S-{n}", amount))) for n, amount in enumerate((6000, 6000, 4000, 100))]
    assert got == [120, 60, 80, 1]
    assert counted(conn) == [(100, 0)]


def test_each_member_each_day_and_nobody_unknown(conn: psycopg.Connection, counter: Counter) -> None:
    each = Budget(Counts.USES, 1, each_member=True, period=Period.DAY)
    publish(conn, counter, BASE, Rule(id="off", budgets=(each,), effects=(DiscountPercent(share=1000),)))
    assert bought(conn, counter, sale("S-1", 10000))["to_pay"] == 9000
    assert bought(conn, counter, sale("S-2", 10000))["to_pay"] == 10000
    assert bought(conn, counter, sale("S-3", 10000, member=OTHER))["to_pay"] == 9000
    assert bought(conn, counter, sale("S-4", 10000, member=None))["to_pay"] == 10000
    # Nine hours on it is midnight in Moscow.
    after = NOW + timedelta(hours=9)
    quote = cast("Body", quoted(conn, counter, sale("S-5", 10000, at=after), now=after))
    assert quote["to_pay"] == 9000
    quote = cast("Body", quoted(conn, counter, sale("S-6", 10000, at=after - MINUTE), now=after))
    assert quote["to_pay"] == 10000


@pytest.mark.parametrize(
    ("period", "later", "open_again"),
    [
        (Period.EVER, 400 * DAY, False),
        (Period.WEEK, 4 * DAY, False),
        (Period.WEEK, 5 * DAY, True),
        (Period.MONTH, 5 * DAY, False),
        (Period.MONTH, 6 * DAY, True),
        (Period.YEAR, 36 * DAY, False),
        (Period.YEAR, 37 * DAY, True),
    ],
)
def test_periods_are_the_calendars(
    conn: psycopg.Connection, counter: Counter, period: Period, later: timedelta, *, open_again: bool
) -> None:
    publish(conn, counter, BASE, extra(1, period=period))
    sold(conn, counter, sale("S-1", 10000))
    again = sold(conn, counter, sale("S-2", 10000, at=NOW + later), now=NOW + later)
    assert earned(again) == (150 if open_again else 100)


def test_a_hold_reserves_until_it_is_cancelled_or_over(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    id_ = str(sold(conn, counter, sale("S-1", 10000, hold=True))["id"])
    assert counted(conn) == [(0, 1)]
    assert earned(sold(conn, counter, sale("S-2", 10000))) == 100
    step(conn, counter, id_, Cancel())
    id_ = str(sold(conn, counter, sale("S-3", 10000, hold=True))["id"])
    assert earned(said(step(conn, counter, id_, Capture()))) == 150
    assert counted(conn) == [(1, 0)]


def test_what_was_held_for_too_long_is_anothers(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    rule(conn, counter, "hold.late_capture", "rehold")
    context.forget()
    id_ = str(sold(conn, counter, sale("S-1", 10000, hold=True))["id"])
    late = NOW + 10 * MINUTE
    assert earned(sold(conn, counter, sale("S-2", 10000), now=late)) == 150
    assert counted(conn) == [(1, 0)]
    assert reason(step(conn, counter, id_, Capture(), late)) == "over-limit"
    back(conn, counter, "R-2", original=of(2), now=late)
    assert earned(said(step(conn, counter, id_, Capture(), late))) == 150


def test_a_capture_in_part_frees_the_rest(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, off(Counts.MONEY, 2000))
    id_ = str(sold(conn, counter, sale("S-1", 10000, 10000, hold=True))["id"])
    assert counted(conn) == [(0, 2000)]
    step(conn, counter, id_, Capture(lines=[LineQuantity(1, "1")]))
    assert counted(conn) == [(500, 0)]


def test_points_pay_what_is_left_without_the_discount(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, off(Counts.USES, 1, share=5000))
    quote = cast("Body", quoted(conn, counter, sale("S-2", 40000, spend=ALL)))
    assert (quote["to_pay"], counted(conn)) == (0, [])
    sold(conn, counter, sale("S-1", 10000, spend=spending(10)))
    assert refused(conn, counter, sale("S-2", 40000, quote=str(quote["quote"]))) == "stale-quote"
    body = bought(conn, counter, sale("S-2", 40000, spend=spending(4000)))
    assert (body["to_pay"], counted(conn)) == (0, [(1, 0)])


def test_in_one_batch_the_first_has_it(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    outcomes = settle(conn, counter, *(sale(f"S-{n}", 10000, member=OTHER if n % 2 else VOUCHED) for n in range(4)))
    assert [earned(said(one)) for one in outcomes] == [150, 100, 100, 100]


def test_nobody_suffers_from_a_neighbour_that_a_limit_refused(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    wanted = NewLimit(subject=Subject.CASHIER, measure=Measure.RECEIPTS, window=Window.DAY, most=0, hard=True)
    assert isinstance(limits.add(conn, counter.program.id, [wanted], now=NOW), tuple)
    context.forget()
    outcomes = settle(conn, counter, sale("S-1", 10000, cashier="c-1"), sale("S-2", 10000))
    assert (reason(outcomes[0]), earned(said(outcomes[1]))) == ("over-limit", 150)
    assert counted(conn) == [(1, 0)]


def test_of_rules_that_do_not_go_together_the_next_acts(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        Rule(id="a", group="g", budgets=(Budget(Counts.USES, 1),), effects=(DiscountAmount(amount=3000),)),
        Rule(id="b", group="g", budgets=(Budget(Counts.USES, 1),), effects=(DiscountAmount(amount=2000),)),
        Rule(id="c", group="g", when=LARGE_RECEIPT, effects=(DiscountAmount(amount=1000),)),
    )
    outcomes = settle(conn, counter, *(sale(f"S-{n}", 10000, hold=True) for n in range(4)))
    assert [said(one)["to_pay"] for one in outcomes] == [7000, 8000, 9000, 9000]


def test_a_claim_counts_and_earns_no_more_than_there_is(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        BASE,
        extra(1),
        Rule(
            id="off",
            budgets=(Budget(Counts.USES, 1),),
            effects=(DiscountPercent(share=1000), PrintText(text={"en": "x"})),
        ),
    )
    first = bought(conn, counter, sale("S-1", 20000, member=None))
    sold(conn, counter, sale("S-2", 20000, member=None))
    assert (first["to_pay"], counted(conn)) == (18000, [(1, 0)])
    assert earned(said(step(conn, counter, "msk-1~~S-1", Claim(VOUCHED)))) == 180 + 50
    assert earned(said(step(conn, counter, "msk-1~~S-2", Claim(VOUCHED)))) == 200
    assert counted(conn) == [(1, 0), (1, 0)]
    assert points(back(conn, counter, "R-1"))[0] == 230
    assert counted(conn) == [(0, 0), (0, 0)]
    assert points(back(conn, counter, "R-2", original=of(2)))[0] == 200


def test_a_return_before_its_sale_hands_back_as_well(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    back(conn, counter, "R-1")
    sold(conn, counter, sale("S-1", 10000))
    assert counted(conn) == [(0, 0)]
    assert earned(sold(conn, counter, sale("S-2", 10000))) == 150


def test_a_new_version_goes_on_counting(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, extra(1))
    sold(conn, counter, sale("S-1", 10000))
    publish(conn, counter, BASE, extra(2))
    assert [earned(sold(conn, counter, sale(f"S-{n}", 10000))) for n in (2, 3)] == [150, 100]


def test_half_four_fifths_and_all_are_told_once(conn: psycopg.Connection, counter: Counter) -> None:
    stored = publish(conn, counter, BASE, extra(10, period=Period.MONTH))
    settle(conn, counter, *(sale(f"S-{n}", 10000) for n in range(4)))

    def told() -> list[int]:
        found = conn.execute("SELECT body->'percent' FROM kit_event WHERE type = 'budget.reached.v1' ORDER BY id")
        return [row[0] for row in found.fetchall()]

    assert told() == []
    for n in range(4, 10):
        sold(conn, counter, sale(f"S-{n}", 10000))
    assert told() == [50, 80, 100]
    back(conn, counter, "R-1", original=of(9))
    sold(conn, counter, sale("S-11", 10000))
    assert told() == [50, 80, 100], "once"
    found = [one for one in audit.page(conn, counter.program.id) if one.action == "budget.reached"]
    assert [one.detail for one in reversed(found)] == [f"uses:all:month:{percent}" for percent in (50, 80, 100)]
    sold(conn, counter, sale("S-12", 10000, hold=True))
    (state,) = budgets.states(conn, counter.program.id, stored.rulebook, zone="Europe/Moscow", now=NOW)
    assert (state.rule, str(state.since), state.used, state.held, state.told) == ("extra", "2026-11-01", 10, 0, 100)


def test_states_of_budgets_for_each_member(conn: psycopg.Connection, counter: Counter) -> None:
    stored = publish(conn, counter, BASE, extra(2, each_member=True))
    for n in range(3):
        sold(conn, counter, sale(f"S-{n}", 10000))
    sold(conn, counter, sale("S-9", 10000, member=OTHER, hold=True))

    def state(now: object) -> tuple[int, int, int]:
        (found,) = budgets.states(conn, counter.program.id, stored.rulebook, zone="UTC", now=now)  # type: ignore[arg-type]
        return found.used, found.held, found.full

    assert state(NOW) == (2, 1, 1)
    assert state(NOW + DAY) == (2, 0, 1), "what was held has lapsed"


def test_without_budgets_nothing_is_asked(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE)
    sold(conn, counter, sale("S-1"))
    about = context.of(conn, counter.program.id)
    assert not about.counts_budgets
    assert conn.execute("SELECT count(*) FROM promotions_budget_counter").fetchone() == (0,)
