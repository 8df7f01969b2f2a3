"""Steps and returns of a receipt whose member was merged into another one since: its points are where they went."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import back, give, reason, rule, said, sale, sold, spending, step
from verno.corrections import service as corrections
from verno.corrections.types import By, ByKind, Merged, NewMerge, Unmerged
from verno.intake.returns.types import Original
from verno.intake.steps.types import Activate, Cancel, Capture
from verno.intake.types import MemberRef
from verno.ledger import queries as ledger
from verno.ledger import service as posting
from verno.ledger.types import Balance
from verno.members import service as members
from verno.members.types import Created, NewMember

DAY = timedelta(days=1)
KEY = By(ByKind.KEY, "01890a5d-ac96-7bbb-8bbb-000000000001")
SALE = "msk-1~~S-1"
WAITS = {"begins": "event", "event": "delivered"}
PENDING = {"begins": "days", "days": 14}
EARNED = 450


@dataclass
class Family:
    """The regular, and another member whom they turn out to be."""

    conn: psycopg.Connection
    counter: Counter
    anna: str
    boris: str

    def join(self, name: str) -> str:
        (made,) = members.upsert(self.conn, self.counter.program, [NewMember(external_id=name)], now=NOW)
        assert isinstance(made, Created), made
        return made.member_id

    def merge(self, holder: str | None = None, into: str | None = None, *, now: datetime = NOW) -> str:
        wanted = NewMerge(holder or self.anna, into or self.boris, KEY)
        (made,) = corrections.merge(self.conn, self.counter.program, [wanted], now=now)
        assert isinstance(made, Merged), made
        return made.id

    def undo(self, merge: str, now: datetime = NOW) -> None:
        done = corrections.undo(self.conn, self.counter.program, merge, KEY, now=now)
        assert isinstance(done, Unmerged), done

    def has(self, holder: str, now: datetime = NOW) -> tuple[int, int, int]:
        """Return what is available, pending and owed."""
        unit = self.counter.shop.unit.id
        found = ledger.balances(self.conn, [holder], now=now).get(holder, [])
        one = next((one for one in found if one.unit_id == unit), Balance(unit))
        return one.available, one.pending, one.debt


def family(conn: psycopg.Connection, **options: object) -> Family:
    counter = open_counter(conn, **options)
    made = Family(conn, counter, counter.member_id, "")
    made.boris = made.join("m-2")
    return made


@pytest.fixture(autouse=True)
def checked(honest: Iterator[None]) -> None:
    """After every test the checker finds the books in order."""


@pytest.fixture
def two(conn: psycopg.Connection) -> Family:
    return family(conn)


def waiting(two: Family, activation: object = WAITS) -> None:
    rule(two.conn, two.counter, "points.activation", activation)
    sold(two.conn, two.counter, sale("S-1"))


def paying(two: Family, points: int, *, of: int, ends: datetime | None = None, held: bool = False) -> None:
    """Let the regular pay with points of their only lot."""
    rule(two.conn, two.counter, "spend.value", 100)
    give(two.conn, two.counter, of, expires_at=ends)
    sold(two.conn, two.counter, sale("S-1", spend=spending(points), hold=held, hold_seconds=60 if held else None))


def test_activation_finds_the_points_where_they_went(two: Family) -> None:
    waiting(two)
    two.merge()
    body = said(step(two.conn, two.counter, SALE, Activate("delivered", NOW + DAY), NOW + DAY))
    assert body["points"] == [{"unit": "points", "activated": EARNED}]
    assert two.has(two.boris, NOW + DAY) == (EARNED, 0, 0)


def test_activation_after_two_merges(two: Family) -> None:
    waiting(two)
    clara = two.join("m-3")
    two.merge()
    two.merge(two.boris, clara)
    step(two.conn, two.counter, SALE, Activate("delivered", NOW + DAY), NOW + DAY)
    assert two.has(clara, NOW + DAY) == (EARNED, 0, 0)


def test_a_return_takes_pending_points_where_they_went(two: Family) -> None:
    waiting(two)
    two.merge()
    back(two.conn, two.counter, "R-1")
    assert two.has(two.boris) == (0, 0, 0)


def test_a_merge_and_its_undoing_make_no_points(two: Family) -> None:
    waiting(two, PENDING)
    merge = two.merge()
    back(two.conn, two.counter, "R-1")
    two.undo(merge)
    later = NOW + 30 * DAY
    assert (two.has(two.anna, later), two.has(two.boris, later)) == ((0, 0, 0), (0, 0, 0))


def test_undone_after_half_a_return_the_rest_is_taken_at_home(two: Family) -> None:
    rule(two.conn, two.counter, "points.activation", PENDING)
    sold(two.conn, two.counter, sale("S-1", 30000, 15000))
    merge = two.merge()
    back(two.conn, two.counter, "R-1", (1, "2"))
    assert two.has(two.boris) == (0, 150, 0)
    two.undo(merge)
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 150, 0), (0, 0, 0))
    back(two.conn, two.counter, "R-2")
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize("merged_on", [0, 15])
def test_expired_points_cost_nothing_after_a_merge(conn: psycopg.Connection, merged_on: int) -> None:
    two = family(conn, life_days=10)
    sold(conn, two.counter, sale("S-1"))
    two.merge(now=NOW + merged_on * DAY)
    back(conn, two.counter, "R-1", now=NOW + 20 * DAY)
    assert two.has(two.boris, NOW + 20 * DAY) == (0, 0, 0)


def test_what_is_put_back_keeps_its_end(two: Family) -> None:
    paying(two, 100, of=160, ends=NOW + 40 * DAY)
    two.merge()
    back(two.conn, two.counter, "R-1")
    assert two.has(two.boris, NOW + 39 * DAY) == (160, 0, 0)
    assert two.has(two.boris, NOW + 40 * DAY) == (0, 0, 0)


def test_what_is_put_back_for_a_lot_that_is_over_lives_for_the_grace(two: Family) -> None:
    paying(two, 100, of=100, ends=NOW + 2 * DAY)
    two.merge()
    back(two.conn, two.counter, "R-1", now=NOW + 10 * DAY)
    assert two.has(two.boris, NOW + 24 * DAY)[0] == 100
    assert two.has(two.boris, NOW + 26 * DAY)[0] == 0


def test_what_was_put_back_in_parts_across_an_undoing_is_what_was_spent(two: Family) -> None:
    rule(two.conn, two.counter, "spend.value", 100)
    give(two.conn, two.counter, 90)
    sold(two.conn, two.counter, sale("S-1", 30000, 15000, spend=spending(90)))
    earned = two.has(two.anna)[0]
    merge = two.merge()
    back(two.conn, two.counter, "R-1", (1, "2"))
    two.undo(merge)
    assert two.has(two.boris) == (0, 0, 0)
    back(two.conn, two.counter, "R-2")
    assert earned > 0
    assert two.has(two.anna) == (90, 0, 0)


def test_a_late_capture_spends_what_the_survivor_has(two: Family) -> None:
    rule(two.conn, two.counter, "hold.late_capture", "rehold")
    paying(two, 100, of=100, held=True)
    posting.settle_due(two.conn, two.counter.program.id, now=NOW + DAY)
    two.merge(now=NOW + DAY)
    assert said(step(two.conn, two.counter, SALE, Capture(), NOW + DAY))["status"] == "settled"
    spent = two.has(two.boris, NOW + DAY)
    back(two.conn, two.counter, "R-1", now=NOW + DAY)
    assert two.has(two.boris, NOW + 100 * DAY) == (100, 0, 0)
    assert spent[0] < 100 + EARNED


def test_a_late_capture_is_refused_where_the_program_says_so(two: Family) -> None:
    paying(two, 100, of=100, held=True)
    two.merge(now=NOW + DAY)
    assert reason(step(two.conn, two.counter, SALE, Capture(), NOW + DAY)) == "hold-expired"
    assert said(step(two.conn, two.counter, SALE, Cancel(), NOW + DAY))["status"] == "cancelled"


# Returns and undoings, in either order


def done_in(two: Family, order: str, merge: str, now: datetime) -> None:
    """Undo the merge (u), return a half (h) or all that is left (r) of the sale, in this order."""
    for number, what in enumerate(order):
        if what == "u":
            two.undo(merge, now)
        else:
            back(two.conn, two.counter, f"R-{number}", *(((1, "1"),) if what == "h" else ()), now=now)


def captured_by_the_survivor(two: Family) -> str:
    """Let a hold of Anna's lapse, and be captured when she is Boris: 50 of his points and 50 of hers pay."""
    rule(two.conn, two.counter, "hold.late_capture", "rehold")
    paying(two, 100, of=100, ends=NOW + 40 * DAY, held=True)
    give(two.conn, replace(two.counter, member_id=two.boris), 50, expires_at=NOW + 20 * DAY)
    merge = two.merge(now=NOW + DAY)
    step(two.conn, two.counter, SALE, Capture(), NOW + DAY)
    return merge


