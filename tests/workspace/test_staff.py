"""The staff: added, changed, let go; and the PIN that approves at a till."""

import time
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.kit import db
from verno.workspace import accounts, audit, service, staff
from verno.workspace.accounts import Redeemed, SetupRefusal
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import GRANTS, Permission, Role, StaffRecord, may, may_manage
from verno.workspace.staff import Added, NewStaff, StaffRefusal

BY = Actor(ActorKind.OPERATOR, "0")
PIN = "4711"


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def add(
    conn: psycopg.Connection,
    shop: Shop,
    role: Role = Role.STORE_MANAGER,
    email: str = "olga@example.com",
    *,
    places: tuple[str, ...] = (),
    number: str | None = None,
    name: str = "Olga",
) -> Added | StaffRefusal:
    return staff.add(conn, shop.program.id, NewStaff(email, name, role, places, number), by=BY, now=NOW)


def added(conn: psycopg.Connection, shop: Shop, **more: str) -> StaffRecord:
    done = add(conn, shop, **more)  # type: ignore[arg-type]
    assert isinstance(done, Added), done
    return done.staff


def with_pin(conn: psycopg.Connection, shop: Shop, **more: str) -> StaffRecord:
    done = staff.set_pin(conn, shop.program.id, added(conn, shop, **more).id, PIN, by=BY, now=NOW)
    assert isinstance(done, StaffRecord)
    return done


def check(conn: psycopg.Connection, shop: Shop, who: str, pin: str, seconds: float = 0) -> StaffRecord | None:
    return staff.verify_pin(conn, shop.program.id, who, pin, now=NOW + timedelta(seconds=seconds))


def owner(conn: psycopg.Connection, shop: Shop, email: str = "vera@example.com") -> str:
    token = service.create_setup_token(conn, shop.program.id, now=NOW)
    done = accounts.redeem_setup_token(conn, token, email, "Vera", "x", "en", now=NOW)
    assert isinstance(done, Redeemed)
    return done.staff_id


def test_somebody_new_chooses_a_password_by_a_link(conn: psycopg.Connection, shop: Shop) -> None:
    done = add(conn, shop, Role.CASHIER, places=("msk-1",), number="c-17", email="Olga@Example.com")
    assert isinstance(done, Added)
    assert (done.staff.email, done.staff.role, done.staff.places) == ("olga@example.com", "cashier", ["msk-1"])
    assert accounts.invited(conn, done.token, now=NOW) == (done.staff.id, "olga@example.com")
    row = conn.execute("SELECT password FROM workspace_staff").fetchone()
    assert row
    assert row[0].startswith("!"), "nobody signs in before the link is used"
    used = accounts.accept_invitation(conn, done.token, "argon2$x", "ru", now=NOW)
    assert used == Redeemed(done.staff.id, shop.program.id)
    again = accounts.accept_invitation(conn, done.token, "argon2$y", "ru", now=NOW)
    assert again is SetupRefusal.LINK_NOT_VALID
    assert conn.execute("SELECT password, locale FROM workspace_staff").fetchone() == ("argon2$x", "ru")
    assert done.token not in str(conn.execute("SELECT workspace_invitation::text FROM workspace_invitation").fetchall())


def test_only_the_newest_link_opens_and_not_for_ever(conn: psycopg.Connection, shop: Shop) -> None:
    first = add(conn, shop)
    assert isinstance(first, Added)
    second = staff.invite(conn, shop.program.id, "olga@example.com", by=BY, now=NOW)
    assert isinstance(second, Added)
    assert accounts.invited(conn, first.token, now=NOW) is None
    assert accounts.invited(conn, second.token, now=NOW) is not None
    assert accounts.invited(conn, second.token, now=NOW + accounts.INVITATION_LIFE) is None
    staff.set_active(conn, shop.program.id, first.staff.id, active=False, by=BY, now=NOW)
    assert accounts.invited(conn, second.token, now=NOW) is None
    gone = accounts.accept_invitation(conn, second.token, "x", "en", now=NOW)
    assert gone is SetupRefusal.LINK_NOT_VALID
    assert staff.invite(conn, shop.program.id, first.staff.id, by=BY, now=NOW) is StaffRefusal.NOT_ACTIVE


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"email": "nobody"}, StaffRefusal.BAD_EMAIL),
        ({"email": "a b@example.com"}, StaffRefusal.BAD_EMAIL),
        ({"email": "x" * 250 + "@a.ru"}, StaffRefusal.BAD_EMAIL),
        ({"name": " "}, StaffRefusal.BAD_NAME),
        ({"name": "A\nB"}, StaffRefusal.BAD_NAME),
        ({"number": "c 17"}, StaffRefusal.BAD_NUMBER),
        ({"number": ""}, StaffRefusal.BAD_NUMBER),
        ({"places": ("nowhere",)}, StaffRefusal.UNKNOWN_PLACE),
        ({"email": "VERA@example.com"}, StaffRefusal.EMAIL_TAKEN),
        ({"number": "c-1"}, StaffRefusal.NUMBER_TAKEN),
    ],
)
def test_who_is_not_added(
    conn: psycopg.Connection, shop: Shop, change: dict[str, object], refusal: StaffRefusal
) -> None:
    add(conn, shop, email="vera@example.com", number="c-1")
    before = staff.listed(conn, shop.program.id)
    assert add(conn, shop, **change) is refusal  # type: ignore[arg-type]
    assert staff.listed(conn, shop.program.id) == before


