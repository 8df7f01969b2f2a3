"""What is admitted, reserved, confirmed, freed and told; one transaction after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from tests.limits.builders import DAY, limit, live, setup, spend, uneven, use
from verno.kit import db
from verno.kit.errors import BrokenInvariant, TryAgain
from verno.limits import queries, service
from verno.limits.desk import Desk
from verno.limits.types import Figures, Limit, NewLimit, OverLimit, Use
from verno.wiring import chores

SOON = NOW + timedelta(minutes=10)
LATER = NOW + timedelta(minutes=11)


@dataclass
class Till:
    """A program with limits; each call is a batch of its own, as a transaction would be."""

    conn: psycopg.Connection
    program: str
    limits: tuple[Limit, ...] = ()

    def hold(self, *wanted: NewLimit) -> tuple[Limit, ...]:
        self.limits = setup(self.conn, self.program, *wanted)
        return self.limits

    @contextmanager
    def desk(self, *uses: Use, known: list[str] | None = None, now: datetime = NOW) -> Iterator[Desk]:
        desk = service.open_counters(self.conn, self.program, self.limits, uses, known=known or [], now=now)
        yield desk
        desk.write(self.conn)
        assert uneven(self.conn) == []

    def admit(self, *uses: Use, now: datetime = NOW) -> list[OverLimit | None]:
        with self.desk(*uses, now=now) as desk:
            return [desk.admit(one) for one in uses]

    def confirm(self, operation_id: str, figures: Figures, *, now: datetime = NOW) -> OverLimit | None:
        refused = service.confirm(self.conn, self.program, self.limits, {operation_id: figures}, now=now)
        assert uneven(self.conn) == []
        return refused.get(operation_id)

    def free(self, *operation_ids: str, now: datetime = NOW) -> None:
        service.free(self.conn, self.program, self.limits, operation_ids, now=now)
        assert uneven(self.conn) == []

    def used(self, *, now: datetime = NOW) -> int:
        """Return what all counters count together."""
        return sum(live(self.conn, now=now).values())


@pytest.fixture
def till(conn: psycopg.Connection) -> Till:
    shop: Shop = make_shop(conn)
    return Till(conn, shop.program.id)


def test_a_full_limit_refuses_and_says_what_is_left(till: Till) -> None:
    (daily,) = till.hold(limit("member", "spent", most=100))
    member = holder()
    assert till.admit(spend(70, member)) == [None]
    (over,) = till.admit(spend(40, member))
    assert over == OverLimit(daily, used=70, asked=40, frees_at=DAY + timedelta(hours=21))
    assert over.left == 30
    assert till.admit(spend(30, member)) == [None]
    assert till.admit(spend(1, member), spend(100, holder())) == [OverLimit(daily, 100, 1, over.frees_at), None]
    assert live(till.conn)[daily.id, member, DAY] == 100


def test_a_batch_is_decided_in_its_order(till: Till) -> None:
    till.hold(limit("program", "spent", most=100))
    answers = till.admit(spend(60), spend(50), spend(40), spend(1))
    assert [over is None for over in answers] == [True, False, True, False]


def test_what_one_limit_refuses_no_other_counts(till: Till) -> None:
    first, second = till.hold(limit("place", most=100), limit("member", most=1))
    member = holder()
    till.admit(use(member))
    (over,) = till.admit(use(member))
    assert over is not None
    assert over.limit == second
    assert live(till.conn) == {(first.id, "msk-1", DAY): 1, (second.id, member, DAY): 1}


def test_a_day_later_there_is_room_again(till: Till) -> None:
    till.hold(limit("member", most=1))
    member = holder()
    days = [NOW, NOW, NOW + timedelta(days=1), NOW - timedelta(days=1)]
    answers = [till.admit(use(member, at=at), now=NOW + timedelta(days=1))[0] for at in days]
    assert [over is None for over in answers] == [True, False, True, True]


def test_a_reservation_counts_until_it_is_cancelled(till: Till) -> None:
    till.hold(limit("member", most=1))
    member = holder()
    held = use(member, until=SOON)
    assert till.admit(held, use(member))[1] is not None
    till.free(held.operation_id)
    assert till.used() == 0
    till.free(held.operation_id)
    assert till.admit(use(member)) == [None]
    till.free(held.operation_id)
    assert till.used() == 1


@pytest.mark.parametrize(("after", "free"), [(-timedelta(microseconds=1), False), (timedelta(0), True)])
def test_a_reservation_past_its_time_counts_no_more_though_nobody_has_looked(
    till: Till, after: timedelta, free: bool
) -> None:
    till.hold(limit("member", most=1))
    member = holder()
    till.admit(use(member, until=SOON))
    quote = use(member)
    desk = service.preview(till.conn, till.program, till.limits, [quote], now=SOON + after)
    assert (desk.admit(quote) is None) == free
    assert (till.admit(use(member), now=SOON + after)[0] is None) == free
    assert till.used(now=SOON + after) == 1


def test_a_capture_keeps_what_was_used_and_frees_the_rest(till: Till) -> None:
    till.hold(limit("member", "spent", most=100), limit("member", most=1))
    member = holder()
    held = use(member, spent={"points": 100}, until=SOON)
    till.admit(held)
    assert till.confirm(held.operation_id, Figures(1, spent={"points": 60})) is None
    assert till.used(now=LATER) == 61
    assert [over is None for over in till.admit(spend(41, member), spend(40, member), use(member), now=LATER)] == [
        False, True, False,
    ]  # fmt: skip


def test_a_capture_within_its_reservation_passes_whatever_the_limit_says_by_now(till: Till) -> None:
    (daily,) = till.hold(limit("member", "spent", most=100))
    held = spend(80, holder(), until=SOON)
    till.admit(held)
    till.hold(limit("member", "spent", most=0, key=daily.id))
    over = till.confirm(held.operation_id, Figures(spent={"points": 81}))
    assert over is not None
    assert (over.used, over.asked, over.left) == (80, 1, 0)
    assert till.confirm(held.operation_id, Figures(spent={"points": 80})) is None
    assert till.used(now=LATER) == 80


def test_a_capture_after_the_time_needs_room_again(till: Till) -> None:
    till.hold(limit("member", most=1))
    member = holder()
    held, other = use(member, until=SOON), use(member)
    till.admit(held)
    assert till.admit(other, now=LATER) == [None]
    over = till.confirm(held.operation_id, Figures(1), now=LATER)
    assert over is not None
    assert (over.used, over.asked, over.frees_at) == (1, 1, DAY + timedelta(hours=21))
    till.free(other.operation_id, now=LATER)
    assert till.confirm(held.operation_id, Figures(1), now=LATER) is None
    assert till.used(now=LATER) == 1


def test_a_capture_after_the_time_finds_its_own_place_free(till: Till) -> None:
    till.hold(limit("member", most=1))
    held = use(holder(), until=SOON)
    till.admit(held)
    assert till.confirm(held.operation_id, Figures(1), now=LATER) is None
    assert till.used(now=LATER) == 1


def test_a_return_frees_in_the_hour_and_day_of_its_sale(till: Till) -> None:
    spent, sales = till.hold(limit("member", "spent", most=100), limit("member", most=1))
    member = holder()
    sale = use(member, spent={"points": 100})
    till.admit(sale)
    tomorrow = NOW + timedelta(days=1)
    with till.desk(known=[sale.operation_id], now=tomorrow) as desk:
        desk.hand_back(sale.operation_id, Figures(spent={"points": 30}))
    assert live(till.conn) == {(spent.id, member, DAY): 70, (sales.id, member, DAY): 1}
    with till.desk(known=[sale.operation_id], now=tomorrow) as desk:
        desk.hand_back(sale.operation_id, Figures(1, spent={"points": 99}))
    assert live(till.conn) == {}, "never below nothing"
    assert till.admit(spend(101, member, at=tomorrow), now=tomorrow)[0] is not None, "nor a gain for another day"


def test_a_void_frees_the_receipt_and_its_figures(till: Till) -> None:
    till.hold(limit("cashier", "earned", most=10), limit("till", most=1), limit("program", "spent", most=5))
    sale = use(holder(), earned={"points": 10}, spent={"points": 5}, till="1", cashier="vera")
    assert till.admit(sale) == [None]
    assert till.used() == 16
    till.free(sale.operation_id)
    assert till.used() == 0


def test_a_sale_from_before_the_limit_frees_nothing(till: Till) -> None:
    till.hold(limit("member", most=3))
    before = use(holder())
    assert till.admit(before) == [None]
    till.hold(limit("place", most=2))
    till.admit(use(holder()), use(holder()))
    till.free(before.operation_id)
    assert till.admit(use(holder()))[0] is not None


def test_a_soft_limit_lets_pass_and_tells_once(till: Till) -> None:
    (daily,) = till.hold(limit("member", "spent", most=100, hard=False))
    member = holder()
    uses = [spend(points, member) for points in (60, 40, 1, 500)]
    assert till.admit(*uses) == [None] * 4
    assert till.admit(spend(9, member)) == [None]
    (alert,) = queries.alerts(till.conn, till.program)
    assert (alert.limit, alert.subject, alert.used, alert.most) == (daily, member, 101, 100)
    assert (alert.operation_id, alert.holder_id, alert.place) == (uses[2].operation_id, member, "msk-1")
    events = till.conn.execute("SELECT type, holder_id::text, body, at FROM kit_event").fetchall()
    assert [(kind, who, at) for kind, who, _, at in events] == [("limit.reached.v1", member, NOW)]
    assert events[0][2] == {
        "limit": daily.id, "subject": "member", "who": member, "measure": "spent", "unit": "points", "window": "day",
        "bucket": "2026-11-25T00:00:00Z", "most": 100, "used": 101, "operation": uses[2].operation_id, "place": "msk-1",
    }  # fmt: skip
    tomorrow = NOW + timedelta(days=1)
    till.admit(spend(101, member, at=tomorrow), spend(101, holder(), at=tomorrow), now=tomorrow)
    told = queries.alerts(till.conn, till.program)
    assert [(row.at, row.used) for row in told] == [(tomorrow, 101), (tomorrow, 101), (NOW, 101)]
    newest = told[0]
    assert queries.alerts(till.conn, till.program, before=(newest.recorded_at, newest.id)) == told[1:]
    assert queries.alerts(till.conn, holder()) == []


def test_an_alert_stays_when_its_limit_goes(till: Till) -> None:
    till.hold(limit("program", most=0, hard=False))
    till.admit(use(None))
    till.hold()
    assert len(queries.alerts(till.conn, till.program)) == 1


def test_what_did_not_happen_is_neither_counted_nor_told(till: Till) -> None:
    till.hold(limit("program", "spent", most=10, hard=False), limit("member", "spent", most=100))
    refused, passed = spend(50, holder()), spend(8, holder())
    with till.desk(refused, passed) as desk:
        assert [desk.admit(refused), desk.admit(passed)] == [None, None]
        desk.amend(refused.operation_id)
        assert desk.spoiled() == []
    assert till.used() == 16
    assert queries.alerts(till.conn, till.program) == []


def test_what_came_out_smaller_is_counted_smaller(till: Till) -> None:
    till.hold(limit("member", "earned", most=10))
    sale = use(holder(), earned={"points": 9}, until=SOON)
    with till.desk(sale) as desk:
        desk.admit(sale)
        desk.amend(sale.operation_id, Figures(1, earned={"points": 4}))
    assert till.used() == 4


def test_an_operation_counted_before_is_counted_once(till: Till) -> None:
    """A receipt of nobody that named a card, and is then claimed by that card."""
    till.hold(limit("card", most=1), limit("member", most=1), limit("card", "earned", most=10))
    sale = use(card="hash", earned={"points": 4})
    till.admit(sale)
    claim = use(holder(), key=sale.operation_id, card="hash", earned={"points": 11}, claimed=True)
    with till.desk(claim, known=[sale.operation_id]) as desk:
        over = desk.admit(claim)
    assert over is not None
    assert (over.used, over.asked) == (4, 7)
    claim = use(claim.holder_id, key=sale.operation_id, card="hash", earned={"points": 10}, claimed=True)
    with till.desk(claim, known=[sale.operation_id]) as desk:
        assert desk.admit(claim) is None
    assert sorted(live(till.conn).values()) == [1, 1, 10]
    assert till.admit(use(card="hash"))[0] is not None


def test_an_operation_that_was_freed_is_counted_again(till: Till) -> None:
    till.hold(limit("card", most=1))
    sale = use(card="hash")
    till.admit(sale)
    till.free(sale.operation_id)
    claim = use(holder(), key=sale.operation_id, card="hash", claimed=True)
    with till.desk(claim, known=[sale.operation_id]) as desk:
        assert desk.admit(claim) is None
    assert till.used() == 1


def test_what_was_counted_before_stays_when_nothing_comes_of_the_rest(till: Till) -> None:
    till.hold(limit("place", most=5), limit("card", most=5), limit("member", "earned", most=10))
    sale = use(card="hash")
    till.admit(sale)
    claim = use(holder(), key=sale.operation_id, card="hash", earned={"points": 9}, claimed=True)
    with till.desk(claim, known=[sale.operation_id]) as desk:
        assert desk.admit(claim) is None
        desk.amend(claim.operation_id)
    assert sorted(live(till.conn).values()) == [1, 1]


def test_a_capture_that_gave_less_is_counted_smaller(till: Till) -> None:
    till.hold(limit("member", "earned", most=10), limit("member", "spent", most=10), limit("member", most=1))
    held = use(holder(), earned={"points": 9}, spent={"points": 5}, until=SOON)
    till.admit(held)
    with till.desk(known=[held.operation_id]) as desk:
        assert desk.confirm(held.operation_id, Figures(1, {"points": 9}, {"points": 5})) is None
        desk.amend(held.operation_id, Figures(1, {"points": 2}, {"points": 5}))
    assert sorted(live(till.conn, now=LATER).values()) == [1, 2, 5]


def test_whoever_was_turned_away_for_nothing_is_named(till: Till) -> None:
    till.hold(limit("program", "spent", most=10))
    early, falls, small, large = spend(11), spend(7), spend(4), spend(20)
    with till.desk(early, falls, small, large) as desk:
        assert [desk.admit(one) is None for one in (early, falls, small, large)] == [False, True, False, False]
        assert desk.spoiled() == []
        desk.amend(falls.operation_id)
        assert desk.spoiled() == [small.operation_id]


def test_a_quote_leaves_no_trace(till: Till) -> None:
    till.hold(limit("member", most=1), limit("place", most=0, hard=False))
    one = use(holder())
    desk = service.preview(till.conn, till.program, till.limits, [one], now=NOW)
    assert desk.admit(one) is None
    assert desk.admit(use(one.holder_id)) is not None
    with pytest.raises(BrokenInvariant):
        desk.write(till.conn)
    for table in ("limits_counter", "limits_use", "limits_alert"):
        assert till.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_another_programs_operation_is_not_touched(till: Till) -> None:
    till.hold(limit("program", most=1))
    sale = use(None)
    till.admit(sale)
    service.free(till.conn, holder(), till.limits, [sale.operation_id], now=NOW)
    assert till.used() == 1


def test_an_operation_counted_anew_meanwhile_is_tried_again(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows read after the wait may name counters that were not locked; touching them would lose what others count."""
    till.hold(limit("program", most=1))
    sale = use(None)
    till.admit(sale)
    texts = {**queries.SQL._texts, "lock_counters": f"SELECT * FROM ({queries.SQL['lock_counters']}) x WHERE false"}
    monkeypatch.setattr(queries.SQL, "_texts", texts)
    with pytest.raises(TryAgain):
        till.free(sale.operation_id)


