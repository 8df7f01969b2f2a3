"""What a return wrote off comes out of what another one puts back, at the till and after merges."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_merged import Family
from tests.intake.tillwork import back, give, have, returned, returns, rule, said, sale, sold, spending, step
from verno.corrections import service as corrections
from verno.intake import context
from verno.intake.reading import explaining
from verno.intake.returns.types import Original, Return
from verno.intake.steps.types import Capture
from verno.intake.types import MemberRef, Parked
from verno.kit import db
from verno.ledger import loading
from verno.ledger.types import Operation, PutBack

pytestmark = pytest.mark.usefixtures("honest")

DAY = timedelta(days=1)
T = Original(place="msk-1", number="T-1")


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop that writes off, and a regular who has earned 450 by S-1 and spent them on T-1."""
    counter = open_shop(conn)
    buy(conn, counter)
    return counter


def open_shop(conn: psycopg.Connection, **options: object) -> Counter:
    counter = open_counter(conn, **options)
    rule(conn, counter, "spend.value", 100)
    rule(conn, counter, "points.take_back", "write_off")
    return counter


def buy(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30000, 15000))
    sold(conn, counter, sale("T-1", 30000, 15000, spend=spending(450)))


def figures(outcome: object) -> tuple[int, int, int, int]:
    """Return what was taken back, put back and recovered, and what is available then."""
    body: dict[str, list[dict[str, int]]] = said(outcome)  # type: ignore[arg-type, assignment]
    (part,), (balance,) = body["points"], body["balance"]
    assert "recovered" not in part or part["recovered"] > 0
    return part["taken_back"], part["put_back"], part.get("recovered", 0), balance["available"]


@pytest.mark.parametrize("one_batch", [False, True])
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_any_order_nothing_is_kept(
    conn: psycopg.Connection, counter: Counter, order: tuple[int, ...], one_batch: bool
) -> None:
    parts = (
        returned("R-1", (1, "2")),
        returned("R-2", (2, "2")),
        returned("R-3", (1, "1"), (2, "1"), original=T),
        returned("R-4", (1, "1"), (2, "1"), original=T),
    )
    told: list[Return] = [parts[i] for i in order]
    batches = [told] if one_batch else [[one] for one in told]
    outcomes = [one for i, batch in enumerate(batches) for one in returns(conn, counter, *batch, now=NOW + i * DAY)]
    has = 0
    for taken, put, recovered, available in map(figures, outcomes):
        has = max(0, has - taken) + put - recovered
        # A batch takes the second return of a sale after the first ones of all.
        assert one_batch or available == has, "the answer's figures add up"
    assert have(conn, counter, NOW + 4 * DAY).available == 0


def test_the_event_tells_it_too(conn: psycopg.Connection, counter: Counter) -> None:
    back(conn, counter, "R-1")
    back(conn, counter, "R-2", original=T)
    rows = conn.execute(
        "SELECT body->'recovered' FROM kit_event WHERE type = 'return.settled.v1' ORDER BY xid, id"
    ).fetchall()
    assert rows == [({},), ({"points": 450},)]


def test_points_whose_end_has_passed_are_recovered_as_well(conn: psycopg.Connection) -> None:
    counter = open_shop(conn, life_days=10)
    buy(conn, counter)
    assert figures(back(conn, counter, "R-1", now=NOW + DAY)) == (450, 0, 0, 0)
    late = NOW + 20 * DAY
    assert figures(back(conn, counter, "R-2", original=T, now=late, at=late)) == (0, 450, 450, 0)


@pytest.mark.parametrize("first", ["write_off", "debt"])
def test_the_policy_may_change_in_between(conn: psycopg.Connection, counter: Counter, first: str) -> None:
    rule(conn, counter, "points.take_back", first)
    back(conn, counter, "R-1", (1, "2"))
    rule(conn, counter, "points.take_back", "debt" if first == "write_off" else "write_off")
    back(conn, counter, "R-2")
    assert figures(back(conn, counter, "R-3", original=T))[3] == 0
    assert have(conn, counter).debt == 0


def test_new_points_stay(conn: psycopg.Connection, counter: Counter) -> None:
    back(conn, counter, "R-1")
    sold(conn, counter, sale("U-1", 10000), now=NOW + DAY)
    assert figures(back(conn, counter, "R-2", original=T, now=NOW + DAY)) == (0, 450, 450, 100)