def test_people_are_found_by_what_is_known_of_them(conn: psycopg.Connection, shop: Shop) -> None:
    done = add(conn, shop, number="c-17")
    assert isinstance(done, Added)
    for which in (done.staff.id, "c-17", "olga@example.com", "OLGA@example.com"):
        assert staff.find(conn, shop.program.id, which) == done.staff
    for which in ("", "c-1", "olga", "%"):
        assert staff.find(conn, shop.program.id, which) is None
    stranger = "01890a5d-ac96-7bbb-8bbb-0123456789ab"
    assert staff.find(conn, stranger, "c-17") is None


def test_a_role_changes_with_its_places(conn: psycopg.Connection, shop: Shop) -> None:
    who = added(conn, shop)
    done = staff.set_role(conn, shop.program.id, who.email, Role.CASHIER, ["msk-1", "msk-1"], by=BY, now=NOW)
    assert isinstance(done, StaffRecord)
    assert (done.role, done.places) == ("cashier", ["msk-1"])
    assert staff.find(conn, shop.program.id, who.id) == done
    wrong = staff.set_role(conn, shop.program.id, who.id, Role.CASHIER, ["nowhere"], by=BY, now=NOW)
    assert wrong is StaffRefusal.UNKNOWN_PLACE
    nobody = staff.set_role(conn, shop.program.id, "nobody", Role.OWNER, by=BY, now=NOW)
    assert nobody is StaffRefusal.UNKNOWN


def test_the_last_owner_stays(conn: psycopg.Connection, shop: Shop) -> None:
    first = owner(conn, shop)
    for _ in range(2):
        gone = staff.set_active(conn, shop.program.id, first, active=False, by=BY, now=NOW)
        assert gone is StaffRefusal.LAST_OWNER
    assert staff.set_role(conn, shop.program.id, first, Role.ADMIN, by=BY, now=NOW) is StaffRefusal.LAST_OWNER
    second = owner(conn, shop, "anna@example.com")
    staff.set_active(conn, shop.program.id, second, active=False, by=BY, now=NOW)
    still = staff.set_role(conn, shop.program.id, first, Role.ADMIN, by=BY, now=NOW)
    assert still is StaffRefusal.LAST_OWNER, "an owner who has gone is none"
    staff.set_active(conn, shop.program.id, second, active=True, by=BY, now=NOW)
    assert isinstance(staff.set_role(conn, shop.program.id, first, Role.ADMIN, by=BY, now=NOW), StaffRecord)


def test_every_change_of_the_staff_is_audited(conn: psycopg.Connection, shop: Shop) -> None:
    who = added(conn, shop)
    staff.set_role(conn, shop.program.id, who.id, Role.CASHIER, by=BY, now=NOW)
    staff.set_pin(conn, shop.program.id, who.id, PIN, by=BY, now=NOW)
    staff.invite(conn, shop.program.id, who.id, by=BY, now=NOW)
    for active in (False, False, True):
        staff.set_active(conn, shop.program.id, who.id, active=active, by=BY, now=NOW)
    entries = audit.page(conn, shop.program.id)
    told = {entry.action: entry for entry in entries if entry.object_kind == "staff"}
    assert set(told) == {
        "staff.add",
        "staff.role",
        "staff.pin",
        "staff.invite",
        "staff.deactivate",
        "staff.activate",
    }
    assert told["staff.role"].detail == "store-manager>cashier"
    assert told["staff.role"].before_hash != told["staff.role"].after_hash
    whole = str(conn.execute("SELECT a::text FROM workspace_audit a").fetchall())
    for personal in ("olga", "Olga", PIN):
        assert personal not in whole


def test_roles_are_a_table_and_the_rest_is_refused() -> None:
    assert set(GRANTS) == set(Role)
    for role in ("", "god", "Owner"):
        assert not any(may(worker(role), permission) for permission in Permission)
    for role in Role:
        assert not any(may(worker(role, active=False), permission) for permission in Permission)
    writes = {p for p in Permission if not p.endswith(":read")}
    assert not writes & GRANTS[Role.AUDITOR], "an auditor changes nothing"
    assert set(Permission) - writes <= GRANTS[Role.AUDITOR], "and reads everything"
    assert Permission.PERSONAL_READ not in GRANTS[Role.ANALYST]
    assert Permission.REPORTS_READ not in GRANTS[Role.CASHIER]


def worker(role: str, *places: str, active: bool = True) -> StaffRecord:
    return StaffRecord(
        "s", "p", "e@example.com", "N", role, list(places), None, "en", active, has_pin=True, last_login=None,
        created_at=NOW,
    )  # fmt: skip