def test_what_is_long_over_is_forgotten(till: Till) -> None:
    till.hold(limit("member", most=1), limit("program", most=5, hard=False))
    member = holder()
    old, late, month = use(member), use(member, at=NOW - timedelta(days=40)), NOW + timedelta(days=30)
    till.admit(old, late)
    assert service.forget(till.conn, now=NOW + service.KEPT) == 0
    assert till.admit(use(member, at=late.at), now=month)[0] is not None, "a late receipt still finds the day full"
    recent = use(holder(), at=late.at)
    assert till.admit(recent, now=month) == [None]
    after = NOW + timedelta(days=37)
    forgotten = 0
    while done := service.forget(till.conn, now=after, limit=1):
        forgotten += done
        assert uneven(till.conn) == []
    assert forgotten == 3
    kept = till.conn.execute("SELECT operation_id::text FROM limits_use ORDER BY recorded_at").fetchall()
    assert kept == [(late.operation_id,), (recent.operation_id,), (recent.operation_id,)], "the day's, of the program"
    till.free(old.operation_id, now=after)
    till.free(late.operation_id, now=after)
    assert till.used() == 2


def test_the_worker_forgets_in_steps(database: str) -> None:
    with db.transaction() as conn:
        till = Till(conn, make_shop(conn).program.id)
        till.hold(limit("member", most=1))
        till.admit(*(use(holder()) for _ in range(3)))
    later = NOW + timedelta(days=60)
    assert chores.forget_limits(now=later, stopping=lambda: True) == 0
    assert chores.forget_limits(now=later, stopping=lambda: False) == 3
