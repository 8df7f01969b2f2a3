"""Falsified budgets: what counters hold, and what receipts take of them."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_budgets import extra
from tests.intake.test_rulebooks import BASE, bought, publish
from tests.intake.tillwork import back, rule, said, sale, sold, step
from verno.intake.returns.types import Original
from verno.intake.steps.types import Cancel, Capture
from verno.intake.types import LineQuantity
from verno.rules.effects import DiscountPercent
from verno.rules.types import Budget, Counts, Period, Rule
from verno.verify import service as verify

OFF = Rule(
    id="off",
    budgets=(Budget(Counts.MONEY, 10**9, period=Period.WEEK), Budget(Counts.USES, 99, each_member=True)),
    effects=(DiscountPercent(share=1000),),
)
USE, COUNTER = "promotions_budget_use", "promotions_budget_counter"
OF_FIRST = "operation_id = (SELECT id FROM intake_receipt WHERE number = 'S-1')"
SABOTAGE = [
    # (name, what the insider writes, the checks that must turn red)
    ("a counter holds less", f"UPDATE {COUNTER} SET used = used - 1 WHERE used > 0", {"budget-sums"}),
    ("a counter sets more aside", f"UPDATE {COUNTER} SET held = held + 1", {"budget-sums"}),
    ("a counter is gone", f"DELETE FROM {COUNTER}", {"budget-sums"}),
    ("a use is gone", f"DELETE FROM {USE} WHERE {OF_FIRST}", {"budget-sums", "budget-uses"}),
    ("a use is smaller, and its counter",
     f"""WITH u AS (UPDATE {USE} SET amount = amount - 1 WHERE {OF_FIRST} AND rule = 'extra'
        RETURNING *) UPDATE {COUNTER} c SET used = used - 1 FROM u WHERE u.rule = c.rule AND u.budget = c.budget""",
     {"budget-uses"}),
    ("a use of nobody's receipt",
     f"""INSERT INTO {USE} SELECT gen_random_uuid(), rule, budget, subject, bucket, program_id,
        0, NULL, recorded_at FROM {USE} LIMIT 1; UPDATE {USE} SET amount = 1 WHERE amount = 0 AND operation_id NOT IN
        (SELECT id FROM intake_receipt)""", {"budget-sums", "budget-uses"}),
    ("a sale is still set aside", f"UPDATE {USE} SET until = now() WHERE {OF_FIRST}", {"budget-sums", "budget-uses"}),
    ("what came back is taken all the same", f"""UPDATE {USE} SET amount = 1 WHERE amount = 0""",
     {"budget-sums", "budget-uses"}),
    ("somebody else's budget", f"""WITH u AS (UPDATE {USE} SET subject = gen_random_uuid()::text WHERE subject <> ''
        RETURNING *) UPDATE {COUNTER} SET subject = (SELECT subject FROM u LIMIT 1) WHERE subject <> ''""",
     {"budget-sums", "budget-uses"}),
    ("another week", f"""WITH u AS (UPDATE {USE} SET bucket = bucket - 7 WHERE budget LIKE '%%:week' RETURNING 1)
        UPDATE {COUNTER} SET bucket = bucket - 7 WHERE budget LIKE '%%:week'""", {"budget-uses"}),
]  # fmt: skip


@pytest.fixture
def counter(owner: psycopg.Connection) -> Counter:
    """Sales in every state that budgets count: whole, in part come back, all come back, held, captured, cancelled."""
    counter = open_counter(owner)
    rule(owner, counter, "spend.value", 10)
    publish(owner, counter, BASE, extra(99), OFF)
    bought(owner, counter, sale("S-1", 40_000))
    bought(owner, counter, sale("S-2", 30_000, 20_000))
    back(owner, counter, "R-2", (2, "1"), original=Original(place="msk-1", number="S-2"))
    sold(owner, counter, sale("S-3", 40_000))
    back(owner, counter, "R-3", original=Original(place="msk-1", number="S-3"))
    for number in ("S-4", "S-5", "S-6", "S-7"):
        sold(owner, counter, sale(number, 30_000, 20_000, hold=True))
    said(step(owner, counter, "msk-1~~S-4", Capture()))
    said(step(owner, counter, "msk-1~~S-5", Capture(lines=[LineQuantity(1, "2")])))
    said(step(owner, counter, "msk-1~~S-6", Cancel()))
    sold(owner, counter, sale("S-8", 50_000, at=NOW - timedelta(days=9), member=None))
    return counter


def test_honest_budgets(owner: psycopg.Connection, counter: Counter) -> None:
    report = verify.run(owner)
    assert report.ok, report.problems
    assert owner.execute(f"SELECT count(*) FROM {USE}").fetchone() == (19,)


@pytest.mark.parametrize(("name", "sql", "red"), SABOTAGE, ids=[row[0] for row in SABOTAGE])
def test_sabotage_is_noticed(owner: psycopg.Connection, counter: Counter, name: str, sql: str, red: set[str]) -> None:
    for statement in sql.split("; "):
        assert owner.execute(statement).rowcount > 0, name
    report = verify.run(owner)
    assert set(report.totals) == red, report.problems
