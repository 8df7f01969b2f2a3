"""The companies' letter about a period that has ended: planned minutes into the next one, told as it ended."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from tests.builders import Shop
from tests.messaging.news import send
from tests.messaging.postman import Postman
from tests.messaging.test_company_letters import BEFORE, company
from tests.messaging.test_notices import letters
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt, Settled
from verno.kit import db
from verno.messaging.companies import turnover
from verno.messaging.letters import turnover as letter
from verno.progress import queries
from verno.progress import service as progress
from verno.progress.types import (
    Agreed,
    Agreement,
    Anniversary,
    Audience,
    Between,
    Calendar,
    Fresh,
    Metric,
    Period,
    Published,
    Recount,
    Rolling,
    Rule,
    Scale,
    Step,
    Track,
    Window,
)
from verno.rules.fields import Known
from verno.workspace.audit import SYSTEM

OCTOBER, NOVEMBER = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 31, 21, 0, tzinfo=UTC)
DECEMBER, JANUARY = datetime(2026, 12, 31, 20, 59, tzinfo=UTC), datetime(2026, 12, 31, 21, 0, tzinfo=UTC)
"""The last minute of the year in Moscow, and the first one of the next."""
MINUTES = timedelta(minutes=7)
FIRST = Fresh(date(2026, 10, 1))
STEPS = (Step(code="five", threshold=10_000_000, share=500), Step(code="seven", threshold=30_000_000, share=700))


def open_scale(shop: Shop, window: Window, rule: Rule = FIRST, *, now: datetime = BEFORE) -> None:
    """Open a scale of 5 % from 100,000 and 7 % from 300,000."""
    track = Track(
        code="wholesale", metric=Metric.SPEND, window=window, steps=STEPS, settings=Scale(), audience=Audience.COMPANY
    )
    with db.transaction(shop.program.id) as conn:
        done = progress.publish(conn, shop.program, track, rule, known=Known(), now=now)
    assert isinstance(done, Published), done


def buy(shop: Shop, amount: int, at: datetime) -> None:
    with db.transaction(shop.program.id) as conn:
        bought = Receipt(f"B-{at}", "msk-1", at, [Line("tea", "1", amount)], member=MemberRef(external_id="m-0"))
        [outcome] = intake.settle(conn, context.of(conn, shop.program.id), [bought], now=at).outcomes
        assert isinstance(outcome, Settled), outcome


def agree(shop: Shop, holder: str, share: int, first: date, last: date | None = None) -> None:
    wanted = Agreement(owner_id=holder, track="wholesale", first=first, last=last, share=share)
    with db.transaction(shop.program.id) as conn:
        on = queries.judging(conn, shop.program, now=OCTOBER)
        [done] = progress.agree(conn, shop.program.id, [wanted], on=on, by=SYSTEM, now=OCTOBER)
    assert isinstance(done, Agreed), done


def told(shop: Shop, postman: Postman, year: int, month: int, now: datetime) -> tuple[str, str]:
    """Plan and send the only letter; returns its subject and its text."""
    with db.transaction(shop.program.id) as conn:
        assert turnover.plan_letters(conn, shop.program, year, month, now=now) == 1
    send(postman, now=now + timedelta(hours=12))
    [(subject, text)] = letters(postman)
    return subject, text.replace("\xa0", " ").replace("\r\n", "\n")


MONTH_EN = """\
5 % – your discount in October

RUB 51,000 more in October would have made your discount 7 %. Turnover is counted anew from November 1.
Turnover in October: RUB 249,000
Discount in October: 5 %
Missing for 7 %: RUB 51,000
Discount now: 0 %
"""
MONTH_RU = """\
5 % – ваша скидка за октябрь

