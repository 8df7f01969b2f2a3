"""Statements of a quarter, and the companies' letter of turnover, discount and distance."""

import re
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
from verno.members.companies import contacts
from verno.members.companies.types import ContactRole, Kept, NewContact, Wanted
from verno.members.types import ConsentFact, MemberKind, NewMember
from verno.messaging import facts, service, statements
from verno.messaging.answers import receipts
from verno.messaging.channels import port
from verno.messaging.companies import speaking, turnover
from verno.messaging.leaving import links
from verno.messaging.types import NewSuppression
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


OLGA = NewContact(ContactRole.ACCOUNTANT, "Olga", "olga@example.com")
BORIS = NewContact(ContactRole.DECISION_MAKER, "Boris", "boris@example.com")


def speak(shop: Shop, firm: str, *named: NewContact, agree: bool = True) -> list[str]:
    """Name contacts of a company, who want its letters."""
    with db.transaction(shop.program.id) as conn:
        kept = contacts.keep(conn, shop.program, [Wanted(firm, one) for one in named], now=BEFORE)
        assert all(isinstance(one, Kept) for one in kept), kept
    ids = [one.id for one in kept if isinstance(one, Kept)]
    for one in ids if agree else ():
        say(shop, one, granted=True, at=BEFORE)
    return ids


def leave(shop: Shop, speaker: str) -> None:
    say(shop, speaker, granted=False, at=BEFORE + timedelta(days=1))


def say(shop: Shop, speaker: str, *, granted: bool, at: datetime) -> None:
    said = ConsentFact(
        *(speaker, members.POINTS_STATEMENT, "email", granted, at), method="double-opt-in-link", text_version="1"
    )
    with db.transaction(shop.program.id) as conn:
        members.record_consents(conn, shop.program.id, [said], now=BEFORE)


def suppress(shop: Shop, address: str) -> None:
    with db.transaction(shop.program.id) as conn:
        digest = facts.address_hash(shop.program.id, "email", address)
        service.suppress(conn, shop.program.id, [NewSuppression("email", digest, "no-such-address", "")], now=BEFORE)


def sent_to(shop: Shop, postman: Postman) -> list[str]:
    write(shop)
    send(postman, now=NOW)
    return [recipient for recipient, _ in postman.stored]


@pytest.fixture
def firm(shop: Shop) -> str:
    scale(shop)
    one = company(shop)
    buy(shop, 24_900_000, "B-1")
    return one


def test_the_letter_goes_to_the_accountant(shop: Shop, firm: str, postman: Postman) -> None:
    speak(shop, firm, BORIS, OLGA)
    assert sent_to(shop, postman) == ["olga@example.com"]


@pytest.mark.parametrize(("country", "reader"), [("strict", "member-0@"), ("US", "olga@")])
def test_who_was_never_asked_is_passed_over_where_the_country_wants_a_word(
    shop: Shop, firm: str, postman: Postman, country: str, reader: str
) -> None:
    with db.transaction(shop.program.id) as conn:
        settings.write(conn, shop.program.id, "messages.country", country, now=BEFORE)
    speak(shop, firm, OLGA, agree=False)
    assert [one.startswith(reader) for one in sent_to(shop, postman)] == [True]


def test_who_has_left_is_passed_over_and_the_companys_own_address_is_the_last(
    shop: Shop, firm: str, postman: Postman
) -> None:
    boris, olga = speak(shop, firm, BORIS, OLGA)
    leave(shop, olga)
    with db.transaction(shop.program.id) as conn:
        assert speaking.readers(conn, shop.program.id, [firm], now=NOW)[firm].address == "boris@example.com"
    leave(shop, boris)
    with db.transaction(shop.program.id) as conn:
        assert speaking.readers(conn, shop.program.id, [firm], now=NOW) == {}
    [own] = sent_to(shop, postman)
    assert own not in {"olga@example.com", "boris@example.com"}


def test_an_address_that_takes_nothing_is_passed_over(shop: Shop, firm: str, postman: Postman) -> None:
    speak(shop, firm, BORIS, OLGA)
    suppress(shop, "olga@example.com")
    assert sent_to(shop, postman) == ["boris@example.com"]


def test_a_companys_own_leaving_does_not_silence_its_accountant_nor_the_other_way(
    shop: Shop, firm: str, postman: Postman
) -> None:
    [olga] = speak(shop, firm, OLGA)
    leave(shop, firm)
    assert sent_to(shop, postman) == ["olga@example.com"]
    [url] = re.findall(r"/u/([\w-]+)", postman.letter("olga@example.com")["List-Unsubscribe"])
    left = links.read(url)
    assert left is not None
    assert left.holder_id == olga, "the link leaves the reader's own subscription"


def test_a_contact_who_leaves_between_planning_and_sending_gets_nothing(
    shop: Shop, firm: str, postman: Postman
) -> None:
    [olga] = speak(shop, firm, OLGA)
    assert write(shop) == 1
    leave(shop, olga)
    leave(shop, firm)
    send(postman, now=NOW)
    assert postman.stored == []


def test_a_dead_address_of_a_contact_is_not_the_companys(shop: Shop, firm: str, postman: Postman) -> None:
    speak(shop, firm, OLGA, BORIS)
    assert sent_to(shop, postman) == ["olga@example.com"]
    with db.transaction(shop.program.id) as conn:
        row = conn.execute("SELECT reference FROM messaging_message").fetchone()
        assert row is not None
        told = port.Receipt("email", row[0], port.Fate.BOUNCED, NOW, "550 5.1.1", gone=True)
        receipts.apply(conn, [told], now=NOW)
        receipts.apply(conn, [told], now=NOW)
        assert speaking.readers(conn, shop.program.id, [firm], now=NOW)[firm].address == "boris@example.com"
        assert facts.foresee(conn, shop.program.id, "email", [firm], topics=[]).suppressed == {}