@pytest.mark.parametrize("order", ["ru", "ur", "hru", "hur", "uhr"])
def test_what_a_capture_spent_while_merged_comes_back_to_whom_it_belongs(two: Family, order: str) -> None:
    merge = captured_by_the_survivor(two)
    done_in(two, order, merge, NOW + DAY)
    assert (two.has(two.anna, NOW + 19 * DAY), two.has(two.boris, NOW + 19 * DAY)) == ((100, 0, 0), (50, 0, 0))
    assert (two.has(two.anna, NOW + 39 * DAY), two.has(two.boris, NOW + 20 * DAY)) == ((100, 0, 0), (0, 0, 0))
    assert two.has(two.anna, NOW + 40 * DAY) == (0, 0, 0)


@pytest.mark.parametrize("order", ["ru", "ur", "hru", "hur", "uhr"])
def test_what_the_survivor_spent_of_the_others_points_comes_back_to_the_other(two: Family, order: str) -> None:
    rule(two.conn, two.counter, "spend.value", 100)
    give(two.conn, two.counter, 60, expires_at=NOW + 30 * DAY)
    give(two.conn, replace(two.counter, member_id=two.boris), 60, expires_at=NOW + 40 * DAY)
    merge = two.merge()
    sold(two.conn, two.counter, sale("S-1", member=MemberRef(external_id="m-2"), spend=spending(100)))
    done_in(two, order, merge, NOW)
    assert (two.has(two.anna, NOW + 29 * DAY), two.has(two.boris, NOW + 39 * DAY)) == ((60, 0, 0), (60, 0, 0))
    assert two.has(two.anna, NOW + 30 * DAY) == (0, 0, 0)