До скидки 7 % за октябрь не хватило 51 000 ₽. С 1 ноября оборот считается заново.
Оборот за октябрь: 249 000 ₽
Скидка за октябрь: 5 %
До скидки 7 % не хватило: 51 000 ₽
Скидка сейчас: 0 %
"""


@pytest.mark.parametrize(
    ("locale", "subject", "text"),
    [
        ("en", "RUB 51,000 short of the 7 % discount in October", MONTH_EN),
        ("ru", "До скидки 7 % за октябрь не хватило 51 000 ₽", MONTH_RU),
    ],
)
def test_a_month_is_told_as_it_ended(shop: Shop, postman: Postman, locale: str, subject: str, text: str) -> None:
    open_scale(shop, Calendar(Period.MONTH))
    company(shop, locale)
    buy(shop, 24_900_000, OCTOBER)
    buy(shop, 900_000, NOVEMBER)
    said, written = told(shop, postman, 2026, 10, NOVEMBER + MINUTES)
    assert said.replace("\xa0", " ") == subject
    assert text in written


@pytest.mark.parametrize(
    ("window", "locale", "row"),
    [
        (Calendar(Period.QUARTER), "en", "Turnover in the 4th quarter of 2026: RUB 249,000"),
        (Calendar(Period.QUARTER), "ru", "Оборот за 4-й квартал 2026 года: 249 000 ₽"),
        (Calendar(Period.HALF), "en", "Turnover in the second half of 2026: RUB 249,000"),
        (Calendar(Period.HALF), "ru", "Оборот за второе полугодие 2026 года: 249 000 ₽"),
        (Calendar(Period.YEAR), "en", "Turnover in 2026: RUB 249,000"),
        (Calendar(Period.YEAR), "ru", "Оборот за 2026 год: 249 000 ₽"),
        (Anniversary(), "en", "Turnover in the period: RUB 249,000"),
    ],
)
def test_so_is_what_ended_with_the_year(shop: Shop, postman: Postman, window: Window, locale: str, row: str) -> None:
    """The company joined on the first of January."""
    open_scale(shop, window)
    company(shop, locale)
    buy(shop, 24_000_000, OCTOBER)
    buy(shop, 900_000, DECEMBER)
    buy(shop, 500_000, JANUARY)
    assert row in told(shop, postman, 2026, 12, JANUARY + MINUTES)[1]


@pytest.mark.parametrize(
    ("locale", "row"), [("en", "in the first half of 2027"), ("ru", "за первое полугодие 2027 года")]
)
def test_the_first_half_has_its_name(locale: str, row: str) -> None:
    ended = letter.Scale({}, 100, "RUB", 0, 500, 100, date(2027, 6, 30), Period.HALF, share_now=0)
    seen = letter.view(msgspec.to_builtins(letter.Context([ended])), locale=locale, name=None, program="Shop")
    assert row in str(seen["preview"])


@pytest.mark.parametrize(
    ("window", "row"),
    [
        (Calendar(Period.YEAR), "Turnover this year: RUB 258,000"),
        (Rolling(365), "Turnover in the period: RUB 258,000"),
        (Between(date(2026, 10, 1), date(2026, 10, 31)), "Turnover in the period: RUB 249,000"),
    ],
)
def test_what_goes_on_is_told_as_it_is_now(shop: Shop, postman: Postman, window: Window, row: str) -> None:
    """Fixed dates that are over give their discount still."""
    open_scale(shop, window)
    company(shop)
    buy(shop, 24_900_000, OCTOBER)
    buy(shop, 900_000, NOVEMBER)
    subject, text = told(shop, postman, 2026, 10, NOVEMBER + MINUTES)
    assert row in text
    assert subject.endswith("your discount is 7 %")


def test_a_month_is_told_by_the_scale_that_held_then(shop: Shop, postman: Postman) -> None:
    """The next version begins with the next month and from nothing: it has no word in this one's letter."""
    open_scale(shop, Calendar(Period.MONTH))
    open_scale(shop, Calendar(Period.QUARTER), Fresh(date(2026, 11, 1)), now=OCTOBER)
    company(shop)
    buy(shop, 40_000_000, OCTOBER)
    subject, text = told(shop, postman, 2026, 10, NOVEMBER + MINUTES)
    assert subject.replace("\xa0", " ") == "Turnover in October: RUB 400,000, discount 7 %"
    assert "This was the largest discount of the scale. Turnover is counted anew from November 1." in text


@pytest.mark.parametrize(
    ("window", "row"),
    [
        (Rolling(90), "Turnover in the period: RUB 249,000"),
        (Calendar(Period.QUARTER), "Turnover this quarter: RUB 249,000"),
    ],
)
def test_a_period_that_was_made_longer_has_not_ended(shop: Shop, postman: Postman, window: Window, row: str) -> None:
    open_scale(shop, Calendar(Period.MONTH))
    company(shop)
    buy(shop, 24_900_000, OCTOBER)
    open_scale(shop, window, Recount(), now=NOVEMBER)
    assert row in told(shop, postman, 2026, 10, NOVEMBER + MINUTES)[1]


@pytest.mark.parametrize(("last", "now"), [(date(2026, 10, 31), "0 %"), (None, "12 %")])
def test_a_contract_is_that_of_the_period(shop: Shop, postman: Postman, last: date | None, now: str) -> None:
    open_scale(shop, Calendar(Period.MONTH))
    agree(shop, company(shop), 1200, date(2026, 10, 1), last)
    buy(shop, 24_900_000, OCTOBER)
    _, text = told(shop, postman, 2026, 10, NOVEMBER + MINUTES)
    assert "12 % – your discount in October" in text
    assert "The discount in October was the one in your contract." in text
    assert f"Discount in October: 12 %\nDiscount now: {now}" in text


def test_no_other_discount_is_promised_beside_a_contract(shop: Shop, postman: Postman) -> None:
    open_scale(shop, Calendar(Period.QUARTER))
    agree(shop, company(shop), 1200, date(2026, 10, 1))
    buy(shop, 24_900_000, OCTOBER)
    subject, text = told(shop, postman, 2026, 10, NOVEMBER + MINUTES)
    assert subject.replace("\xa0", " ") == "Your discount is 12 %: turnover RUB 249,000"
    assert "The discount is the one in your contract." in text
    assert "7 %" not in text
