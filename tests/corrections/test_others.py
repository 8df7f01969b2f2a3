"""Expired points given again, points erased, balances brought along."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.builders import NOW, holder
from tests.corrections.desk import Desk, done, refused
from tests.members.test_budget import counted
from verno.corrections import service
from verno.corrections.types import Brought, Erased, Opening, Refusal
from verno.ledger.types import Earn, Spend, TakeBack

DAY = timedelta(days=1)


def test_expired_points_come_back_within_the_window(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.set("points.reinstate_days", 30)
    desk.earn(anna, 40, days=10)
    assert refused(desk.reinstate(anna)) is Refusal.NOTHING_EXPIRED
    later = NOW + 20 * DAY
    given = done(desk.reinstate(anna, now=later))
    assert b'"points":40' in given.answer
    assert desk.ends(anna, later) == {datetime(2027, 1, 14, 21, tzinfo=UTC): 40}, "as many days more"
    assert refused(desk.reinstate(anna, now=later)) is Refusal.NOTHING_EXPIRED, "given again once"
    assert desk.events() == ["points.reinstated.v1"]
    desk.check()


def test_after_the_window_they_are_gone(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.set("points.reinstate_days", 30)
    desk.earn(anna, 40, days=10)
    assert refused(desk.reinstate(anna, now=NOW + 42 * DAY)) is Refusal.NOTHING_EXPIRED
    desk.check()


def test_a_unit_without_a_window_says_so(desk: Desk) -> None:
    anna, vera = desk.join("anna", email="vera@example.com"), desk.hire("vera")
    outcome = desk.reinstate(anna)
    assert refused(outcome) is Refusal.NOT_ALLOWED
    assert "points.reinstate_days" in outcome.detail  # type: ignore[union-attr]
    assert refused(desk.reinstate(anna, by=vera)) is Refusal.OWN_ACCOUNT


def test_erased_points_go_to_breakage(desk: Desk) -> None:
    anna, ivan, empty = desk.join("anna"), desk.join("ivan"), desk.join("empty")
    unit = desk.shop.unit.id
    desk.earn(anna, 30)
    desk.hold(anna, 10)
    desk.post(anna, Earn(anna, unit, 5, NOW, active_from=NOW + DAY))
    sale = desk.post(ivan, Earn(ivan, unit, 10, NOW))
    desk.post(ivan, Spend(ivan, unit, 10, NOW))
    desk.post(ivan, TakeBack(ivan, unit, 10, NOW, sale.operation_id, NOW))
    assert service.erase_points(desk.conn, desk.program_id, [anna, ivan, empty], now=NOW) == [
        Erased(anna, {"points": 35}),
        Erased(ivan, {}),
        Erased(empty, {}),
    ]
    for who in (anna, ivan):
        left = desk.balance(who)
        assert (left.available, left.pending, left.held, left.debt) == (0, 0, 0, 0)
    assert service.erase_points(desk.conn, desk.program_id, [anna], now=NOW) == [Erased(anna, {})]
    assert desk.events() == ["points.erased.v1", "points.erased.v1"]
    desk.check()


def test_what_comes_after_an_erasure_can_be_erased_too(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.earn(anna, 5)
    service.erase_points(desk.conn, desk.program_id, [anna], now=NOW)
    desk.earn(anna, 7)
    assert service.erase_points(desk.conn, desk.program_id, [anna], now=NOW) == [Erased(anna, {"points": 7})]
    desk.check()


def test_erasing_what_is_over_already_claims_nothing(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.earn(anna, 5, days=1, at=NOW - 3 * DAY)
    assert service.erase_points(desk.conn, desk.program_id, [anna], now=NOW) == [Erased(anna, {})]
    desk.check()


# Opening balances -----------------------------------------------------------------------------------------------------

RUN, OTHER_RUN = holder(), holder()


def opening(desk: Desk, who: str, points: int, key: str, row: int, **more: object) -> Opening:
    base = Opening(who, desk.shop.unit.id, points, key, f"{points:02d}", RUN, row, NOW - 100 * DAY)
    return msgspec.structs.replace(base, **more)


def bring(desk: Desk, *openings: Opening) -> list[object]:
    return list(service.open_balances(desk.conn, desk.program_id, openings, now=NOW))


def test_lots_come_with_their_own_dates(desk: Desk) -> None:
    anna = desk.join("anna")
    outcomes = bring(
        desk,
        opening(desk, anna, 30, "a", 2, expires_at=NOW + 5 * DAY),
        opening(desk, anna, 20, "b", 3, active_from=NOW + 2 * DAY, expires_at=NOW + 9 * DAY),
        opening(desk, anna, 10, "c", 4),
    )
    assert outcomes == [Brought(replayed=False)] * 3
    assert (desk.balance(anna).available, desk.balance(anna).pending) == (40, 20)
    assert desk.ends(anna) == {NOW + 5 * DAY: 30, NOW + 9 * DAY: 20}
    desk.check()


def test_a_lot_comes_once(desk: Desk) -> None:
    anna = desk.join("anna")
    first = opening(desk, anna, 30, "a", 2)
    assert bring(desk, first) == [Brought(replayed=False)]
    assert bring(desk, first) == [Brought(replayed=True)], "the same row of the same file"
    assert bring(desk, msgspec.structs.replace(first, run_id=OTHER_RUN, row=9)) == [Brought(replayed=True)]
    (twice,) = bring(desk, msgspec.structs.replace(first, row=3))
    assert refused(twice) is Refusal.ALREADY_BROUGHT
    (other,) = bring(desk, msgspec.structs.replace(first, run_id=OTHER_RUN, points=31, fingerprint="31"))
    assert refused(other) is Refusal.IDEMPOTENCY_MISMATCH
    assert desk.balance(anna).available == 30
    fresh, twin = bring(desk, opening(desk, anna, 1, "x", 5), opening(desk, anna, 1, "x", 6))
    assert (fresh, refused(twin)) == (Brought(replayed=False), Refusal.ALREADY_BROUGHT)
    desk.check()


def test_two_and_five_hundred_lots_cost_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(desk, opening(desk, desk.join("first"), 1, "first", 1))
    costs = []
    for size in (2, 500):
        people = [desk.join(f"m{size}-{n}") for n in range(size)]
        with counted(monkeypatch) as sent:
            bring(desk, *[opening(desk, who, 1, f"{size}-{n}", n) for n, who in enumerate(people)])
        costs.append(len(sent))
    assert costs[0] == costs[1]
