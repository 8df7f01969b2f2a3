"""Statements of a quarter, and the companies' letter of turnover, discount and distance."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.news import send, stories
from tests.messaging.people import add_members, earn
from tests.messaging.postman import Postman
from tests.messaging.test_notices import letters
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt, Settled
from verno.kit import db
from verno.members import service as members
from verno.members.types import MemberKind, NewMember
from verno.messaging import statements
from verno.messaging.companies import turnover
from verno.progress import service as progress
from verno.progress.types import Audience, Calendar, Fresh, Metric, Period, Published, Scale, Step, Track
from verno.rules.fields import Known
from verno.workspace import settings

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
BEFORE = datetime(2026, 9, 20, tzinfo=UTC)


def scale(shop: Shop) -> None:
    """Open a scale of 5 % from 100,000 a quarter and of 7 % from 300,000, for companies."""
    steps = (Step(code="five", threshold=10_000_000, share=500), Step(code="seven", threshold=30_000_000, share=700))
    track = Track(
        code="wholesale",
        metric=Metric.SPEND,
        window=Calendar(Period.QUARTER),
        steps=steps,
        settings=Scale(),
        audience=Audience.COMPANY,
        names={"en": "Wholesale", "ru": "Опт"},
    )
    with db.transaction(shop.program.id) as conn:
        done = progress.publish(conn, shop.program, track, Fresh(date(2026, 10, 1)), known=Known(), now=BEFORE)
    assert isinstance(done, Published), done


def company(shop: Shop, locale: str = "en") -> str:
    with db.transaction() as conn:
        [one] = add_members(conn, shop, 1, locale=locale)
        members.upsert(conn, shop.program, [NewMember("m-0", name="Baltic Tea", kind=MemberKind.COMPANY)], now=BEFORE)
    return one


def buy(shop: Shop, amount: int, number: str) -> None:
    with db.transaction(shop.program.id) as conn:
        receipt = Receipt(number, "msk-1", NOW, [Line("tea", "1", amount)], member=MemberRef(external_id="m-0"))
        [outcome] = intake.settle(conn, context.of(conn, shop.program.id), [receipt], now=NOW).outcomes
        assert isinstance(outcome, Settled), outcome


def write(shop: Shop) -> int:
    with db.transaction(shop.program.id) as conn:
        return turnover.plan_letters(conn, shop.program, 2026, 10, now=NOW)


@pytest.mark.parametrize(
    ("locale", "subject", "row"),
    [
        ("en", "RUB\xa051,000 more this quarter and your discount is 7 %", "Turnover this quarter: RUB\xa0249,000"),
        ("ru", "Ещё 51\xa0000\xa0₽ в этом квартале, и скидка станет 7 %", "Оборот в этом квартале: 249\xa0000\xa0₽"),
    ],
)
def test_a_company_hears_how_far_the_next_discount_is(
    shop: Shop, postman: Postman, locale: str, subject: str, row: str
) -> None:
    scale(shop)
    company(shop, locale)
    buy(shop, 24_900_000, "B-1")
    assert write(shop) == 1
    assert write(shop) == 0, "one a month"
    send(postman, now=NOW)
    [(said, text)] = letters(postman)
    assert said == subject
    assert row in text
    assert "Baltic Tea" in text


def test_the_largest_discount_has_no_next_one(shop: Shop, postman: Postman) -> None:
    scale(shop)
    company(shop)
    buy(shop, 40_000_000, "B-1")
    assert write(shop) == 1
    send(postman, now=NOW)
    assert letters(postman)[0][0] == "Your discount is 7 %: turnover RUB\xa0400,000"


def test_people_and_programs_without_a_scale_get_none(shop: Shop) -> None:
    with db.transaction() as conn:
        add_members(conn, shop, 1)
    assert write(shop) == 0
    scale(shop)
    assert write(shop) == 0


def figures(holder: str) -> tuple[object, ...]:
    """Return opening, earned and closing of the only statement."""
    with db.transaction() as conn:
        rows = conn.execute(
            "SELECT opening, earned, closing FROM messaging_statement WHERE holder_id = %s", (holder,)
        ).fetchall()
    assert len(rows) == 1
    return tuple(rows[0])


def test_a_quarter_is_told_after_it_has_ended(shop: Shop, postman: Postman) -> None:
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1)
        settings.write(conn, shop.program.id, "messages.statement_period", "quarter", now=BEFORE)
        for month in (10, 11, 12):
            earn(conn, shop, anna, 100, datetime(2026, month, 10, tzinfo=UTC))
    for now, count in ((datetime(2026, 12, 2, tzinfo=UTC), 0), (datetime(2027, 1, 2, tzinfo=UTC), 1)):
        with db.transaction() as conn:
            statements.due_statements(conn, now=now)
        assert len(stories(anna)) == count, now
    assert figures(anna) == (0, 300, 300)
    send(postman, now=datetime(2027, 1, 2, tzinfo=UTC))
    assert letters(postman)[0][0] == "300 points: your statement for the 4th quarter of 2026"


def test_a_quarter_begins_after_the_last_month_that_was_told(shop: Shop) -> None:
    """Who turns to quarters in the midst of one is told no month twice."""
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1)
        for month in (10, 11, 12):
            earn(conn, shop, anna, 100, datetime(2026, month, 10, tzinfo=UTC))
        statements.plan_statements(conn, shop.program, 2026, 10, now=datetime(2026, 11, 4, tzinfo=UTC))
        settings.write(conn, shop.program.id, "messages.statement_period", "quarter", now=BEFORE)
    with db.transaction() as conn:
        statements.due_statements(conn, now=datetime(2027, 1, 2, tzinfo=UTC) + timedelta(hours=1))
        row = conn.execute(
            "SELECT opening, earlier, earned, closing FROM messaging_statement WHERE month = '2026-12-01'"
        ).fetchone()
    assert row == (100, 0, 200, 300)
