"""Half a year of the real street, dirty as real data are: the books agree all the time."""

import random
from datetime import UTC, datetime, timedelta

import psycopg

from tests.builders import Shop, holder, make_shop
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt
from verno.ledger import service as ledger
from verno.ledger.types import Hold, Operation, Spend
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.messaging.statements import StatementCounts, plan_statements
from verno.verify import service

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PEOPLE = 12


def sale(dice: random.Random, number: int, at: datetime) -> Receipt:
    lines = [
        Line(f"sku-{dice.randrange(30)}", dice.choice(("1", "0", "0.750")), dice.choice((0, 5, 99, 12_345)), discount=3)
        for _ in range(dice.randrange(1, 5))
    ]
    who = dice.choice(
        (None, MemberRef(external_id="nobody"), *[MemberRef(external_id=f"m-{dice.randrange(PEOPLE)}")] * 6)
    )
    late = timedelta(days=dice.choice((0, 0, 0, 1, 35, 60)))
    return Receipt(f"{number}", "msk-1", at - late, lines, member=who)


def at_the_till(dice: random.Random, shop: Shop, who: str, now: datetime) -> Operation:
    """Spend, or set aside for some weeks at most, which time will free."""
    points = dice.randrange(1, 200)
    spend, hold = Spend(who, shop.unit.id, points, now), Hold(who, shop.unit.id, points, now, now + timedelta(days=16))
    return Operation(holder(), holder(), who, "00", (dice.choice((spend, spend, hold)),), "till")


def test_half_a_year_of_the_street(conn: psycopg.Connection) -> None:
    dice = random.Random(20260301)
    context.forget()
    shop = make_shop(conn, life_days=30, now=START)
    found = members.upsert(conn, shop.program, [NewMember(external_id=f"m-{n}") for n in range(PEOPLE)], now=START)
    people = [one.member_id for one in found if isinstance(one, Created)]
    about = context.of(conn, shop.program.id)
    sent: list[Receipt] = []
    for week in range(26):
        now = START + timedelta(days=7 * week) - timedelta(hours=dice.choice((0, 0, 200)))
        fresh = [sale(dice, 100 * week + n, now) for n in range(dice.randrange(1, 12))]
        again = dice.sample(sent, min(3, len(sent)))
        done = intake.settle(conn, about, [*fresh, *again, fresh[0]], now=now)
        about.learn(done.learned)
        sent += fresh
        ledger.post(
            conn, shop.program.id, [at_the_till(dice, shop, who, now) for who in dice.sample(people, 6)], now=now
        )
        if week % 5 == 4:
            last = now.replace(day=1) - timedelta(days=1)
            told = plan_statements(conn, shop.program, last.year, last.month, now=now)
            assert isinstance(told, StatementCounts)
        report = service.run(conn)
        assert report.ok, (week, report.problems)
    checked = service.run(conn).checked
    assert checked["receipts"] == len(sent)
    assert min(checked.values()) > 0
