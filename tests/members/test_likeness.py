"""Members who may be one are found, offered, and remembered as two; names are found as they sound."""

import time
from datetime import date, datetime, timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from tests.members.test_budget import counted
from tests.members.test_merging import join, merge, undo
from verno.kit import db
from verno.members import queries, service
from verno.members.companies import contacts
from verno.members.companies.types import ContactRole, NewContact, Wanted
from verno.members.likeness import service as likeness
from verno.members.likeness.types import Reason, score
from verno.members.types import MemberKind, NewMember
from verno.wiring import chores

BORN = date(1980, 5, 17)
LATER = NOW + timedelta(minutes=6)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def found(conn: psycopg.Connection, shop: Shop, *, minutes: int = 6) -> dict[tuple[str, str], set[Reason]]:
    while likeness.find(conn, shop.program.id, now=NOW + timedelta(minutes=minutes)):
        pass
    return {(one.one_id, one.other_id): set(one.reasons) for one in likeness.listed(conn, shop.program.id)}


def two(one: str, other: str) -> tuple[str, str]:
    return likeness.ordered(one, other)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"name": "Юлия Иванова", "birth_date": BORN}, {"name": "Yulia Ivanova", "birth_date": BORN}, "SAME_NAME"),
        ({"name": "Фёдор Ершов", "birth_date": BORN}, {"name": "Федор  ершов", "birth_date": BORN}, "SAME_NAME"),
        ({"name": "Anna Petrova", "birth_date": BORN}, {"name": "Ana Pertova", "birth_date": BORN}, "NEAR_NAME"),
        ({"name": "Иван Петров", "birth_date": BORN}, {"name": "Петров Иван", "birth_date": BORN}, "NEAR_NAME"),
        ({"email": "an.na+shop@gmail.com"}, {"email": "anna@googlemail.com"}, "SAME_EMAIL"),
        (
            {"kind": MemberKind.COMPANY, "attributes": {"inn": "7707083893"}},
            {"kind": MemberKind.COMPANY, "attributes": {"inn": "7707083893"}},
            "SAME_TAX_ID",
        ),
        ({"name": "Anna Petrova", "birth_date": BORN}, {"name": "Oleg Petrov", "birth_date": BORN}, None),
        ({"name": "Anna Petrova", "birth_date": BORN}, {"name": "Anna Petrova"}, None),
        ({"phone": "+79160000001"}, {"phone": "+79160000010"}, None),
        ({"email": "anna@example.com"}, {"email": "anna@example.org"}, None),
    ],
)
def test_who_may_be_one_is_offered(
    conn: psycopg.Connection, shop: Shop, one: dict[str, object], other: dict[str, object], why: str | None
) -> None:
    ids = [join(conn, shop, external_id=str(n), **given) for n, given in enumerate((one, other))]
    assert found(conn, shop) == ({} if why is None else {two(*ids): {Reason[why]}})
    assert likeness.count(conn, shop.program.id) == (why is not None)


def test_two_reasons_say_more_than_one_and_never_all() -> None:
    assert score({Reason.NEAR_NAME}) < score({Reason.SAME_NAME}) < score({Reason.SAME_NAME, Reason.SAME_EMAIL}) < 100


def test_who_was_said_to_be_two_is_never_offered_again(conn: psycopg.Connection, shop: Shop) -> None:
    ann, anna = (join(conn, shop, external_id=code, name="Anna", birth_date=BORN) for code in ("1", "2"))
    assert list(found(conn, shop)) == [two(ann, anna)]
    likeness.dismiss(conn, shop.program.id, [(anna, ann)], by="vera", now=LATER)
    service.upsert(conn, shop.program, [NewMember("1", locale="ru")], now=LATER)
    assert found(conn, shop, minutes=20) == {}
    likeness.offer(conn, shop.program.id, [(ann, anna)], Reason.NAMED_TOGETHER, now=LATER)
    assert found(conn, shop, minutes=30) == {}
    for minutes, name in ((30, "Boris"), (50, "Anna")):
        then = NOW + timedelta(minutes=minutes)
        service.upsert(conn, shop.program, [NewMember("1", name=name)], now=then)
        assert found(conn, shop, minutes=minutes + 10) == {}, "called otherwise for a while"