def test_who_is_bound_to_a_place_acts_there_alone() -> None:
    bound = worker(Role.STORE_MANAGER, "msk-1")
    assert may(bound, Permission.TILL_APPROVE, "msk-1")
    assert not may(bound, Permission.TILL_APPROVE, "msk-2")
    assert not may(bound, Permission.TILL_APPROVE), "a place must be named"
    assert not may(bound, Permission.REPORTS_READ), "the whole program's figures are not one store's"
    assert may(bound, Permission.POINTS_ADJUST), "a member's points belong to no place"
    free = worker(Role.STORE_MANAGER)
    assert may(free, Permission.TILL_APPROVE, "msk-2")
    assert may(free, Permission.REPORTS_READ)


def test_who_manages_whom() -> None:
    boss, admin, cashier = worker(Role.OWNER), worker(Role.ADMIN), worker(Role.CASHIER)
    assert all(may_manage(boss, role) for role in Role)
    assert [role for role in Role if not may_manage(admin, role)] == [Role.OWNER]
    assert not any(may_manage(cashier, role) for role in Role)


@pytest.mark.parametrize(
    "pin", ["", "123", "1234", "987654", "0000", "12a4", "1" * 13, " 4711", "４７１１", "1234567890"]
)
def test_pins_that_are_none(conn: psycopg.Connection, shop: Shop, pin: str) -> None:
    who = added(conn, shop)
    assert staff.set_pin(conn, shop.program.id, who.id, pin, by=BY, now=NOW) is StaffRefusal.BAD_PIN
    assert check(conn, shop, who.id, pin) is None


def test_a_pin_approves_under_any_name_of_its_person(conn: psycopg.Connection, shop: Shop) -> None:
    who = with_pin(conn, shop, number="c-17")
    for name in ("c-17", "olga@example.com", who.id):
        assert check(conn, shop, name, PIN) == who
    assert check(conn, shop, "c-17", "4712") is None
    assert check(conn, shop, "c-18", PIN) is None
    row = conn.execute("SELECT pin_hash FROM workspace_staff").fetchone()
    assert row
    assert row[0].startswith("$argon2id$")


def test_a_pin_is_its_persons_alone(conn: psycopg.Connection, shop: Shop) -> None:
    """A stored PIN moved to another person's row opens nothing."""
    who = with_pin(conn, shop)
    other = added(conn, shop, email="ivan@example.com")
    conn.execute(
        "UPDATE workspace_staff SET pin_hash = (SELECT pin_hash FROM workspace_staff WHERE id = %s) WHERE id = %s",
        (who.id, other.id),
    )
    assert check(conn, shop, who.id, PIN) is not None
    assert check(conn, shop, other.id, PIN) is None


def test_who_has_gone_approves_nothing(conn: psycopg.Connection, shop: Shop) -> None:
    who = with_pin(conn, shop)
    staff.set_active(conn, shop.program.id, who.id, active=False, by=BY, now=NOW)
    assert check(conn, shop, who.id, PIN) is None


def test_five_wrong_pins_and_then_a_wait(conn: psycopg.Connection, shop: Shop) -> None:
    who = with_pin(conn, shop, number="c-17")
    for name in ("c-17", "olga@example.com", who.id, "c-17", "OLGA@example.com"):
        assert check(conn, shop, name, "9999") is None
    assert check(conn, shop, "c-17", PIN) is None, "the right one must wait too"
    assert check(conn, shop, "c-17", PIN, seconds=29) is None
    assert check(conn, shop, "c-17", PIN, seconds=30) == who
    assert check(conn, shop, "c-17", "9999", seconds=31) is None
    assert check(conn, shop, "c-17", PIN, seconds=32) == who, "a right one forgets the wrong ones"


def test_a_guesser_gets_few_guesses_a_day(conn: psycopg.Connection, shop: Shop) -> None:
    with_pin(conn, shop, number="c-17")
    looked_at = 0
    for minute in range(24 * 60):
        if staff.PIN_TRIES.try_now(conn, "somebody", now=NOW + timedelta(minutes=minute)) is None:
            looked_at += 1
    assert looked_at < 110


def test_a_wrong_pin_counts_though_the_door_fails_afterwards(database: str) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        with_pin(conn, shop, number="c-17")
    for _ in range(5):
        with db.transaction() as conn:
            assert check(conn, shop, "c-17", "9999") is None
    with db.transaction() as conn:
        assert check(conn, shop, "c-17", PIN) is None


def test_unknown_people_take_as_long_as_known_ones(conn: psycopg.Connection, shop: Shop) -> None:
    with_pin(conn, shop, number="c-17")
    check(conn, shop, "warm-up", "9999")

    def fastest(name: str) -> float:
        times = []
        for n in range(3):
            began = time.perf_counter()
            check(conn, shop, name, "9999", seconds=10_000 * n)
            times.append(time.perf_counter() - began)
        return min(times)

    known, unknown = fastest("c-17"), fastest("nobody-at-all")
    assert 0.5 < known / unknown < 2