@pytest.mark.parametrize("order", ["ru", "ur", "hru", "hur", "uhr"])
@pytest.mark.parametrize("of", [100, 160])
def test_what_was_put_back_for_purchases_from_before_goes_home(two: Family, order: str, of: int) -> None:
    """All that paid, or a part: in the first case the merge itself had moved nothing but what the sale had earned."""
    paying(two, 100, of=of, ends=NOW + 40 * DAY)
    merge = two.merge()
    done_in(two, order, merge, NOW)
    assert (two.has(two.anna, NOW + 39 * DAY), two.has(two.boris, NOW)) == ((of, 0, 0), (0, 0, 0))
    assert two.has(two.anna, NOW + 40 * DAY) == (0, 0, 0)


@pytest.mark.parametrize("spent", [0, 30])
def test_what_was_put_back_goes_home_as_far_as_it_is_there(two: Family, spent: int) -> None:
    paying(two, 100, of=100, ends=NOW + 2 * DAY)
    merge, now = two.merge(), NOW + 10 * DAY
    back(two.conn, two.counter, "R-1", now=now)
    if spent:
        wanted = sale("S-2", member=MemberRef(external_id="m-2"), spend=spending(spent), at=now)
        sold(two.conn, two.counter, wanted, now)
    two.undo(merge, now)
    assert two.has(two.anna, now) == (100 - spent, 0, 0)
    assert two.has(two.anna, NOW + 26 * DAY) == (0, 0, 0), "it lives for the grace, and no longer"
    if spent:
        original = Original(place="msk-1", number="S-2")
        back(two.conn, two.counter, "R-2", original=original, now=now)
        assert (two.has(two.anna, now), two.has(two.boris, now)) == ((100, 0, 0), (0, 0, 0))


