"""What an owner may state, and what becomes of a list of limits."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from tests.limits.builders import limit, setup, use
from verno.limits import queries, service
from verno.limits.types import MAX_LIMITS, NewLimit, Refusal, Refused
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def test_a_list_is_read_as_it_was_put(conn: psycopg.Connection, shop: Shop) -> None:
    wanted = [
        limit("member", most=5, hard=False),
        limit("cashier", "adjusted", "hour", most=1000, unit="points"),
        limit("program", "spent", most=0, place="msk-1"),
    ]
    put = setup(conn, shop.program.id, *wanted)
    assert put == queries.limits(conn, shop.program.id)
    assert [(one.subject, one.measure, one.window, one.most, one.hard, one.place) for one in put] == [
        (one.subject, one.measure, one.window, one.most, one.hard, one.place) for one in wanted
    ]
    assert [one.unit for one in put] == [None, "points", "points"]


def test_what_is_not_named_again_is_removed_and_the_rest_keeps_its_id(conn: psycopg.Connection, shop: Shop) -> None:
    first, second = setup(conn, shop.program.id, limit(most=5), limit("place", most=50))
    wanted = (limit("place", most=70, hard=False, key=second.id), limit("till", most=9))
    again = setup(conn, shop.program.id, *wanted, now=NOW + timedelta(hours=1))
    assert [(one.id == second.id, one.most, one.hard) for one in again] == [(True, 70, False), (False, 9, True)]
    assert first.id not in {one.id for one in again}
    row = conn.execute("SELECT count(*) FROM limits_limit WHERE removed_at IS NOT NULL").fetchone()
    assert row == (1,)


@pytest.mark.parametrize(
    ("wanted", "reason", "field"),
    [
        (limit("member", "receipts", unit="points"), Refusal.UNKNOWN_UNIT, "unit"),
        (limit("member", "spent", unit="stars"), Refusal.UNKNOWN_UNIT, "unit"),
        (limit("member", place="nowhere"), Refusal.UNKNOWN_PLACE, "place"),
        (limit("member", key="01a21293-b600-7000-8230-956097880ea8"), Refusal.UNKNOWN_LIMIT, "id"),
        (limit("member", key="x"), Refusal.UNKNOWN_LIMIT, "id"),
    ],
)
def test_refusals_name_the_item_and_change_nothing(
    conn: psycopg.Connection, shop: Shop, wanted: NewLimit, reason: Refusal, field: str
) -> None:
    before = setup(conn, shop.program.id, limit(most=5))
    answer = service.put(conn, shop.program.id, [limit("place"), wanted], now=NOW)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.position, answer.field) == (reason, 1, field)
    added = service.add(conn, shop.program.id, [wanted], now=NOW)
    assert isinstance(added, Refused)
    assert added.position == 0
    assert queries.limits(conn, shop.program.id) == before


def test_another_kind_is_another_limit(conn: psycopg.Connection, shop: Shop) -> None:
    (one,) = setup(conn, shop.program.id, limit(most=5))
    for other in (
        limit("card", key=one.id),
        limit(measure="earned", key=one.id),
        limit(window="hour", key=one.id),
        limit(place="msk-1", key=one.id),
    ):
        answer = service.put(conn, shop.program.id, [other], now=NOW)
        assert isinstance(answer, Refused)
        assert answer.reason is Refusal.OTHER_LIMIT
    twice = service.put(conn, shop.program.id, [limit(most=6, key=one.id), limit(most=7, key=one.id)], now=NOW)
    assert isinstance(twice, Refused)
    assert (twice.reason, twice.position) == (Refusal.UNKNOWN_LIMIT, 1)


def test_two_units_must_be_told_apart(conn: psycopg.Connection, shop: Shop) -> None:
    conn.execute(
        "INSERT INTO workspace_unit (id, program_id, code, scale, created_at)"
        " VALUES (gen_random_uuid(), %s, 'status', 0, now())",
        (shop.program.id,),
    )
    answer = service.put(conn, shop.program.id, [limit("member", "earned")], now=NOW)
    assert isinstance(answer, Refused)
    assert (answer.reason, "points, status" in answer.detail) == (Refusal.UNKNOWN_UNIT, True)
    assert len(setup(conn, shop.program.id, limit("member", "earned", unit="status"))) == 1


def test_there_is_a_limit_to_limits(conn: psycopg.Connection, shop: Shop) -> None:
    many = [limit(most=n) for n in range(MAX_LIMITS)]
    assert len(setup(conn, shop.program.id, *many)) == MAX_LIMITS
    answer = service.add(conn, shop.program.id, [limit(most=99)], now=NOW)
    assert isinstance(answer, Refused)
    assert answer.reason is Refusal.TOO_MANY_LIMITS


def test_added_and_removed_one_by_one(conn: psycopg.Connection, shop: Shop) -> None:
    (first,) = setup(conn, shop.program.id, limit(most=5))
    both = service.add(conn, shop.program.id, [limit("program", most=9)], now=NOW + timedelta(hours=1))
    assert not isinstance(both, Refused)
    assert both[0] == first
    assert service.remove(conn, shop.program.id, [first.id, "x", holder()], now=NOW) == 1
    assert service.remove(conn, shop.program.id, [first.id], now=NOW) == 0
    assert queries.limits(conn, shop.program.id) == both[1:]
    assert service.remove(conn, holder(), [both[1].id], now=NOW) == 0, "another program's"


def test_every_change_is_audited_with_its_author(conn: psycopg.Connection, shop: Shop) -> None:
    vera = Actor(ActorKind.STAFF, holder())
    made = service.put(conn, shop.program.id, [limit(most=5), limit("place", most=9)], now=NOW, by=vera)
    assert not isinstance(made, Refused)
    again = [limit(most=5, key=made[0].id), limit("place", most=7, key=made[1].id)]
    service.put(conn, shop.program.id, again, now=NOW, by=vera)
    service.remove(conn, shop.program.id, [made[0].id], now=NOW, by=vera)
    told = [
        (entry.action, entry.object_id, entry.detail, entry.actor_id)
        for entry in audit.page(conn, shop.program.id)
        if entry.object_kind == "limit"
    ]
    assert sorted(told) == [
        ("limit.add", made[0].id, "member:receipts:day:5:hard", vera.id),
        ("limit.add", made[1].id, "place:receipts:day:9:hard", vera.id),
        ("limit.change", made[1].id, "place:receipts:day:7:hard", vera.id),
        ("limit.remove", made[0].id, "member:receipts:day:5:hard", vera.id),
    ]


def test_a_limit_that_keeps_its_id_goes_on_counting(conn: psycopg.Connection, shop: Shop) -> None:
    member = holder()
    limits = setup(conn, shop.program.id, limit(most=2))
    for allowed in (True, True, False):
        one = use(member)
        desk = service.open_counters(conn, shop.program.id, limits, [one], now=NOW)
        assert (desk.admit(one) is None) == allowed
        desk.write(conn)
    limits = setup(conn, shop.program.id, limit(most=3, key=limits[0].id))
    for allowed in (True, False):
        one = use(member)
        desk = service.open_counters(conn, shop.program.id, limits, [one], now=NOW)
        assert (desk.admit(one) is None) == allowed
        desk.write(conn)
