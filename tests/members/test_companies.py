"""Companies: who speaks for them, and the numbers they are registered under."""

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.members.test_merging import join, merge, undo
from verno.members import queries, service
from verno.members.companies import contacts, numbers
from verno.members.companies.types import (
    MAX_CONTACTS,
    ContactRole,
    Kept,
    NewContact,
    NotKept,
    Refused,
    Wanted,
)
from verno.members.consent.saying import NewRecord, say
from verno.members.types import Action, Channel, MemberKind, NewMember, Refusal, Topic
from verno.members.types import Refused as NotStored

OLGA = NewContact(ContactRole.ACCOUNTANT, "Olga", "Olga@Example.com", "8 916 000-00-09")


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


@pytest.fixture
def firm(conn: psycopg.Connection, shop: Shop) -> str:
    return join(conn, shop, external_id="firm", name="Firm Ltd", kind=MemberKind.COMPANY)


def keep(
    conn: psycopg.Connection, shop: Shop, holder: str, *wanted: NewContact, id_: str | None = None
) -> list[Kept | Refused]:
    return contacts.keep(conn, shop.program, [Wanted(holder, one, id_) for one in wanted], now=NOW)


def reason(found: list[Kept | Refused]) -> str:
    (refused,) = found
    assert isinstance(refused, Refused), refused
    return refused.reason


def test_contacts_are_kept_sealed_changed_and_taken_away(conn: psycopg.Connection, shop: Shop, firm: str) -> None:
    boss = NewContact(ContactRole.DECISION_MAKER, "Boris", None, "+79160000008")
    first, second = keep(conn, shop, firm, OLGA, boss)
    assert isinstance(first, Kept)
    assert isinstance(second, Kept)
    there = {one.role: one for one in contacts.of(conn, shop.program.id, [firm])[firm]}
    olga = there[ContactRole.ACCOUNTANT]
    assert (olga.name, olga.email, olga.phone) == ("Olga", "olga@example.com", "+79160000009")
    stored = str(conn.execute("SELECT c::text FROM members_company_contact c").fetchall())
    assert "lga" not in stored
    assert "9160000009" not in stored
    keep(conn, shop, firm, NewContact(ContactRole.OTHER, "Olga B."), id_=first.id)
    changed = next(one for one in contacts.of(conn, shop.program.id, [firm])[firm] if one.id == first.id)
    assert (changed.role, changed.name, changed.email) == (ContactRole.OTHER, "Olga B.", None)
    assert contacts.remove(conn, shop.program.id, firm, [first.id, "no id"]) == 1
    assert [one.id for one in contacts.of(conn, shop.program.id, [firm])[firm]] == [second.id]
    assert contacts.of(conn, shop.program.id, []) == {}


def test_who_is_a_member_too_is_read_from_there(conn: psycopg.Connection, shop: Shop, firm: str) -> None:
    ann = join(conn, shop, external_id="ann", name="Ann", email="ann@example.com")
    keep(conn, shop, firm, NewContact(ContactRole.ACCOUNTANT, member="ann"))
    (found,) = contacts.of(conn, shop.program.id, [firm])[firm]
    assert (found.name, found.email, found.member_id, found.speaker_id) == ("Ann", "ann@example.com", ann, ann)


def test_what_cannot_be_kept_is_refused(conn: psycopg.Connection, shop: Shop, firm: str) -> None:
    person = join(conn, shop, external_id="ann")
    role = ContactRole.OTHER
    assert reason(keep(conn, shop, person, OLGA)) == NotKept.NOT_A_COMPANY
    assert reason(keep(conn, shop, firm, NewContact(role, "  "))) == NotKept.BAD_NAME
    assert reason(keep(conn, shop, firm, NewContact(role, "x\x00"))) == NotKept.BAD_TEXT
    assert reason(keep(conn, shop, firm, NewContact(role, "x", "no mail"))) == NotKept.BAD_EMAIL
    assert reason(keep(conn, shop, firm, NewContact(role, "x", None, "12"))) == NotKept.BAD_PHONE
    assert reason(keep(conn, shop, firm, NewContact(role, member="nobody"))) == NotKept.UNKNOWN_MEMBER
    assert reason(keep(conn, shop, firm, NewContact(role, member="firm"))) == NotKept.UNKNOWN_MEMBER
    assert reason(keep(conn, shop, firm, OLGA, id_=person)) == NotKept.UNKNOWN_CONTACT
    done = keep(conn, shop, firm, *[OLGA] * (MAX_CONTACTS + 1))
    assert reason(done[MAX_CONTACTS:]) == NotKept.TOO_MANY_CONTACTS
    assert len(contacts.of(conn, shop.program.id, [firm])[firm]) == MAX_CONTACTS


def test_a_contact_agrees_for_itself(conn: psycopg.Connection, shop: Shop, firm: str) -> None:
    service.ensure_topics(conn, shop.program.id, [Topic("news", "marketing", double_opt_in=False)])
    (olga,) = keep(conn, shop, firm, OLGA)
    assert isinstance(olga, Kept)
    yes = NewRecord(Action.GRANT, "paper", topic="news", channel=Channel.EMAIL, text_version="1")
    say(conn, shop.program, olga.id, [yes], actor="test", now=NOW)
    (found,) = contacts.of(conn, shop.program.id, [firm])[firm]
    assert [(one.topic, one.granted) for one in found.consents] == [("news", True)]
    assert queries.consents(conn, [firm]) == {}, "the company agreed to nothing"


def test_contacts_of_a_merged_company_are_the_survivors_until_it_is_undone(
    conn: psycopg.Connection, shop: Shop, firm: str
) -> None:
    other = join(conn, shop, external_id="other", kind=MemberKind.COMPANY)
    keep(conn, shop, other, OLGA)
    merge(conn, shop, other, firm)
    assert [one.name for one in contacts.of(conn, shop.program.id, [firm])[firm]] == ["Olga"]
    undo(conn, shop, other, firm)
    assert list(contacts.of(conn, shop.program.id, [firm, other])) == [other]


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("inn", "7707083893", True),  # Sberbank
        ("inn", "7707083894", False),
        ("inn", "500100732259", True),
        ("inn", "500100732250", False),
        ("inn", "77070838", False),
        ("inn", "٧٧٠٧٠٨٣٨٩٣", False),
        ("ogrn", "1027700132195", True),  # Sberbank
        ("ogrn", "1027700132196", False),
        ("ogrn", "304500116000157", True),
        ("ogrn", "304500116000158", False),
        ("kpp", "773601001", True),
        ("kpp", "77360100", False),
        ("vat", "DE123456789", True),
        ("vat", "DE12345678", False),
        ("vat", "NL123456789B01", True),
        ("vat", "US123456789", False),
    ],
)
def test_registered_numbers_are_checked_on_companies(
    conn: psycopg.Connection, shop: Shop, name: str, value: str, good: bool
) -> None:
    assert (numbers.problem(name, value) is None) is good
    company = NewMember("c", kind=MemberKind.COMPANY, attributes={name: value})
    person = NewMember("p", attributes={name: value})
    stored, free = service.upsert(conn, shop.program, [company, person], now=NOW)
    assert isinstance(stored, NotStored) is not good
    assert not good or not isinstance(stored, NotStored)
    assert not isinstance(free, NotStored), "of a person it is a word like others"
    if isinstance(stored, NotStored):
        assert (stored.reason, stored.field) == (Refusal.BAD_ATTRIBUTE, f"attributes.{name}")