def test_what_holds_no_more_is_dropped_but_for_what_a_receipt_showed(conn: psycopg.Connection, shop: Shop) -> None:
    ann, anna = (join(conn, shop, external_id=code, name="Anna", birth_date=BORN) for code in ("1", "2"))
    likeness.offer(conn, shop.program.id, [(anna, ann), (ann, ann)], Reason.NAMED_TOGETHER, now=NOW)
    assert found(conn, shop) == {two(ann, anna): {Reason.SAME_NAME, Reason.NAMED_TOGETHER}}
    service.upsert(conn, shop.program, [NewMember("1", name="Boris", birth_date=BORN)], now=LATER)
    assert found(conn, shop, minutes=20) == {two(ann, anna): {Reason.SAME_NAME, Reason.NAMED_TOGETHER}}
    conn.execute("""UPDATE members_duplicate SET reasons = '["same-name-and-birth-date"]'""")
    service.upsert(conn, shop.program, [NewMember("1", locale="ru")], now=LATER + timedelta(minutes=20))
    assert found(conn, shop, minutes=60) == {}


def test_the_merged_are_not_offered_until_it_is_undone(conn: psycopg.Connection, shop: Shop) -> None:
    ann, anna = (join(conn, shop, external_id=code, name="Anna", birth_date=BORN) for code in ("1", "2"))
    found(conn, shop)
    merge(conn, shop, ann, anna)
    assert found(conn, shop) == {}
    undo(conn, shop, ann, anna)
    assert list(found(conn, shop)) == [two(ann, anna)]


def test_contacts_from_before_are_compared_too(conn: psycopg.Connection, shop: Shop) -> None:
    ids = [join(conn, shop, external_id=text, email=text) for text in ("an.na@gmail.com", "anna+x@gmail.com")]
    conn.execute("UPDATE members_identity SET fold_hash = NULL")
    assert list(found(conn, shop)) == [two(*ids)]


def test_what_changed_just_now_waits_and_each_is_looked_at_once(conn: psycopg.Connection, shop: Shop) -> None:
    for code in ("1", "2", "3"):
        join(conn, shop, external_id=code, name="Anna", birth_date=BORN)
    assert likeness.find(conn, shop.program.id, now=NOW + timedelta(minutes=4)) == 0
    assert [likeness.find(conn, shop.program.id, now=LATER, limit=2) for _ in range(3)] == [2, 1, 0]
    assert len(likeness.listed(conn, shop.program.id)) == 3


def test_who_comes_while_another_looks_has_nothing_to_do(conn: psycopg.Connection, shop: Shop) -> None:
    join(conn, shop, external_id="1", name="Anna", birth_date=BORN)
    with db.connect() as other:
        db.enter(other, shop.program.id)
        assert likeness.find(other, shop.program.id, now=LATER) == 0, "it sees nobody yet"
        assert likeness.find(conn, shop.program.id, now=LATER) == 0
        other.rollback()
    assert likeness.find(conn, shop.program.id, now=LATER) == 1


def test_a_long_import_is_looked_at_to_its_end(conn: psycopg.Connection, shop: Shop) -> None:
    """All its batches say when it began, and by then the finder has looked at what came since."""
    one = join(conn, shop, external_id="1", name="Anna", birth_date=BORN)
    hour = NOW + timedelta(hours=1)
    service.upsert(conn, shop.program, [NewMember("between")], now=hour)
    assert found(conn, shop, minutes=90) == {}
    other = join(conn, shop, external_id="2", name="Anna", birth_date=BORN)
    assert found(conn, shop, minutes=90) == {two(one, other): {Reason.SAME_NAME}}
    service.upsert(conn, shop.program, [NewMember("between", name="Anna", birth_date=BORN)], now=NOW)
    assert len(found(conn, shop, minutes=90)) == 3, "and so is whom it changes"


def test_a_default_birth_date_is_no_birth_date(conn: psycopg.Connection, shop: Shop) -> None:
    crowd = [NewMember(str(n), name="Anna", birth_date=date(1970, 1, 1)) for n in range(1002)]
    service.upsert(conn, shop.program, crowd, now=NOW)
    assert likeness.find(conn, shop.program.id, now=LATER, limit=2) == 2
    assert likeness.listed(conn, shop.program.id) == []