def test_what_was_spent_after_the_write_off_comes_back(conn: psycopg.Connection, counter: Counter) -> None:
    back(conn, counter, "R-1")
    sold(conn, counter, sale("U-1", 10000), now=NOW + DAY)
    sold(conn, counter, sale("V-1", 10000, spend=spending(100)), now=NOW + 2 * DAY)
    original = Original(place="msk-1", number="V-1")
    assert figures(back(conn, counter, "R-2", original=original, now=NOW + 3 * DAY)) == (0, 100, 0, 100)


def test_what_a_hold_keeps_is_owed(conn: psycopg.Connection) -> None:
    counter = open_shop(conn)
    sold(conn, counter, sale("S-1", 45000))
    sold(conn, counter, sale("T-1", 45000, spend=spending(450), hold=True))
    back(conn, counter, "R-1")
    assert (have(conn, counter).held, have(conn, counter).debt) == (450, 450)
    step(conn, counter, "msk-1~~T-1", Capture())
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 0, 0)
    assert have(conn, counter).debt == 0


def test_a_return_that_came_before_its_sale(conn: psycopg.Connection) -> None:
    counter = open_shop(conn)
    sold(conn, counter, sale("S-1", 45000))
    assert isinstance(back(conn, counter, "R-2", original=T), Parked)
    back(conn, counter, "R-1", now=NOW + DAY)
    give(conn, counter, 450)
    sold(conn, counter, sale("T-1", 45000, spend=spending(450)), now=NOW + 2 * DAY)
    assert have(conn, counter, NOW + 2 * DAY).available == 450, "paid with points that came after the write-off"


def test_every_transfer_of_it_explains_itself(conn: psycopg.Connection, counter: Counter) -> None:
    back(conn, counter, "R-1")
    back(conn, counter, "R-2", original=T)
    found = conn.execute("SELECT id::text, reverses_id::text FROM ledger_transfer WHERE kind = 'recover'").fetchone()
    assert found is not None
    about = context.of(conn, counter.program.id)
    told = explaining.transfer(conn, about, found[0], locale="en")
    assert told is not None
    assert (told.points, told.reverses, [part.points for part in told.ate]) == (-450, found[1], [450])
    assert told.why == "Kept back of return R-2 at msk-1 for points written off before"
    written_off = explaining.transfer(conn, about, found[1], locale="en")
    assert written_off is not None
    assert (written_off.kind, written_off.why) == ("write_off", "A debt was written off")


def test_what_went_with_an_erased_member_is_gone(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.take_back", "debt")
    back(conn, counter, "R-1")
    corrections.erase_points(conn, counter.program.id, [counter.member_id], now=NOW)
    assert have(conn, counter).debt == 0
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 0, 450)


# Members who turn out to be one


def family(conn: psycopg.Connection, counter: Counter) -> Family:
    made = Family(conn, counter, counter.member_id, "")
    made.boris = made.join("m-2")
    return made


def test_a_write_off_before_a_merge_counts_after_it(conn: psycopg.Connection, counter: Counter) -> None:
    two = family(conn, counter)
    back(conn, counter, "R-1")
    two.merge()
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 450, 0)


def test_a_write_off_after_a_merge_goes_home_with_its_undoing(conn: psycopg.Connection, counter: Counter) -> None:
    two = family(conn, counter)
    merge = two.merge()
    back(conn, counter, "R-1")
    two.undo(merge)
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 450, 0)
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 0, 0), (0, 0, 0))


def test_what_was_recovered_before_an_undoing_is_not_recovered_again(
    conn: psycopg.Connection, counter: Counter
) -> None:
    two = family(conn, counter)
    give(conn, counter, 100)
    sold(conn, counter, sale("V-1", 10000, spend=spending(100)))
    back(conn, counter, "R-1")
    merge = two.merge()
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 450, 0)
    two.undo(merge)
    original = Original(place="msk-1", number="V-1")
    assert figures(back(conn, counter, "R-3", original=original)) == (0, 100, 0, 100)


@pytest.mark.parametrize("order", list(permutations("ust")))
def test_what_the_survivor_spent_goes_home_and_makes_up_there(conn: psycopg.Connection, order: tuple[str, ...]) -> None:
    """Boris pays by T-1 with what Anna earned by S-1: whatever comes back or is undone first, nobody keeps anything."""
    counter = open_shop(conn)
    sold(conn, counter, sale("S-1", 45000))
    two = family(conn, counter)
    merge = two.merge()
    sold(conn, counter, sale("T-1", 45000, member=MemberRef(external_id="m-2"), spend=spending(450)))
    for what in order:
        if what == "u":
            two.undo(merge)
        else:
            back(conn, counter, f"R-{what}", original=Original(place="msk-1", number=f"{what.upper()}-1"))
    assert (two.has(two.anna), two.has(two.boris)) == ((0, 0, 0), (0, 0, 0))


