"""What follows a receipt: a hold ends once, points begin with their event, receipts of nobody find their member."""

from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import (
    ALL,
    give,
    have,
    reason,
    rule,
    said,
    sale,
    settle,
    sold,
    spending,
    step,
    steps,
)
from verno.intake.steps.types import Activate, Cancel, Capture, Claim
from verno.intake.types import LineQuantity, MemberRef, Refused, Replayed, Settled
from verno.ledger.types import Balance
from verno.members import service as members
from verno.members.types import NewMember

pytestmark = pytest.mark.usefixtures("honest")

NAME = "msk-1~~S-1"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 1.00, and a regular who has 1000 of them."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 100)
    give(conn, counter, 1000)
    return counter


def hold(conn: psycopg.Connection, counter: Counter, points: int = 100, *amounts: int) -> str:
    """Hold a sale (of 450.00 unless told) for ten minutes; returns its id."""
    return str(sold(conn, counter, sale("S-1", *amounts, spend=spending(points), hold=True))["id"])


def test_a_capture_settles_what_was_held(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter)
    body = said(step(conn, counter, id_, Capture(fiscal_number="F-1"), NOW + MINUTE))
    assert body == {
        "id": id_,
        "number": "S-1",
        "status": "settled",
        "member": {"id": counter.member_id},
        "points": [{"unit": "points", "earned": 350, "spent": 100}],
        "balance": [{"unit": "points", "available": 1250, "pending": 0, "held": 0}],
        "explanation": [
            {
                "rule": "base",
                "matched": True,
                "text": "+350: 1 for every full 1.00 of the 350.00 RUB paid",
                "points": 350,
            }
        ],
        "to_pay": 35000,
        "lines": [{"line": 1, "amount": 45000, "discount": 0, "paid_with_points": 10000, "to_pay": 35000}],
    }


def test_a_hold_and_its_capture_come_to_what_the_sale_would(conn: psycopg.Connection, counter: Counter) -> None:
    at_once = sold(conn, counter, sale("S-2", 30000, 15000, spend=spending(100)))
    id_ = hold(conn, counter, 100, 30000, 15000)
    captured = said(step(conn, counter, id_, Capture()))
    for name in ("points", "to_pay", "lines", "explanation"):
        assert captured[name] == at_once[name]


def test_a_receipt_is_named_by_id_or_by_number(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("A~B/C", hold=True, series="z 1"))
    assert said(step(conn, counter, "msk-1~z 1~A~B/C", Capture()))["status"] == "settled"
    assert reason(step(conn, counter, "msk-1~~A~B/C", Capture())) == "not-found"
    assert reason(step(conn, counter, "spb-9~~A~B/C", Capture())) == "not-found"
    assert reason(step(conn, counter, counter.member_id, Capture())) == "not-found"


def test_a_capture_in_part_lets_the_rest_go(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter, 100, 30000, 15000)
    body = said(step(conn, counter, id_, Capture(lines=[LineQuantity(1, "1")])))
    # half of line 1: 15000, of which half of its 6667 points' money is 3334 (half a unit up)
    assert body["lines"] == [{"line": 1, "amount": 15001, "discount": 0, "paid_with_points": 3334, "to_pay": 11667}]
    assert body["points"] == [{"unit": "points", "earned": 116, "spent": 33}]
    assert have(conn, counter) == Balance(counter.shop.unit.id, 1000 - 33 + 116)


@pytest.mark.parametrize(
    "lines",
    [
        [LineQuantity(3, "1")],
        [LineQuantity(1, "1"), LineQuantity(1, "1")],
        [LineQuantity(1, "2.001")],
        [LineQuantity(1, "0")],
    ],
)
def test_what_cannot_be_captured(conn: psycopg.Connection, counter: Counter, lines: list[LineQuantity]) -> None:
    id_ = hold(conn, counter, 100, 30000, 15000)
    assert reason(step(conn, counter, id_, Capture(lines=lines))) == "invalid"
    assert said(step(conn, counter, id_, Capture()))["status"] == "settled"


def test_a_cancel_gives_the_points_back(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter)
    body = said(step(conn, counter, id_, Cancel()))
    assert body["status"] == "cancelled"
    assert body["points"] == [{"unit": "points", "earned": 0, "spent": 0}]
    assert have(conn, counter) == Balance(counter.shop.unit.id, 1000)