def test_the_statements_do_not_grow_with_the_batch(
    conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for size in (1, 40):
        wanted = [
            NewMember(f"{size}/{n}", name=f"Anna {n}", birth_date=BORN, email=f"a.{size}x{n}@example.com")
            for n in range(2 * size)
        ]
        service.upsert(conn, shop.program, wanted, now=NOW)
        with counted(monkeypatch) as sent:
            assert likeness.find(conn, shop.program.id, now=LATER, limit=1000)
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 8


NAMES = ["Иванов Иван", "Юлия Щербакова", "Фёдор Ершов", "Александр Хачатурян", "Jürgen Müller", "Мария Цой"]


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("Иван Иванов", "Иванов Иван"),
        ("ivan ivanov", "Иванов Иван"),
        ("Ивонов", "Иванов Иван"),
        ("yulia sherbakova", "Юлия Щербакова"),
        ("Щербакава Юля", "Юлия Щербакова"),
        ("Julia", "Юлия Щербакова"),
        ("Федор Ершов", "Фёдор Ершов"),
        ("Fedor Yershov", "Фёдор Ершов"),
        ("khachaturyan", "Александр Хачатурян"),
        ("aleksander", "Александр Хачатурян"),
        ("muller", "Jürgen Müller"),
        ("Мюллер", None),
        ("Mariya Tsoy", "Мария Цой"),
        ("цой", "Мария Цой"),
        ("Qqzzxv", None),
        ("' OR 1=1 --%", None),
        ("\\", None),
    ],
)
def test_a_name_is_found_as_it_sounds(conn: psycopg.Connection, shop: Shop, typed: str, who: str | None) -> None:
    for n, name in enumerate(NAMES):
        join(conn, shop, external_id=f"m-{n}", name=name)
    names = [one.name for one in queries.search(conn, shop.program.id, typed)]
    if who is None:
        assert len(names) < len(NAMES)
    else:
        assert names[:1] == [who]


def test_the_end_of_a_phone_and_the_beginning_of_a_number_are_enough(conn: psycopg.Connection, shop: Shop) -> None:
    join(conn, shop, external_id="crm-100", name="Иван Иванов", phone="+79160000199")
    join(conn, shop, external_id="crm-101", name="Olga Petrova", phone="+79170000199")
    join(conn, shop, external_id="till-1", name="Ivan Sidorov", phone="+79170000200")

    def ids(text: str, *, names: bool = True) -> list[str]:
        return sorted(one.external_id for one in queries.search(conn, shop.program.id, text, names=names))

    assert ids("0199") == ["crm-100", "crm-101"]
    assert ids("ivan 0199") == ids("8 (916) 000-01-99") == ["crm-100"]
    assert ids("Petrova 0200") == []
    assert ids("crm-") == ["crm-100", "crm-101"]
    assert ids("crm-101") == ["crm-101"]
    assert ids("0199", names=False) == ids("crm-", names=False) == ids("Ivan", names=False) == []


def test_a_companys_contact_leads_to_the_company(conn: psycopg.Connection, shop: Shop) -> None:
    firm = join(conn, shop, external_id="firm", kind=MemberKind.COMPANY)
    olga = NewContact(ContactRole.ACCOUNTANT, "Olga", "olga@example.com")
    contacts.keep(conn, shop.program, [Wanted(firm, olga)], now=NOW)
    assert [one.id for one in queries.search(conn, shop.program.id, "Olga@example.com")] == [firm]


def test_who_compares_rests_thrice_as_long_as_it_worked(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a large import it goes on for an hour, on the till's own processors."""
    with db.transaction() as conn:
        shop = make_shop(conn)
    with db.transaction(shop.program.id) as conn:
        join(conn, shop, external_id="anna", name="Anna")
    looks = chores._compare_some
    worked: list[float] = []

    def slowly(program: str, now: datetime) -> int:
        began = time.monotonic()
        time.sleep(0.05)
        done = looks(program, now)
        worked.append(time.monotonic() - began)
        return done

    monkeypatch.setattr(chores, "_compare_some", slowly)
    began = time.monotonic()
    assert chores.find_duplicates(now=LATER, stopping=lambda: False) == 1
    assert time.monotonic() - began >= 4 * sum(worked)
    assert chores.find_duplicates(now=LATER, stopping=lambda: False) == 0
    began = time.monotonic()
    monkeypatch.setattr(chores, "REST", 600)
    assert chores.find_duplicates(now=LATER, stopping=lambda: len(worked) > 2) == 0
    assert time.monotonic() - began < 10, "a stop wakes it"
