"""Points between members: off by default, and never younger than they were."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.corrections.desk import Desk, done, refused
from verno.corrections import service
from verno.corrections.types import Kind, Refusal, Replayed, Transfer
from verno.intake.types import MemberRef

DAY = timedelta(days=1)


@pytest.fixture
def pair(desk: Desk) -> tuple[str, str]:
    """Give two members of a program that lets members send."""
    desk.set("transfers.between_members", value=True)
    return desk.join("anna"), desk.join("ivan")


def test_off_by_default_and_the_setting_is_named(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.join("ivan")
    desk.earn(anna, 10)
    outcome = desk.transfer(anna, "ivan", 10)
    assert refused(outcome) is Refusal.NOT_ALLOWED
    assert "transfers.between_members" in outcome.detail  # type: ignore[union-attr]
    assert desk.balance(anna).available == 10


def test_what_arrives_keeps_the_ends_it_had(desk: Desk, pair: tuple[str, str]) -> None:
    anna, ivan = pair
    desk.earn(anna, 30, days=30)
    desk.earn(anna, 30, days=10)
    desk.earn(anna, 30)
    sent = done(desk.transfer(anna, "ivan", 70))
    assert desk.ends(ivan) == {NOW + 10 * DAY: 30, NOW + 30 * DAY: 30}
    assert (desk.balance(anna).available, desk.balance(ivan).available) == (20, 70)
    assert desk.balance(ivan, NOW + 31 * DAY).available == 10, "what never ends does not end on the way"
    assert sent.answer.decode().startswith(f'{{"id":"{sent.id}","status":"posted","unit":"points","points":-70')
    assert desk.events() == ["points.transferred.v1"]
    desk.check()


def test_there_and_back_again_gains_nothing(desk: Desk, pair: tuple[str, str]) -> None:
    anna, ivan = pair
    desk.earn(anna, 50, days=5)
    done(desk.transfer(anna, "ivan", 50))
    done(desk.transfer(ivan, "anna", 50))
    assert desk.ends(anna) == {NOW + 5 * DAY: 50}
    assert refused(desk.transfer(anna, "ivan", 50, now=NOW + 5 * DAY)) is Refusal.INSUFFICIENT_POINTS
    desk.check()


def test_an_account_that_slides_does_not_wash_either(desk: Desk, pair: tuple[str, str]) -> None:
    from verno.ledger.types import Earn

    anna, ivan = pair
    unit = desk.shop.unit.id
    desk.post(anna, Earn(anna, unit, 50, NOW, lapses_at=NOW + 20 * DAY))
    desk.post(ivan, Earn(ivan, unit, 1, NOW, lapses_at=NOW + 90 * DAY))
    done(desk.transfer(anna, "ivan", 50))
    assert desk.balance(ivan, NOW + 19 * DAY).available == 51
    assert desk.balance(ivan, NOW + 20 * DAY).available == 1
    desk.check()


def test_an_end_that_does_not_come_is_not_sent_along(desk: Desk, pair: tuple[str, str]) -> None:
    from verno.ledger.types import Earn

    anna, ivan = pair
    desk.set("points.expiry", {"model": "sliding", "days": 20})
    desk.post(anna, Earn(anna, desk.shop.unit.id, 50, NOW, lapses_at=NOW + 20 * DAY))
    desk.set("points.expiry", {"model": "never"})
    done(desk.transfer(anna, "ivan", 50))
    assert desk.balance(ivan, NOW + 99 * DAY).available == 50
    desk.check()


def test_only_what_is_available_can_be_sent(desk: Desk, pair: tuple[str, str]) -> None:
    anna, ivan = pair
    desk.earn(anna, 10)
    desk.hold(anna, 4)
    assert refused(desk.transfer(anna, "ivan", 7)) is Refusal.INSUFFICIENT_POINTS
    done(desk.transfer(anna, "ivan", 6))
    assert (desk.balance(anna).held, desk.balance(ivan).available) == (4, 6)
    done(desk.transfer(anna, "ivan", 4, now=NOW + timedelta(hours=1)))
    desk.check()


def test_who_waited_for_the_lock_may_send_what_came_in_meanwhile(desk: Desk, pair: tuple[str, str]) -> None:
    """A caller reads the clock, then waits: what arrived in between begins a moment after that. Found by the bank."""
    anna, ivan = pair
    desk.join("piotr")
    desk.earn(anna, 10)
    done(desk.transfer(anna, "ivan", 10, now=NOW + timedelta(milliseconds=5)))
    done(desk.transfer(ivan, "piotr", 10, now=NOW))
    assert [desk.balance(who).available for who in pair] == [0, 0]
    desk.check()


@pytest.mark.parametrize(
    ("to", "unit", "reason"),
    [("anna", "points", Refusal.SAME_MEMBER), ("ivan", "miles", Refusal.UNKNOWN_UNIT)],
)
def test_refusals(desk: Desk, pair: tuple[str, str], to: str, unit: str, reason: Refusal) -> None:
    desk.earn(pair[0], 10)
    asked = desk.asked(pair[0], Transfer(MemberRef(external_id=to), unit, 1), Kind.TRANSFER)
    assert refused(service.transfer(desk.conn, desk.shop.program, [asked], now=NOW)[0]) is reason  # type: ignore[list-item]


def test_the_receivers_cap(desk: Desk, pair: tuple[str, str]) -> None:
    anna, ivan = pair
    desk.set("points.max_balance", 100)
    desk.earn(ivan, 95)
    desk.earn(anna, 3, days=1)
    desk.earn(anna, 3, days=2)
    assert refused(desk.transfer(anna, "ivan", 6)) is Refusal.OVER_LIMIT
    assert (desk.balance(anna).available, desk.balance(ivan).available) == (6, 95)
    done(desk.transfer(anna, "ivan", 5))
    desk.check()


def test_a_key_names_one_transfer(desk: Desk, pair: tuple[str, str]) -> None:
    anna, ivan = pair
    desk.earn(anna, 10)
    first = done(desk.transfer(anna, "ivan", 5, key="K"))
    assert desk.transfer(anna, "ivan", 5, key="K") == Replayed(first.id, first.answer)
    assert refused(desk.transfer(anna, "ivan", 4, key="K")) is Refusal.IDEMPOTENCY_MISMATCH
    assert desk.balance(ivan).available == 5


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lots=st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 5)), min_size=1, max_size=5),
    sends=st.lists(st.tuples(st.sampled_from(["ab", "bc", "ca", "ba"]), st.integers(1, 12)), max_size=6),
)
def test_no_round_of_sending_makes_points_live_longer(
    desk: Desk, lots: list[tuple[int, int | None]], sends: list[tuple[str, int]]
) -> None:
    with desk.conn.transaction() as savepoint:
        desk.set("transfers.between_members", value=True)
        names = {name: desk.join(f"{name}-{desk.next()}") for name in "abc"}
        external = {id_: one for one, id_ in names.items()}
        for points, days in lots:
            desk.earn(names["a"], points, days=days)
        before = [sum(desk.balance(one, NOW + day * DAY).available for one in names.values()) for day in range(7)]
        bodies = []
        for way, points in sends:
            rows = desk.conn.execute("SELECT external_id FROM members_member WHERE id = %s", (names[way[1]],))
            ((to,),) = rows.fetchall()
            body = Transfer(MemberRef(external_id=to), "points", points)
            bodies.append(desk.asked(names[way[0]], body, Kind.TRANSFER))
        service.transfer(desk.conn, desk.shop.program, bodies, now=NOW)  # type: ignore[arg-type]
        after = [sum(desk.balance(one, NOW + day * DAY).available for one in names.values()) for day in range(7)]
        assert after == before
        assert external
        desk.check()
        savepoint.force_rollback = True
