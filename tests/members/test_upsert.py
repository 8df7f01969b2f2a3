"""Storing members: what changes, what stays, what is refused."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.members import queries, service
from verno.members.likeness import service as likeness
from verno.members.types import (
    AttributeKind,
    Channel,
    Consent,
    ConsentFact,
    Created,
    Member,
    NewConsent,
    NewMember,
    Refusal,
    Refused,
    Result,
    State,
    Updated,
)
from verno.workspace import settings

Value = str | int | bool

ANNA = NewMember(
    "a-1",
    name=" Anna Ivanova ",
    phone="8 (916) 000-00-01",
    email="Anna@Example.com",
    card="1234-5678",
    birth_date=date(1990, 5, 17),
    locale="ru",
    attributes={"visits": 3, "vip": True, "city": "Omsk"},
)


JOINED = {"anna": NewMember("anna", card="4000-0001"), "ben": NewMember("ben", email="ben@example.com")}


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def store(conn: psycopg.Connection, shop: Shop, *items: NewMember, now: datetime = NOW) -> list[Result]:
    return service.upsert(conn, shop.program, items, now=now)


def read(conn: psycopg.Connection, shop: Shop, external_id: str) -> Member:
    key = ("external_id", external_id)
    holder = queries.find_holders(conn, shop.program.id, [key])[key]
    return queries.members(conn, shop.program.id, [holder])[holder]


def refusal(result: Result) -> tuple[Refusal, str]:
    assert isinstance(result, Refused), result
    return result.reason, result.field


def test_what_is_given_is_stored(conn: psycopg.Connection, shop: Shop) -> None:
    (made,) = store(conn, shop, ANNA)
    assert isinstance(made, Created)
    assert read(conn, shop, "a-1") == Member(
        made.member_id, "a-1", "Anna Ivanova", "+79160000001", "anna@example.com", "12345678", date(1990, 5, 17),
        "ru", {"visits": 3, "vip": True, "city": "Omsk"}, [], NOW, NOW,
    )  # fmt: skip
    assert queries.count(conn, shop.program.id) == 1


def test_absent_keeps_and_null_clears(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, ANNA)
    later = datetime(2026, 11, 26, tzinfo=UTC)
    (done,) = store(conn, shop, NewMember("a-1", phone=None, attributes={"vip": None, "visits": 4}), now=later)
    member = read(conn, shop, "a-1")
    assert isinstance(done, Updated)
    assert (member.name, member.phone, member.email) == ("Anna Ivanova", None, "anna@example.com")
    assert member.attributes == {"visits": 4, "city": "Omsk"}
    assert (member.created_at, member.changed_at) == (NOW, later)
    store(conn, shop, NewMember("a-1", name=None, birth_date=None, locale=None, attributes=None, email=None, card=None))
    member = read(conn, shop, "a-1")
    assert (member.name, member.birth_date, member.locale, member.attributes) == (None, None, None, {})
    assert (member.email, member.card) == (None, None)


def test_nothing_changed_is_not_a_change(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, ANNA)
    store(conn, shop, ANNA, NewMember("a-1"), now=datetime(2026, 11, 26, tzinfo=UTC))
    assert read(conn, shop, "a-1").changed_at == NOW


def test_a_changed_phone_frees_the_old_one(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, ANNA)
    results = store(
        conn,
        shop,
        NewMember("b-2", phone="+79160000001"),
        NewMember("a-1", phone="+79160000002"),
        NewMember("b-2", phone="+79160000001"),
    )
    assert [type(one) for one in results] == [Refused, Updated, Created]
    assert refusal(results[0]) == (Refusal.IDENTITY_TAKEN, "phone")
    assert (read(conn, shop, "a-1").phone, read(conn, shop, "b-2").phone) == ("+79160000002", "+79160000001")


def test_two_members_swap_phones_in_three_steps(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, NewMember("a", phone="+79160000001"), NewMember("b", phone="+79160000002"))
    swap = [NewMember("a", phone=None), NewMember("b", phone="+79160000001"), NewMember("a", phone="+79160000002")]
    assert [type(one) for one in store(conn, shop, *swap)] == [Updated] * 3
    assert (read(conn, shop, "a").phone, read(conn, shop, "b").phone) == ("+79160000002", "+79160000001")


def test_the_first_of_two_in_a_batch_wins(conn: psycopg.Connection, shop: Shop) -> None:
    results = store(conn, shop, NewMember("a", card="0001"), NewMember("b", card="00-01"), NewMember("c", card="0002"))
    assert [type(one) for one in results] == [Created, Refused, Created]
    assert queries.find_holders(conn, shop.program.id, [("external_id", "b")]) == {}


def test_whom_an_item_means_that_asks_for_anothers_contact(conn: psycopg.Connection, shop: Shop) -> None:
    anna, ben = (read(conn, shop, name).id for name in ("anna", "ben") if store(conn, shop, JOINED[name]))

    def taken(item: NewMember) -> tuple[str, str | None, set[frozenset[str]]]:
        conn.execute("DELETE FROM members_duplicate")
        (done,) = store(conn, shop, item)
        assert isinstance(done, Refused), done
        assert done.reason is Refusal.IDENTITY_TAKEN
        pairs = {frozenset((one.one_id, one.other_id)) for one in likeness.listed(conn, shop.program.id)}
        return done.field, done.member, pairs

    both = {frozenset((anna, ben))}
    card, mail, phone = "4000-0001", "ben@example.com", "+79160000002"
    assert taken(NewMember("new", card=card)) == ("card", anna, set()), "nobody is there to be offered"
    assert taken(NewMember("new", card=card, email=mail)) == ("email", anna, both), (
        "a card is believed before an address"
    )
    assert taken(NewMember("ben", card=card)) == ("card", anna, both), "and before the number"
    assert taken(NewMember("anna", email=mail)) == ("email", ben, both)
    settings.write(conn, shop.program.id, "members.matching", ["external_id", "email"], now=NOW)
    assert taken(NewMember("ben", card=card)) == ("card", ben, both)
    assert taken(NewMember("new", card=card, email=mail)) == ("email", ben, both)
    settings.write(conn, shop.program.id, "members.matching", ["email-verified", "card", "email"], now=NOW)
    assert taken(NewMember("new", card=card, email=mail)) == ("email", anna, both)
    conn.execute("UPDATE members_identity SET verified_at = %s WHERE kind = 'email'", (NOW,))
    assert taken(NewMember("new", card=card, email=mail)) == ("email", ben, both)
    done = store(conn, shop, NewMember("one", phone=phone), NewMember("two", phone=phone, card=card))
    assert isinstance(done[0], Created)
    assert isinstance(done[1], Refused)
    assert done[1].member == anna
    assert (read(conn, shop, "anna").card, read(conn, shop, "ben").email) == ("40000001", "ben@example.com")


def test_a_refused_item_leaves_no_trace_at_all(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, ANNA)
    bad = NewMember(
        "a-1",
        name="Eve",
        phone="+79160000005",
        attributes={"new": "x", "visits": "many"},
        consents=[NewConsent("points-statement", Channel.EMAIL, granted=True)],
    )
    before = read(conn, shop, "a-1")
    (refused,) = store(conn, shop, bad)
    assert refusal(refused) == (Refusal.BAD_ATTRIBUTE, "attributes.visits")
    assert read(conn, shop, "a-1") == before
    # The type of the new attribute was not learned either.
    assert isinstance(store(conn, shop, NewMember("z", attributes={"new": 1}))[0], Created)


REFUSED = [
    (NewMember("x", phone="12"), Refusal.BAD_PHONE, "phone"),
    (NewMember("x", email="a@b"), Refusal.BAD_EMAIL, "email"),
    (NewMember("x", card="1"), Refusal.BAD_CARD, "card"),
    (NewMember("x", name=" "), Refusal.BAD_NAME, "name"),
    (NewMember("x", name="a\x00b"), Refusal.BAD_TEXT, "name"),
    (NewMember("x", attributes={"a": "\ud800"}), Refusal.BAD_TEXT, "attributes"),
    (NewMember("x", consents=[NewConsent("points-statement", Channel.SMS, granted=True, method="\x00")]),
     Refusal.BAD_TEXT, "consents"),
    (NewMember("x", birth_date=date(1800, 1, 1)), Refusal.BAD_BIRTH_DATE, "birth_date"),
    (NewMember("x", birth_date=date(2026, 11, 26)), Refusal.BAD_BIRTH_DATE, "birth_date"),
    (NewMember("x", attributes={"n": 2**53 + 1}), Refusal.BAD_ATTRIBUTE, "attributes.n"),
    (NewMember("x", attributes={"timezone": "Moscow"}), Refusal.BAD_ATTRIBUTE, "attributes.timezone"),
    (NewMember("x", attributes={"timezone": "../etc/passwd"}), Refusal.BAD_ATTRIBUTE, "attributes.timezone"),
    (NewMember("x", attributes={"timezone": ""}), Refusal.BAD_ATTRIBUTE, "attributes.timezone"),
    (NewMember("x", attributes={"timezone": 3}), Refusal.BAD_ATTRIBUTE, "attributes.timezone"),
    (NewMember("x", consents=[NewConsent("news", Channel.SMS, granted=True)]), Refusal.UNKNOWN_TOPIC,
     "consents[0].topic"),
    (NewMember("x", consents=[NewConsent("points-statement", Channel.SMS, granted=True, at=NOW.replace(year=2027))]),
     Refusal.TIME_OUT_OF_RANGE, "consents[0].at"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "reason", "field"), REFUSED)
def test_refusals(conn: psycopg.Connection, shop: Shop, item: NewMember, reason: Refusal, field: str) -> None:
    (refused,) = store(conn, shop, item)
    assert refusal(refused) == (reason, field)
    assert queries.count(conn, shop.program.id) == 0


@pytest.mark.parametrize(
    ("first", "good", "bad"),
    [
        (1, [0, -5, 2**53], [True, "1", 2**53 + 1]),
        (True, [False], [0, "true"]),
        ("x", ["", "2026-01-01"], [1, False]),
    ],
)
def test_an_attribute_keeps_the_type_of_its_first_value(
    conn: psycopg.Connection, shop: Shop, first: Value, good: list[Value], bad: list[Value]
) -> None:
    values = [first, *good, *bad]
    results = store(conn, shop, *(NewMember(str(i), attributes={"a": value}) for i, value in enumerate(values)))
    assert [type(one) for one in results] == [Created] * (1 + len(good)) + [Refused] * len(bad)


def test_a_declared_date_takes_dates_only(conn: psycopg.Connection, shop: Shop) -> None:
    assert service.declare_attributes(conn, shop.program.id, {"since": AttributeKind.DATE}) == {}
    values: list[Value] = ["2026-02-28", "2026-02-30", "20260228", "soon", 5]
    results = store(conn, shop, *(NewMember(str(i), attributes={"since": v}) for i, v in enumerate(values)))
    assert [type(one) for one in results] == [Created] + [Refused] * 4
    again = service.declare_attributes(conn, shop.program.id, {"since": AttributeKind.TEXT})
    assert again["since"].reason is Refusal.BAD_ATTRIBUTE


def test_limits_of_attributes(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, NewMember("a", attributes={f"n{i}": i for i in range(50)}))
    (refused,) = store(conn, shop, NewMember("a", attributes={"one-more": 1}))
    assert refusal(refused) == (Refusal.TOO_MANY_ATTRIBUTES, "attributes")
    results = store(conn, shop, *(NewMember(f"m{k}", attributes={f"k{k}-{i}": i for i in range(50)}) for k in range(4)))
    assert [type(one) for one in results] == [Created] * 3 + [Refused]


def test_consents_are_history_and_the_newest_holds(conn: psycopg.Connection, shop: Shop) -> None:
    def said(granted: bool, day: int) -> NewMember:
        at = datetime(2026, 11, day, 10, 0)  # noqa: DTZ001 the program's wall clock
        return NewMember("a", consents=[NewConsent("points-statement", Channel.EMAIL, granted, at, "paper", "v1")])

    store(conn, shop, said(True, 1), said(False, 20), said(True, 10), said(True, 10))
    store(conn, shop, said(True, 10))
    member = read(conn, shop, "a")
    at = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # 10:00 on Moscow's clock
    assert member.consents == [Consent("points-statement", "email", granted=False, at=at, method="paper",
                                       text_version="v1", state=State.WITHDRAWN, class_name="program")]  # fmt: skip
    rows = conn.execute("SELECT count(*) FROM members_consent").fetchone()
    assert rows == (3,)
    states = queries.consent_states(conn, shop.program.id, "points-statement", "email")
    assert states == {member.id: False}
    fact = ConsentFact(member.id, "points-statement", "email", True, NOW, "console")
    service.record_consents(conn, shop.program.id, [fact], now=NOW)
    assert queries.consent_states(conn, shop.program.id, "points-statement", "email", [member.id]) == {member.id: True}
    assert queries.consent_states(conn, shop.program.id, "points-statement", "sms", [member.id]) == {}
    assert queries.consents(conn, [member.id])[member.id][0].granted


def test_history_cannot_be_rewritten(conn: psycopg.Connection, shop: Shop) -> None:
    for statement in ("UPDATE members_consent SET action = 'grant'", "DELETE FROM members_consent"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute(statement)


def test_contacts_lie_sealed_and_die_with_their_key(conn: psycopg.Connection, shop: Shop) -> None:
    (made,) = store(conn, shop, ANNA)
    assert isinstance(made, Created)
    tables = ("members_member", "members_identity", "members_key", "members_consent")
    dump = "".join(str(conn.execute(f"SELECT t::text FROM {table} t").fetchall()) for table in tables)
    for secret in ("9160000001", "anna@example.com", "12345678", b"+79160000001".hex(), b"anna@example.com".hex()):
        assert secret not in dump
    assert queries.contacts(conn, [made.member_id], "phone") == {made.member_id: "+79160000001"}
    conn.execute("DELETE FROM members_key")
    assert queries.contacts(conn, [made.member_id], "phone") == {}


def test_search_finds_by_identity_then_by_name(conn: psycopg.Connection, shop: Shop) -> None:
    store(conn, shop, ANNA, NewMember("b-2", name="Boris Petrov"), NewMember("c-3", name="Анна Сергеева"))

    def names(text: str) -> list[str]:
        return [member.external_id for member in queries.search(conn, shop.program.id, text)]

    assert names("8 916 000 00 01") == names("ANNA@example.com") == names("1234 5678") == names("a-1") == ["a-1"]
    assert names("ivanova") == ["a-1"]
    assert names("анна") == ["c-3", "a-1"], "in either alphabet, the one that was typed first"
    assert names(queries.search(conn, shop.program.id, "b-2")[0].id) == ["b-2"]
    assert names("nobody at all") == names("") == names("\x00") == []
