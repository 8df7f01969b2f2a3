"""One-time codes: five minutes, five tries, one live at a time; guessing does not pay."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.members import otp, queries, service
from verno.members.consent import topics
from verno.members.otp import NotNow, Sent, Verified, Wrong
from verno.members.types import Channel, Created, NewConsent, NewMember, Proof, State, Topic
from verno.workspace import settings
from verno.workspace.audit import SYSTEM

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    made = make_shop(conn)
    topics.put(conn, made.program.id, Topic("news", "marketing"), now=NOW, by=SYSTEM)
    return made


def member(conn: psycopg.Connection, shop: Shop, number: int = 0) -> str:
    said = [NewConsent("news", Channel.SMS, granted=True, text_version="1")]
    wanted = NewMember(f"m-{number}", phone=f"+7916{number // 10000:03}{number % 10000:04}", consents=said)
    (stored,) = service.upsert(conn, shop.program, [wanted], now=NOW)
    assert isinstance(stored, Created)
    return stored.member_id


def start(conn: psycopg.Connection, shop: Shop, who: str, at: timedelta = timedelta(), **more: str) -> Sent | NotNow:
    return otp.start(conn, shop.program.id, who, "phone", now=NOW + at, **more)


def sent(conn: psycopg.Connection, shop: Shop, who: str, at: timedelta = timedelta()) -> str:
    made = start(conn, shop, who, at)
    assert isinstance(made, Sent), made
    return made.code


def check(
    conn: psycopg.Connection, shop: Shop, who: str, code: str, at: timedelta = SECOND
) -> Verified | Wrong | NotNow:
    return otp.check(conn, shop.program.id, who, "phone", code, proof=Proof(), now=NOW + at)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_right_code_confirms_the_phone_and_what_waited_for_it(conn: psycopg.Connection, shop: Shop) -> None:
    ann = member(conn, shop)
    assert [one.state for one in queries.standings(conn, [ann], now=NOW)[ann]] == [State.UNCONFIRMED]
    code = sent(conn, shop, ann)
    assert len(code) == 6
    assert check(conn, shop, ann, code) == Verified(1)
    assert [one.state for one in queries.standings(conn, [ann], now=NOW + MINUTE)[ann]] == [State.GRANTED]
    identity = queries.identities(conn, [ann])[ann]["phone"]
    assert (identity.verified_at, identity.verified_by) == (NOW + SECOND, "sms-code")
    assert check(conn, shop, ann, code, 2 * SECOND) == Wrong(0), "a code is good once"


def test_five_tries_and_five_minutes(conn: psycopg.Connection, shop: Shop) -> None:
    ann, bob = member(conn, shop), member(conn, shop, 1)
    code = sent(conn, shop, ann)
    assert [check(conn, shop, ann, other(code)) for _ in range(5)] == [Wrong(left) for left in (4, 3, 2, 1, 0)]
    assert check(conn, shop, ann, code) == Wrong(0)
    late = sent(conn, shop, bob)
    assert check(conn, shop, bob, late, 5 * MINUTE) == Wrong(0)
    assert queries.identities(conn, [ann])[ann]["phone"].verified_at is None


def test_a_new_code_kills_the_old_one_and_comes_a_minute_later_at_the_earliest(
    conn: psycopg.Connection, shop: Shop
) -> None:
    ann = member(conn, shop)
    old = sent(conn, shop, ann)
    assert start(conn, shop, ann, 59 * SECOND) == NotNow("too-soon", NOW + MINUTE)
    new = sent(conn, shop, ann, MINUTE)
    if old != new:
        assert check(conn, shop, ann, old, 2 * MINUTE) == Wrong(4)
    assert check(conn, shop, ann, new, 2 * MINUTE) == Verified(1)


def test_a_code_is_for_the_address_it_was_made_for(conn: psycopg.Connection, shop: Shop) -> None:
    ann, bob = member(conn, shop), member(conn, shop, 1)
    code = sent(conn, shop, ann)
    assert check(conn, shop, bob, code) == Wrong(0)
    service.upsert(conn, shop.program, [NewMember("m-0", phone="+79165555555")], now=NOW)
    assert check(conn, shop, ann, code) == Wrong(0)
    assert otp.start(conn, shop.program.id, ann, "email", now=NOW) == NotNow("no-address")


def test_five_codes_a_day_to_a_number_and_thirty_to_its_neighbours(conn: psycopg.Connection, shop: Shop) -> None:
    ann = member(conn, shop)
    for n in range(5):
        sent(conn, shop, ann, n * MINUTE)
    full = start(conn, shop, ann, 9 * MINUTE)
    assert full == NotNow("too-many", NOW + timedelta(days=1))
    assert isinstance(start(conn, shop, ann, timedelta(hours=25)), Sent)
    for n in range(1, 25):
        sent(conn, shop, member(conn, shop, n))
    assert isinstance(start(conn, shop, member(conn, shop, 99)), NotNow), (
        "one of the numbers that differ in four digits"
    )
    assert isinstance(start(conn, shop, member(conn, shop, 70_000)), Sent)


def test_numbers_abroad_get_a_code_where_their_country_is_named(conn: psycopg.Connection, shop: Shop) -> None:
    wanted = NewMember("abroad", phone="+4915112345678")
    (stored,) = service.upsert(conn, shop.program, [wanted], now=NOW)
    assert isinstance(stored, Created)
    assert start(conn, shop, stored.member_id) == NotNow("country-not-served")
    settings.write(conn, shop.program.id, "members.code_countries", ["RU", "DE"], now=NOW)
    assert isinstance(start(conn, shop, stored.member_id), Sent)
    settings.write(conn, shop.program.id, "members.code_countries", ["DE"], now=NOW)
    assert start(conn, shop, member(conn, shop)) == NotNow("country-not-served")


@pytest.mark.parametrize("typed", [9, 10])
def test_a_range_from_which_no_code_comes_back_gets_none(conn: psycopg.Connection, shop: Shop, typed: int) -> None:
    """Fifty codes within two days; with ten of them typed the fifty-first leaves, with nine it does not for a week."""
    for n in range(50):
        who, at = member(conn, shop, n), timedelta(hours=25 * (n // 25))
        code = sent(conn, shop, who, at)
        if n < typed:
            assert isinstance(check(conn, shop, who, code, at + SECOND), Verified)
    there, elsewhere = member(conn, shop, 60), member(conn, shop, 70_000)
    made = start(conn, shop, there, 3 * timedelta(days=1))
    assert made == NotNow("too-many", NOW + timedelta(days=7)) if typed == 9 else isinstance(made, Sent)
    assert isinstance(start(conn, shop, elsewhere, 3 * timedelta(days=1)), Sent)
    assert isinstance(start(conn, shop, there, timedelta(days=8)), Sent)


def test_fifteen_checks_a_day_and_ten_codes_an_hour_for_a_source(conn: psycopg.Connection, shop: Shop) -> None:
    ann = member(conn, shop)
    code = "none"
    for n in range(3):
        code = sent(conn, shop, ann, n * MINUTE)
        for _ in range(5):
            check(conn, shop, ann, other(code), n * MINUTE + SECOND)
    code = sent(conn, shop, ann, 3 * MINUTE)
    assert check(conn, shop, ann, code, 3 * MINUTE + SECOND) == NotNow("too-many", NOW + timedelta(days=1))
    several = [start(conn, shop, member(conn, shop, 1 + n), source="203.0.113.7") for n in range(11)]
    assert [isinstance(one, Sent) for one in several] == [True] * 10 + [False]


def test_while_most_codes_are_wrong_each_is_tried_once_and_bystanders_get_in(
    conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otp, "BREAKER_CHECKS", 20)
    for n in range(4):
        victim = member(conn, shop, 10_000 * n)
        code = sent(conn, shop, victim)
        for _ in range(5):
            check(conn, shop, victim, other(code))
    guessed, honest = member(conn, shop, 500_000), member(conn, shop, 600_000)
    code = sent(conn, shop, guessed)
    assert check(conn, shop, guessed, other(code)) == Wrong(0)
    assert check(conn, shop, guessed, code) == Wrong(0)
    assert check(conn, shop, honest, sent(conn, shop, honest)) == Verified(1)


def test_no_table_holds_a_code(conn: psycopg.Connection, shop: Shop) -> None:
    ann = member(conn, shop)
    code = sent(conn, shop, ann)
    (row,) = conn.execute("SELECT o::text FROM members_otp o").fetchall()
    assert code not in row[0].replace(ann, "")