def test_what_was_put_back_goes_home_through_two_merges(two: Family) -> None:
    paying(two, 100, of=100, ends=NOW + 40 * DAY)
    clara = two.join("m-3")
    first, second = two.merge(), two.merge(two.boris, clara)
    back(two.conn, two.counter, "R-1", (1, "1"))
    two.undo(second)
    assert two.has(clara) == (0, 0, 0)
    half = two.has(two.boris)
    assert half > (0, 0, 0)
    two.undo(first)
    assert (two.has(two.anna), two.has(two.boris)) == (half, (0, 0, 0))
    back(two.conn, two.counter, "R-2")
    assert two.has(two.anna, NOW + 39 * DAY) == (100, 0, 0)


def test_what_a_capture_earned_while_merged_goes_home_and_is_activated_there(two: Family) -> None:
    rule(two.conn, two.counter, "points.activation", WAITS)
    merge = captured_by_the_survivor(two)
    _, earned, _ = two.has(two.boris, NOW + DAY)
    two.undo(merge, NOW + DAY)
    assert (two.has(two.anna, NOW + DAY)[1], two.has(two.boris, NOW + DAY)) == (earned, (0, 0, 0))
    step(two.conn, two.counter, SALE, Activate("delivered", NOW + DAY), NOW + DAY)
    assert two.has(two.anna, NOW + DAY) == (50 + earned, 0, 0)
    sold(two.conn, two.counter, sale("S-2", spend=spending(40 + earned), at=NOW + DAY), NOW + DAY)
    back(two.conn, two.counter, "R-2", original=Original(place="msk-1", number="S-2"), now=NOW + DAY)
    assert (two.has(two.anna, NOW + DAY), two.has(two.boris, NOW + DAY)) == ((50 + earned, 0, 0), (0, 0, 0))


def test_what_was_put_back_for_the_survivors_own_purchases_stays(two: Family) -> None:
    boris = replace(two.counter, member_id=two.boris)
    rule(two.conn, two.counter, "spend.value", 100)
    give(two.conn, boris, 70, expires_at=NOW + 2 * DAY)
    sold(two.conn, two.counter, sale("S-1", member=MemberRef(external_id="m-2"), spend=spending(70)))
    give(two.conn, two.counter, 5)
    merge, now = two.merge(), NOW + 10 * DAY
    back(two.conn, two.counter, "R-1", now=now)
    two.undo(merge, now)
    assert (two.has(two.anna, now), two.has(two.boris, now)) == ((5, 0, 0), (70, 0, 0))


@pytest.mark.parametrize("order", ["ru", "ur", "hru", "hur", "uhr"])
def test_what_a_capture_earned_and_the_survivor_spent_comes_back_to_whom_it_was_earned_for(
    two: Family, order: str
) -> None:
    """A hold of Anna's is captured when she is Boris, who pays with what it earned."""
    rule(two.conn, two.counter, "spend.value", 100)
    sold(two.conn, two.counter, sale("S-0", hold=True))
    give(two.conn, replace(two.counter, member_id=two.boris), 20, expires_at=NOW + 20 * DAY)
    merge = two.merge()
    step(two.conn, two.counter, "msk-1~~S-0", Capture())
    sold(two.conn, two.counter, sale("S-1", member=MemberRef(external_id="m-2"), spend=spending(120)))
    done_in(two, order, merge, NOW)
    assert (two.has(two.anna), two.has(two.boris)) == ((EARNED, 0, 0), (20, 0, 0))


def test_what_a_capture_earned_and_the_survivor_spent_is_spent(two: Family) -> None:
    """Its sale comes back after the undoing: Anna owes what Boris has spent, until his purchase comes back."""
    rule(two.conn, two.counter, "spend.value", 100)
    sold(two.conn, two.counter, sale("S-0", hold=True))
    merge = two.merge()
    step(two.conn, two.counter, "msk-1~~S-0", Capture())
    sold(two.conn, two.counter, sale("S-1", 10_000, member=MemberRef(external_id="m-2"), spend=spending(100)))
    two.undo(merge)
    assert (two.has(two.anna), two.has(two.boris)) == ((EARNED - 100, 0, 0), (0, 0, 0))
    back(two.conn, two.counter, "R-0", original=Original(place="msk-1", number="S-0"))
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 0, 100), (0, 0, 0))
    back(two.conn, two.counter, "R-1")
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 0, 0), (0, 0, 0))
