"""Returns: whatever comes back, in whatever order, the points are those of what was kept."""

import random
from datetime import timedelta
from typing import cast

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import (
    ALL,
    back,
    books,
    give,
    have,
    points,
    reason,
    returned,
    returns,
    rule,
    said,
    sale,
    settle,
    sold,
    spending,
    step,
)
from verno.intake import context
from verno.intake.returns import applying, parking
from verno.intake.returns.case import read
from verno.intake.returns.types import Original, Return
from verno.intake.steps.types import Cancel, Capture, Claim
from verno.intake.types import Line, LineQuantity, MemberRef, Parked, Refused, Replayed, Settled
from verno.kit.errors import TryAgain
from verno.ledger.types import Balance
from verno.verify import service as verify

pytestmark = pytest.mark.usefixtures("honest")

DAY = timedelta(days=1)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 1.00, and a regular who has 1000 of them."""
    return open_shop(conn)


def open_shop(conn: psycopg.Connection) -> Counter:
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 100)
    give(conn, counter, 1000)
    return counter


def all_the_same(conn: psycopg.Connection, counter: Counter) -> None:
    """The regular has what they began with, and the books are in order."""
    assert have(conn, counter) == Balance(counter.shop.unit.id, 1000)
    in_order(conn)


def in_order(conn: psycopg.Connection) -> None:
    found = verify.run(conn)
    assert found.ok, found.problems


def test_a_void_takes_all_back(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = sold(conn, counter, sale("S-1", 30000, 15000, spend=spending(100)))["id"]
    outcome = back(conn, counter, "R-1")
    assert isinstance(outcome, Settled)
    body = said(outcome)
    assert body == {
        "id": outcome.receipt_id,
        "number": "R-1",
        "status": "settled",
        "original": {"place": "msk-1", "series": "", "number": "S-1", "id": id_},
        "member": {"id": counter.member_id},
        "points": [{"unit": "points", "taken_back": 350, "put_back": 100}],
        "balance": [{"unit": "points", "available": 1000, "pending": 0, "held": 0}],
        "refund": 35000,
        "lines": [
            {"line": 1, "quantity": "2", "refund": 23333},
            {"line": 2, "quantity": "2", "refund": 11667},
        ],
    }
    all_the_same(conn, counter)


def test_a_part_is_judged_by_what_is_kept(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 199, 199))
    # 3.98 earned 3; what is kept, 2.98, earns 2: never in proportion, always by the rule
    outcome = back(conn, counter, "R-1", (1, "1"))
    assert points(outcome) == (1, 0)
    assert said(outcome)["refund"] == 99
    assert points(back(conn, counter, "R-2", (1, "1"))) == (1, 0)
    assert points(back(conn, counter, "R-3")) == (1, 0)
    all_the_same(conn, counter)


def test_a_return_names_its_sale_by_id_as_well(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = str(sold(conn, counter, sale("S-1"))["id"])
    outcome = returns(conn, counter, Return("R-1", "msk-1", NOW, Original(id=id_)))[0]
    assert points(outcome) == (450, 0)


def test_points_go_back_into_their_own_lots(conn: psycopg.Connection, counter: Counter) -> None:
    end = NOW + 20 * DAY
    give(conn, counter, 50, expires_at=end)
    sold(conn, counter, sale("S-1", 10000, spend=spending(100)))
    assert points(back(conn, counter, "R-1")) == (0, 100)
    assert have(conn, counter).available == 1050
    assert have(conn, counter, end).available == 1000


def test_points_whose_end_has_passed_get_fourteen_days(conn: psycopg.Connection, counter: Counter) -> None:
    end = NOW + 20 * DAY
    give(conn, counter, 50, expires_at=end)
    sold(conn, counter, sale("S-1", 10000, spend=spending(100)))
    late = NOW + 30 * DAY
    assert points(back(conn, counter, "R-1", now=late, at=late)) == (0, 100)
    assert have(conn, counter, late).available == 1050
    # through the end of the fourteenth day in Moscow
    assert have(conn, counter, late + 14 * DAY + timedelta(hours=8)).available == 1050
    assert have(conn, counter, late + 14 * DAY + timedelta(hours=9)).available == 1000
    in_order(conn)


def test_what_was_spent_meanwhile_is_owed_and_repaid_first(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 45000))
    sold(conn, counter, sale("S-2", 145000, spend=ALL))
    body = said(back(conn, counter, "R-1"))
    assert body["balance"] == [{"unit": "points", "available": 0, "pending": 0, "held": 0, "debt": 450}]
    assert sold(conn, counter, sale("S-3", 50000))["balance"] == [
        {"unit": "points", "available": 50, "pending": 0, "held": 0}
    ]
    in_order(conn)


def test_or_written_off_where_the_owner_says_so(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.take_back", "write_off")
    sold(conn, counter, sale("S-1", 45000))
    sold(conn, counter, sale("S-2", 145000, spend=ALL))
    assert points(back(conn, counter, "R-1")) == (450, 0)
    assert have(conn, counter) == Balance(counter.shop.unit.id, 0)
    in_order(conn)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([(1, "2.001")], "over-return"),
        ([(3, "1")], "invalid"),
        ([(1, "1"), (1, "1")], "invalid"),
        ([(1, "0")], "invalid"),
    ],
)
def test_what_cannot_come_back(
    conn: psycopg.Connection, counter: Counter, lines: list[tuple[int, str]], why: str
) -> None:
    sold(conn, counter, sale("S-1", 30000, 15000))
    before = books(conn)
    assert reason(back(conn, counter, "R-1", *lines)) == why
    assert books(conn) == before


def test_nothing_comes_back_twice(conn: psycopg.Connection, counter: Counter) -> None:
    """A known way to mint points: the same goods returned again, under another number."""
    sold(conn, counter, sale("S-1", 30000, 15000, spend=spending(100)))
    assert isinstance(back(conn, counter, "R-1", (1, "2")), Settled)
    before = have(conn, counter)
    assert reason(back(conn, counter, "R-2", (1, "0.001"))) == "over-return"
    assert isinstance(back(conn, counter, "R-3"), Settled)
    assert reason(back(conn, counter, "R-4")) == "over-return"
    assert have(conn, counter) != before
    all_the_same(conn, counter)


def test_the_same_return_again_is_answered_byte_for_byte(conn: psycopg.Connection, counter: Counter) -> None:
    """Offline retry: a queue that replays after days changes nothing."""
    sold(conn, counter, sale("S-1", 30000, 15000))
    first = back(conn, counter, "R-1", (1, "1"))
    assert isinstance(first, Settled)
    again = back(conn, counter, "R-1", (1, "1"), now=NOW + 400 * DAY)
    assert again == Replayed(first.receipt_id, first.answer)
    assert reason(back(conn, counter, "R-1", (1, "2"))) == "idempotency-mismatch"
    twins = returns(conn, counter, returned("R-2", (2, "1")), returned("R-2", (2, "1")), returned("R-2", (2, "2")))
    assert [type(one) for one in twins] == [Settled, Replayed, Refused]


def test_returns_and_receipts_share_their_numbers(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1"))
    assert reason(back(conn, counter, "S-1")) == "idempotency-mismatch"
    assert isinstance(back(conn, counter, "R-1"), Settled)
    assert reason(settle(conn, counter, sale("R-1"))[0]) == "idempotency-mismatch"
    assert reason(back(conn, counter, "R-2", original=Original(place="msk-1", number="R-1"))) == "not-a-sale"
    assert reason(back(conn, counter, "R-2", original=Original(place="msk-1", number="R-2"))) == "not-a-sale"
    assert reason(back(conn, counter, "R-2", original=Original(id=counter.member_id))) == "not-found"
    assert reason(back(conn, counter, "R-2", original=Original(place="spb-9", number="1"))) == "unknown-place"
    assert reason(back(conn, counter, "R-2", place="spb-9")) == "unknown-place"


def test_a_gift_of_no_quantity_comes_back_whole(conn: psycopg.Connection, counter: Counter) -> None:
    lines = [Line("bag", "0", 500), Line("tea", "1", 1000)]
    sold(conn, counter, sale("S-1", lines=lines))
    assert points(back(conn, counter, "R-1", (1, "0"))) == (5, 0)
    assert reason(back(conn, counter, "R-2", (1, "0"))) == "over-return"
    assert points(back(conn, counter, "R-3")) == (10, 0)
    all_the_same(conn, counter)


# ---- holds


def test_what_is_held_or_was_cancelled_cannot_come_back(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = str(sold(conn, counter, sale("S-1", hold=True, spend=spending(10)))["id"])
    assert reason(back(conn, counter, "R-1")) == "not-settled"
    step(conn, counter, id_, Cancel())
    assert reason(back(conn, counter, "R-1")) == "not-settled"
    all_the_same(conn, counter)


def test_of_a_sale_captured_in_part_only_that_part_comes_back(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = str(sold(conn, counter, sale("S-1", 30000, 15000, hold=True, spend=spending(100)))["id"])
    captured = said(step(conn, counter, id_, Capture(lines=[LineQuantity(1, "1"), LineQuantity(2, "2")])))
    assert captured["points"] == [{"unit": "points", "earned": 233, "spent": 67}]
    assert reason(back(conn, counter, "R-1", (1, "2"))) == "over-return"
    first, rest = back(conn, counter, "R-2", (1, "1")), back(conn, counter, "R-3")
    assert (points(first)[0] + points(rest)[0], points(first)[1] + points(rest)[1]) == (233, 67)
    all_the_same(conn, counter)


# ---- known ways to mint points


def test_buy_return_keep(conn: psycopg.Connection, counter: Counter) -> None:
    """Earn by a purchase, spend what it earned, return it: nothing is left over, the rest is owed."""
    sold(conn, counter, sale("S-1", 100000))
    sold(conn, counter, sale("S-2", 200000, spend=spending(2000)))
    assert points(back(conn, counter, "R-1")) == (1000, 0)
    assert have(conn, counter) == Balance(counter.shop.unit.id, 0, 0, 0, 1000)
    assert points(back(conn, counter, "R-2", original=Original(place="msk-1", number="S-2"))) == (0, 2000)
    all_the_same(conn, counter)


def test_what_points_paid_never_earned(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale("S-1", 45000, spend=spending(450)))
    assert body["points"] == [{"unit": "points", "earned": 0, "spent": 450}]
    assert points(back(conn, counter, "R-1")) == (0, 450)
    all_the_same(conn, counter)


def test_the_refund_of_what_points_paid_is_points(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 20000, 20000, spend=spending(100)))
    body = said(back(conn, counter, "R-1", (1, "2")))
    assert body["refund"] == 15000
    assert body["points"] == [{"unit": "points", "taken_back": 150, "put_back": 50}]


def test_a_changed_receipt_changes_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 45000))
    before = books(conn)
    assert reason(settle(conn, counter, sale("S-1", 90000))[0]) == "idempotency-mismatch"
    assert books(conn) == before


def test_an_offline_retry_counts_once(conn: psycopg.Connection, counter: Counter) -> None:
    first = settle(conn, counter, sale("S-1", spend=spending(10)))[0]
    assert isinstance(first, Settled)
    for days in (0, 3, 400):
        again = settle(conn, counter, sale("S-1", spend=spending(10)), now=NOW + days * DAY)[0]
        assert again == Replayed(first.receipt_id, first.answer)
    assert have(conn, counter).available == 1000 - 10 + 440


# ---- before the sale


def test_a_return_before_its_sale_waits_for_it(conn: psycopg.Connection, counter: Counter) -> None:
    first = back(conn, counter, "R-1", (1, "1"))
    assert isinstance(first, Parked)
    body = msgspec.json.decode(first.answer)
    assert body == {
        "id": first.receipt_id,
        "number": "R-1",
        "status": "parked",
        "original": {"place": "msk-1", "series": "", "number": "S-1"},
    }
    assert back(conn, counter, "R-1", (1, "1")) == Parked(first.receipt_id, first.answer, again=True)
    assert reason(back(conn, counter, "R-1")) == "idempotency-mismatch"
    assert reason(settle(conn, counter, sale("R-1"))[0]) == "idempotency-mismatch"
    sold(conn, counter, sale("S-1", 30000, 15000))
    again = back(conn, counter, "R-1", (1, "1"))
    assert isinstance(again, Replayed)
    assert again.receipt_id == first.receipt_id
    assert points(again) == (150, 0)
    assert have(conn, counter).available == 1300
    assert back(conn, counter, "R-1", (1, "1"), now=NOW + 400 * DAY) == again
    in_order(conn)


def test_several_returns_before_their_sale_are_taken_in_order(conn: psycopg.Connection, counter: Counter) -> None:
    parts: list[list[tuple[int, str]]] = [[(1, "1")], [(1, "2")], [(1, "1"), (2, "2")], []]
    for i, lines in enumerate(parts, 1):
        moment = NOW + timedelta(milliseconds=i)
        assert isinstance(back(conn, counter, f"R-{i}", *lines, now=moment), Parked)
    sold(conn, counter, sale("S-1", 30000, 15000, spend=spending(100)))
    assert isinstance(back(conn, counter, "R-1", (1, "1")), Replayed)
    assert reason(back(conn, counter, "R-2", (1, "2"))) == "over-return"
    assert isinstance(back(conn, counter, "R-3", (1, "1"), (2, "2")), Replayed)
    assert reason(back(conn, counter, "R-4")) == "over-return"
    all_the_same(conn, counter)


def test_a_return_waits_until_its_sale_is_captured(conn: psycopg.Connection, counter: Counter) -> None:
    assert isinstance(back(conn, counter, "R-1"), Parked)
    id_ = str(sold(conn, counter, sale("S-1", hold=True, spend=spending(10)))["id"])
    assert isinstance(back(conn, counter, "R-1"), Parked)
    step(conn, counter, id_, Capture())
    assert isinstance(back(conn, counter, "R-1"), Replayed)
    all_the_same(conn, counter)


def test_a_return_of_what_is_cancelled_is_refused_in_the_end(conn: psycopg.Connection, counter: Counter) -> None:
    assert isinstance(back(conn, counter, "R-1"), Parked)
    id_ = str(sold(conn, counter, sale("S-1", hold=True))["id"])
    step(conn, counter, id_, Cancel())
    assert reason(back(conn, counter, "R-1")) == "not-settled"
    in_order(conn)


def test_the_sweep_brings_together_what_missed_each_other(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30000, 15000))
    hidden = conn.execute("SELECT number FROM intake_receipt_claim").fetchall()
    assert hidden == [("S-1",)]
    # The return read before the sale's commit: it saw no claim.
    from verno.intake.returns import case as cases
    from verno.intake.returns import parking

    about = context.of(conn, counter.program.id)
    one = cases.read(about, 0, returned("R-1", (1, "1")), NOW)
    assert isinstance(one, cases.Case)
    one.id = counter.program.id[:-1] + "f"
    taken = parking._taken
    try:
        parking._taken = lambda *_: set()
        ((_, parked),) = parking.park(conn, about, [one], now=NOW)
    finally:
        parking._taken = taken
    assert isinstance(parked, Parked)
    assert applying.sweep(conn, about, now=NOW) == 1
    assert applying.sweep(conn, about, now=NOW) == 0
    assert points(back(conn, counter, "R-1", (1, "1"))) == (150, 0)
    in_order(conn)


# ---- receipts of nobody


def test_what_came_back_before_a_claim_earns_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30000, 15000, member=None))
    body = said(back(conn, counter, "R-1", (1, "2")))
    assert (body["member"], body["points"], body["balance"], body["refund"]) == (None, [], [], 30000)
    claimed = said(step(conn, counter, "msk-1~~S-1", Claim(MemberRef(external_id="m-1"))))
    assert claimed["points"] == [{"unit": "points", "earned": 150, "spent": 0}]
    assert reason(back(conn, counter, "R-2", (1, "2"))) == "over-return"
    assert points(back(conn, counter, "R-3", (2, "1"))) == (75, 0)
    assert points(back(conn, counter, "R-4")) == (75, 0)
    all_the_same(conn, counter)


def test_a_cap_on_the_balance_is_taken_back_as_it_was_given(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.max_balance", 1100)
    assert sold(conn, counter, sale("S-1", 30000, 15000))["points"] == [{"unit": "points", "earned": 100, "spent": 0}]
    assert points(back(conn, counter, "R-1", (1, "2"))) == (0, 0)  # what is kept would have earned 150
    assert points(back(conn, counter, "R-2")) == (100, 0)
    all_the_same(conn, counter)


# ---- properties


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[int], list[str], int, list[list[tuple[int, str]]]]:
    """(prices, quantities, points that pay, the lines of each return)."""
    prices = draw(st.lists(st.integers(0, 20000), min_size=1, max_size=4))
    quantities = draw(st.lists(st.integers(1, 5), min_size=len(prices), max_size=len(prices)))
    spent = draw(st.integers(0, min(sum(prices) // 100, 300)))
    pieces = [(line, 1) for line, quantity in enumerate(quantities, 1) for _ in range(quantity)]
    kept = draw(st.integers(0, len(pieces)))
    order = draw(st.permutations(pieces))[: len(pieces) - kept]
    parts: list[list[tuple[int, str]]] = []
    while order:
        size = draw(st.integers(1, len(order)))
        some: dict[int, int] = {}
        for line, _ in order[:size]:
            some[line] = some.get(line, 0) + 1
        parts.append([(line, str(quantity)) for line, quantity in some.items()])
        order = order[size:]
    return prices, [str(quantity) for quantity in quantities], spent, parts


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=splits(), held=st.booleans())
def test_any_split_of_a_return_gives_the_wholes_result(
    conn: psycopg.Connection, case: tuple[list[int], list[str], int, list[list[tuple[int, str]]]], *, held: bool
) -> None:
    prices, quantities, spent, parts = case
    whole: dict[int, int] = {}
    for part in parts:
        for line, quantity in part:
            whole[line] = whole.get(line, 0) + int(quantity)
    lines = [Line(f"sku-{i}", *rest) for i, rest in enumerate(zip(quantities, prices, strict=True))]
    results = []
    for way in (parts, [[(line, str(quantity)) for line, quantity in whole.items()]] if whole else []):
        with conn.transaction(force_rollback=True):
            counter = open_shop(conn)
            id_ = str(sold(conn, counter, sale("S-1", lines=lines, spend=spending(spent), hold=held))["id"])
            if held:
                step(conn, counter, id_, Capture())
            outcomes = [back(conn, counter, f"R-{i}", *part) for i, part in enumerate(way)]
            taken, put = (sum(points(one)[i] for one in outcomes) for i in (0, 1))
            refund = sum(cast("int", said(one)["refund"]) for one in outcomes)
            results.append((taken, put, refund, msgspec.structs.replace(have(conn, counter), unit_id="")))
            if (
                results[-1] == results[0]
                and len(whole) == len(lines)
                and whole == {line: int(quantity) for line, quantity in enumerate(quantities, 1)}
            ):
                assert have(conn, counter).available == 1000
    assert results[0] == results[1]


def test_a_messy_feed_converges(conn: psycopg.Connection) -> None:
    """Sales, returns, voids and corrections, shuffled and doubled, give one result (P9, in short)."""
    feed: list[object] = []
    dice = random.Random(9)
    for n in range(25):
        feed.append(sale(f"S-{n}", *(dice.randrange(5000) for _ in range(3))))
        if n % 2:
            named = Original(place="msk-1", number=f"S-{n}")
            feed.extend(returned(f"R-{n}-{line}", (line, "1"), original=named) for line in (1, 2))
        if n % 5 == 0:
            named = Original(place="msk-1", number=f"S-{n}")
            feed.append(returned(f"V-{n}", original=named))
            feed.append(sale(f"C-{n}", dice.randrange(5000)))
    results = []
    for seed in range(6):
        shuffled = [*feed, *random.Random(seed).sample(feed, 20)]
        if seed:
            random.Random(seed).shuffle(shuffled)
        with conn.transaction(force_rollback=True):
            counter = open_shop(conn)
            for i in range(0, len(shuffled), 7):
                some = shuffled[i : i + 7]
                for receipt in some:
                    if isinstance(receipt, Return):
                        returns(conn, counter, receipt)
                    else:
                        settle(conn, counter, receipt)  # type: ignore[arg-type]
            assert conn.execute("SELECT count(*) FROM intake_parked").fetchone() == (0,)
            lots = conn.execute("SELECT amount, remaining FROM ledger_lot ORDER BY amount, remaining").fetchall()
            results.append((msgspec.structs.replace(have(conn, counter), unit_id=""), lots))
            in_order(conn)
    assert all(result == results[0] for result in results)


def test_a_sale_that_comes_between_two_looks_is_waited_for(conn: psycopg.Connection, counter: Counter) -> None:
    """The sale was not there when the return looked for it, and is there when it would be parked: no refusal."""
    sold(conn, counter, sale("S-1"))
    about = context.of(conn, counter.program.id)
    case = read(about, 0, returned("R-1"), NOW)
    assert not isinstance(case, Refused)
    before = books(conn)
    with pytest.raises(TryAgain):
        parking.park(conn, about, [case], now=NOW)
    assert books(conn) == before
    other = read(about, 0, returned("R-1", original=Original(place="msk-1", number="R-0")), NOW)
    assert not isinstance(other, Refused)
    assert isinstance(back(conn, counter, "R-0", (1, "1")), Settled)
    ((_, outcome),) = parking.park(conn, about, [other], now=NOW)
    assert reason(outcome) == "not-a-sale"