def test_the_same_step_again_is_answered_byte_for_byte(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter)
    first = step(conn, counter, id_, Capture(fiscal_number="F-1"))
    assert isinstance(first, Settled)
    for later in (MINUTE, timedelta(days=400)):
        assert step(conn, counter, NAME, Capture(fiscal_number="F-1"), NOW + later) == Replayed(id_, first.answer)
    assert have(conn, counter).available == 1250


@pytest.mark.parametrize("first", [Capture(fiscal_number="F-1"), Cancel()])
@pytest.mark.parametrize("second", [Capture(fiscal_number="F-2"), Capture(lines=[LineQuantity(1, "1")]), Cancel()])
def test_a_hold_ends_one_way(
    conn: psycopg.Connection, counter: Counter, first: Capture | Cancel, second: Capture | Cancel
) -> None:
    id_ = hold(conn, counter)
    step(conn, counter, id_, first)
    before = have(conn, counter)
    outcome = step(conn, counter, id_, second)
    if first == second:
        assert isinstance(outcome, Replayed)
    else:
        assert reason(outcome) == "already-resolved"
    assert have(conn, counter) == before


def test_two_steps_in_one_batch_are_taken_one_after_the_other(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter)
    first, again, other = steps(conn, counter, (id_, Capture()), (NAME, Capture()), (id_, Cancel()))
    assert isinstance(first, Settled)
    assert again == Replayed(id_, first.answer)
    assert reason(other) == "already-resolved"


def test_what_was_never_held_is_resolved_already(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("S-1"), sale("S-2", member=None))
    for name in (NAME, "msk-1~~S-2"):
        assert reason(step(conn, counter, name, Capture())) == "already-resolved"
        assert reason(step(conn, counter, name, Cancel())) == "already-resolved"


def test_a_capture_after_the_time_is_refused(conn: psycopg.Connection, counter: Counter) -> None:
    """A known way to mint points: the hold lapses, the points are spent elsewhere, the hold is captured."""
    id_ = hold(conn, counter, 450)
    late = NOW + 10 * MINUTE
    sold(conn, counter, sale("S-2", 100000, spend=spending(1000)), now=late)
    assert reason(step(conn, counter, id_, Capture(), late)) == "hold-expired"
    assert have(conn, counter, late) == Balance(counter.shop.unit.id, 0)
    assert said(step(conn, counter, id_, Cancel(), late))["status"] == "cancelled"
    assert reason(step(conn, counter, id_, Capture(), late)) == "already-resolved"


def test_a_hold_without_points_lapses_too(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("S-1", hold=True))
    assert reason(step(conn, counter, NAME, Capture(), NOW + 10 * MINUTE)) == "hold-expired"
    assert said(step(conn, counter, NAME, Capture(), NOW + 9 * MINUTE))["points"] == [
        {"unit": "points", "earned": 450, "spent": 0}
    ]


def test_an_owner_may_let_a_late_capture_hold_again(conn: psycopg.Connection, counter: Counter) -> None:
    id_ = hold(conn, counter, 450)
    rule(conn, counter, "hold.late_capture", "rehold")
    late = NOW + 10 * MINUTE
    sold(conn, counter, sale("S-2", 60000, spend=spending(600)), now=late)
    assert reason(step(conn, counter, id_, Capture(), late)) == "insufficient-points"
    give(conn, counter, 50, now=late)
    assert said(step(conn, counter, id_, Capture(), late))["points"] == [{"unit": "points", "earned": 0, "spent": 450}]
    assert have(conn, counter, late).available == 0


# ---- events


