"""A small shop with a year behind it: what the console's pages are looked at with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.builders import Shop, make_shop
from tests.waiting import until_readable
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.types import Channel, Created, NewConsent, NewMember
from verno.messaging import statements
from verno.reports import reader
from verno.workspace import service as workspace

POINTS_STATEMENT = members.POINTS_STATEMENT
GOODS = ["Bananas", "Whole milk 1 l", "Rye bread", "Coffee beans 500 g", "Olive oil", "Dishwasher tablets"]


@dataclass(frozen=True)
class Story:
    """The shop, its set-up link's token, and two of its members."""

    shop: Shop
    token: str
    anna: str
    ivan: str


def tell(conn: Connection, *, now: datetime, life_days: int | None = 180) -> Story:
    """Make the shop and its year, in the caller's transaction; nothing is counted in reports yet."""
    context.forget()
    began = now - timedelta(days=380)
    shop = make_shop(conn, currency="USD", timezone="America/New_York", country="US", life_days=life_days, now=began)
    ids = _members(conn, shop, began)
    for moment in _fortnights(began, now):
        _receipts(conn, shop, moment)
    month = (now.replace(day=1) - timedelta(days=1)).date()
    statements.plan_statements(conn, shop.program, month.year, month.month, now=now)
    return Story(shop, workspace.create_setup_token(conn, shop.program.id, now=now), ids["1"], ids["2"])


def count_events(now: datetime) -> None:
    """Let the reader of the outbox catch up with what has been committed."""
    until_readable()
    while reader.step(now=now):
        pass


def _members(conn: Connection, shop: Shop, at: datetime) -> dict[str, str]:
    wanted = [
        NewMember(
            external_id="1",
            name="Anna Sample 1",
            phone="+12125550101",
            email="anna-1@example.com",
            card="4000-0001",
            birth_date=date(1988, 2, 29),
            locale="en",
            attributes={"synthetic": True, "household_size": 3, "age_band": "35-44", "home_owner": True},
            consents=[
                NewConsent(POINTS_STATEMENT, Channel.EMAIL, granted=True, at=at),
                NewConsent(POINTS_STATEMENT, Channel.SMS, granted=False, at=at),
            ],
        ),
        NewMember(external_id="2", name="Иван Пример 2", phone="+12125550102", locale="ru"),
        *[NewMember(external_id=str(n), name=f"Member Sample {n}") for n in range(3, 30)],
    ]
    made = members.upsert(conn, shop.program, wanted, now=at)
    out = {}
    for item, result in zip(wanted, made, strict=True):
        assert isinstance(result, Created), result
        out[item.external_id] = result.member_id
    return out


def _fortnights(began: datetime, now: datetime) -> list[datetime]:
    return [began + timedelta(days=1 + 9 * n) for n in range((now - began).days // 9)]


def _receipts(conn: Connection, shop: Shop, moment: datetime) -> None:
    day = (moment - datetime(2020, 1, 1, tzinfo=UTC)).days
    batch = [
        Receipt(
            number=f"{day}-{n}",
            place="msk-1",
            at=moment + timedelta(minutes=7 * n),
            till="1",
            cashier="c-17",
            member=MemberRef(external_id=str(n)) if n % 8 else None,
            lines=[
                Line(
                    sku=name,
                    quantity="0.745" if i == 0 else str(1 + (day + n + i) % 3),
                    amount=199 + 137 * ((day + n * i) % 17),
                    discount=50 * ((day + i) % 2),
                )
                for i, name in enumerate(GOODS[: 2 + (day + n) % 5])
            ],
        )
        for n in range(1, 6 + day % 5)
    ]
    about = context.of(conn, shop.program.id)
    done = intake.settle(conn, about, batch, now=moment + timedelta(hours=1))
    about.learn(done.learned)