def test_what_went_home_makes_up_and_the_answer_says_so(conn: psycopg.Connection) -> None:
    counter = open_shop(conn)
    sold(conn, counter, sale("S-1", 30000, 15000))
    two = family(conn, counter)
    boris = replace(counter, member_id=two.boris)
    give(conn, boris, 50)
    merge = two.merge()
    sold(conn, counter, sale("T-1", 50000, member=MemberRef(external_id="m-2"), spend=spending(500)))
    two.undo(merge)
    back(conn, counter, "R-1", (1, "1"))
    taken, put, recovered, has = figures(back(conn, counter, "R-2", original=T))
    assert (taken, put, recovered, has) == (0, 500, 150, 50), "the balance is that of whose sale it was"
    assert (two.has(two.anna), two.has(two.boris)) == ((300, 0, 0), (50, 0, 0))


def test_once_they_are_two_again_neither_makes_up_for_the_other(conn: psycopg.Connection, counter: Counter) -> None:
    """Both have earned, and spent all; Boris returns what had earned, Anna what she had paid for: she has it again."""
    two = family(conn, counter)
    of_boris = MemberRef(external_id="m-2")
    sold(conn, counter, sale("S-2", 45000, member=of_boris))
    sold(conn, counter, sale("T-2", 45000, member=of_boris, spend=spending(450)))
    two.undo(two.merge())
    back(conn, counter, "R-1", original=Original(place="msk-1", number="S-2"))
    assert figures(back(conn, counter, "R-2", original=T)) == (0, 450, 0, 450)
    assert figures(back(conn, counter, "R-3", original=Original(place="msk-1", number="T-2"))) == (0, 450, 450, 0)
    assert (two.has(two.anna), two.has(two.boris)) == ((450, 0, 0), (0, 0, 0))


def test_what_a_capture_earned_for_the_other_and_sent_home_is_let_go_there(conn: psycopg.Connection) -> None:
    """Though it was Boris's account that had it first: it is Anna's sale, and Anna's spending that makes up for it."""
    counter = open_shop(conn)
    rule(conn, counter, "hold.late_capture", "rehold")
    give(conn, counter, 100)
    sold(conn, counter, sale("S-1", 30000, 15000, spend=spending(100), hold=True, hold_seconds=60))
    two, now = family(conn, counter), NOW + DAY
    merge = two.merge(now=now)
    step(conn, counter, "msk-1~~S-1", Capture(), now)
    earned = two.has(two.boris, now)[0]
    two.undo(merge, now)
    assert (two.has(two.anna, now), two.has(two.boris, now)) == ((earned, 0, 0), (0, 0, 0))
    sold(conn, counter, sale("T-1", earned * 100, spend=spending(earned), at=now), now=now)
    assert figures(back(conn, counter, "R-1", now=now)) == (earned, 100, 100, 0)
    assert figures(back(conn, counter, "R-2", original=T, now=now)) == (0, earned, earned - 100, 100)
    assert (two.has(two.anna, now), two.has(two.boris, now)) == ((100, 0, 0), (0, 0, 0))


def test_the_merged_members_account_is_locked_with_the_survivors() -> None:
    """Or, around an undoing, both might recover one write-off."""
    entry = PutBack("survivor", "points", 1, NOW, "sale", NOW, NOW, ("merged",))
    want = loading.wanted([Operation("key", "id", "survivor", "00", (entry,))])
    assert set(want.accounts) == set(want.let_go) == {("survivor", "points"), ("merged", "points")}


def test_what_is_let_go_is_read_by_two_small_indexes(database: str) -> None:
    """And costs nothing where nothing is let go: whatever the planner believes of empty tables (docs/adr/0009)."""
    text = str(loading.SQL["let_go"]).replace("%(rows)s", "$1")
    with db.connect_for_batches() as conn:
        conn.execute(f"PREPARE let_go (json) AS {text}")
        found = "\n".join(row[0] for row in conn.execute("EXPLAIN (COSTS OFF) EXECUTE let_go ('[]')").fetchall())
    assert "ledger_transfer_let_go" in found, found
    assert "ledger_transfer_recovers" in found, found
    for unwanted in ("Seq Scan", "Hash Join", "Merge Join"):
        assert unwanted not in found, found