def test_points_that_wait_begin_with_their_event(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.activation", {"begins": "event", "event": "delivered"})
    rule(conn, counter, "points.expiry", {"model": "days", "days": 10})
    rule(conn, counter, "points.expiry_from", "activation")
    settle(conn, counter, sale("S-1"))
    assert have(conn, counter) == Balance(counter.shop.unit.id, 1000, 450)
    told = NOW + timedelta(days=3)
    assert said(step(conn, counter, NAME, Activate("posted", told), told))["points"] == [
        {"unit": "points", "activated": 0}
    ]
    delivered = Activate("delivered", told)
    first = step(conn, counter, NAME, delivered, told)
    assert said(first)["points"] == [{"unit": "points", "activated": 450}]
    assert said(first)["balance"] == [{"unit": "points", "available": 1450, "pending": 0, "held": 0}]
    assert isinstance(step(conn, counter, NAME, delivered, told + MINUTE), Replayed)
    other = Activate("delivered", told + MINUTE)
    assert reason(step(conn, counter, NAME, other, told + MINUTE)) == "idempotency-mismatch"
    assert have(conn, counter, told + timedelta(days=10)).available == 1450
    assert have(conn, counter, told + timedelta(days=11)).available == 1000


def test_only_what_is_settled_can_be_activated(conn: psycopg.Connection, counter: Counter) -> None:
    hold(conn, counter)
    settle(conn, counter, sale("S-2", member=None))
    for name in (NAME, "msk-1~~S-2"):
        assert reason(step(conn, counter, name, Activate("delivered", NOW))) == "not-settled"


# ---- claims

STRANGER = MemberRef(phone="+79160000009")
LATER = NOW + timedelta(days=5)


def join(conn: psycopg.Connection, counter: Counter, now: object = LATER) -> None:
    """Let the stranger become a member, and the regular's friend too."""
    wanted = [NewMember(external_id="m-9", phone="+79160000009"), NewMember(external_id="m-8")]
    members.upsert(conn, counter.program, wanted, now=LATER)


def test_a_receipt_of_nobody_is_claimed_with_the_code_on_its_slip(conn: psycopg.Connection, counter: Counter) -> None:
    unmatched = sold(conn, counter, sale("S-1", member=STRANGER))
    code = str(unmatched["claim_code"])
    join(conn, counter)
    outcome = step(conn, counter, code.lower(), Claim(STRANGER), LATER)
    body = said(outcome)
    assert (body["id"], body["status"]) == (unmatched["id"], "settled")
    assert body["points"] == [{"unit": "points", "earned": 450, "spent": 0}]
    assert body["balance"] == [{"unit": "points", "available": 450, "pending": 0, "held": 0}]
    for name in (code, NAME, str(unmatched["id"])):
        again = step(conn, counter, name, Claim(STRANGER), LATER + MINUTE)
        assert isinstance(again, Replayed)
        assert isinstance(outcome, Settled)
        assert again.answer == outcome.answer
        assert reason(step(conn, counter, name, Claim(MemberRef(external_id="m-8")), LATER)) == "already-resolved"


def test_a_claim_earns_by_the_rules_and_the_day_of_the_sale(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.expiry", {"model": "days", "days": 7})
    settle(conn, counter, sale("S-1", member=STRANGER))
    join(conn, counter)
    body = said(step(conn, counter, NAME, Claim(MemberRef(external_id="m-1")), LATER))
    assert body["balance"] == [{"unit": "points", "available": 1450, "pending": 0, "held": 0}]
    assert have(conn, counter, NOW + timedelta(days=8)).available == 1000


def test_the_sale_is_replayed_as_it_was_answered_after_its_claim(conn: psycopg.Connection, counter: Counter) -> None:
    first = settle(conn, counter, sale("S-1", member=STRANGER))[0]
    join(conn, counter)
    step(conn, counter, NAME, Claim(STRANGER), LATER)
    again = settle(conn, counter, sale("S-1", member=STRANGER), now=LATER)[0]
    assert isinstance(first, Settled)
    assert again == Replayed(first.receipt_id, first.answer)
    assert have(conn, counter).available == 1000


@pytest.mark.parametrize(
    ("what", "days", "why"),
    [
        (Claim(MemberRef(external_id="nobody")), 1, "unknown-member"),
        (Claim(MemberRef()), 1, "member-named-badly"),
        (Claim(MemberRef(external_id="m-1"), claim_code="K7QM-2WXA-9"), 1, "invalid"),
        (Claim(MemberRef(external_id="m-1")), 30, "claim-too-late"),
    ],
)
def test_what_cannot_be_claimed(conn: psycopg.Connection, counter: Counter, what: Claim, days: int, why: str) -> None:
    settle(conn, counter, sale("S-1", member=STRANGER))
    assert reason(step(conn, counter, NAME, what, NOW + timedelta(days=days))) == why


def test_what_belongs_to_somebody_cannot_be_claimed(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("S-1"))
    assert reason(step(conn, counter, NAME, Claim(MemberRef(external_id="m-1")))) == "already-resolved"


def test_a_receipt_too_old_to_be_claimed_gets_no_code(conn: psycopg.Connection, counter: Counter) -> None:
    old = sold(conn, counter, sale("S-1", member=None, at=NOW - timedelta(days=31)))
    assert "claim_code" not in old
    assert "claim_code" in sold(conn, counter, sale("S-2", member=None))


def test_a_claimed_receipt_spends_as_any_other(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("S-1", member=None))
    step(conn, counter, NAME, Claim(MemberRef(external_id="m-1")))
    assert sold(conn, counter, sale("S-2", 200000, spend=ALL))["to_pay"] == 55000
    assert isinstance(step(conn, counter, NAME, Cancel()), Refused)
