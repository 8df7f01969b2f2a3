"""Limits on the till's way: what is full refuses or tells, holds reserve, cancels and returns free."""

from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import (
    ALL,
    back,
    give,
    have,
    quoted,
    reason,
    refused,
    rule,
    said,
    sale,
    settle,
    sold,
    spending,
    step,
    steps,
)
from verno.intake import context
from verno.intake.returns.types import Original
from verno.intake.steps.types import Cancel, Capture, Claim
from verno.intake.types import LineQuantity, MemberRef, Refused, Settled
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Operation, Posted, Spend, TransferKind
from verno.limits import service as limits
from verno.limits.types import Measure, NewLimit, Subject, Window
from verno.members import service as members
from verno.members.types import Created, NewMember

pytestmark = pytest.mark.usefixtures("honest")

MINUTE = timedelta(minutes=1)
STRANGER = MemberRef(phone="+79160000009")


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 1.00, and a regular who has 1000 of them."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 100)
    give(conn, counter, 1000)
    return counter


def limit(
    conn: psycopg.Connection,
    counter: Counter,
    measure: Measure,
    most: int,
    *,
    subject: Subject = Subject.MEMBER,
    hard: bool = True,
) -> None:
    """Set one limit a day, in force at once."""
    wanted = NewLimit(subject=subject, measure=measure, window=Window.DAY, most=most, hard=hard)
    assert isinstance(limits.add(conn, counter.program.id, [wanted], now=NOW), tuple)
    context.forget()


def alerts(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM kit_event WHERE type = 'limit.reached.v1'").fetchone()
    return int(row[0]) if row else 0


def counted(conn: psycopg.Connection) -> list[int]:
    """Return what each counter says, the smallest first."""
    return [row[0] for row in conn.execute("SELECT used + held FROM limits_counter ORDER BY 1").fetchall()]


def test_a_hard_limit_refuses_and_says_what_is_left(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.SPENT, 100)
    sold(conn, counter, sale("S-1", spend=spending(70)))
    outcome = settle(conn, counter, sale("S-2", spend=spending(40)))[0]
    assert isinstance(outcome, Refused)
    assert outcome.reason == "over-limit"
    assert msgspec.json.decode(outcome.more) | {"limit": ""} == {
        "limit": "",
        "left": 30,
        "frees_at": "2026-11-25T21:00:00Z",
    }
    no = quoted(conn, counter, sale("S-2", spend=spending(40)))
    assert isinstance(no, Refused)
    assert no.reason == "over-limit"
    assert sold(conn, counter, sale("S-2", spend=spending(30)))["to_pay"] == 42000


def test_as_many_as_can_stays_within_the_limit(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.SPENT, 100)
    sold(conn, counter, sale("S-1", spend=spending(70)))
    quote = quoted(conn, counter, sale("S-2", spend=ALL))
    assert not isinstance(quote, Refused)
    assert quote["spend_max"] == [{"unit": "points", "points": 30, "amount": 3000}]
    assert quote["to_pay"] == 42000
    assert sold(conn, counter, sale("S-2", quote=quote["quote"]))["to_pay"] == 42000
    assert sold(conn, counter, sale("S-3", spend=ALL))["to_pay"] == 45000


def test_a_quote_of_as_many_as_can_is_stale_when_the_limit_leaves_less(
    conn: psycopg.Connection, counter: Counter
) -> None:
    limit(conn, counter, Measure.SPENT, 100)
    quote = quoted(conn, counter, sale("S-2", spend=ALL))
    assert not isinstance(quote, Refused)
    sold(conn, counter, sale("S-1", spend=spending(70)))
    (outcome,) = settle(conn, counter, sale("S-2", quote=quote["quote"]))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "stale-quote"
    fresh = msgspec.json.decode(outcome.more)["quote"]
    assert fresh["to_pay"] == 42000
    assert sold(conn, counter, sale("S-2", quote=fresh["quote"]))["to_pay"] == 42000


def test_two_who_spend_all_they_can_share_what_a_limit_leaves(conn: psycopg.Connection, counter: Counter) -> None:
    """In one batch, at one cashier: the second gets what the first has left, as if it had come alone."""
    (made,) = members.upsert(conn, counter.shop.program, [NewMember(external_id="m-2")], now=NOW)
    assert isinstance(made, Created)
    give(conn, Counter(counter.shop, made.member_id), 200)
    limit(conn, counter, Measure.SPENT, 500, subject=Subject.CASHIER)
    first = sale("S-1", spend=ALL, cashier="c-1")
    second = sale("S-2", spend=ALL, cashier="c-1", member=MemberRef(external_id="m-2"))
    assert [said(outcome)["to_pay"] for outcome in settle(conn, counter, first, second)] == [0, 40000]
    assert counted(conn) == [500]


def test_a_soft_limit_lets_pass_and_tells(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.RECEIPTS, 1, subject=Subject.CASHIER, hard=False)
    sold(conn, counter, sale("S-1", cashier="c-1"))
    assert alerts(conn) == 0
    sold(conn, counter, sale("S-2", cashier="c-1"))
    assert alerts(conn) == 1


def test_a_hold_reserves_until_it_is_cancelled_or_over(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.RECEIPTS, 1)
    id_ = str(sold(conn, counter, sale("S-1", hold=True))["id"])
    assert refused(conn, counter, sale("S-2")) == "over-limit"
    step(conn, counter, id_, Cancel())
    id_ = str(sold(conn, counter, sale("S-3", hold=True))["id"])
    assert refused(conn, counter, sale("S-4")) == "over-limit"
    late = NOW + 10 * MINUTE
    sold(conn, counter, sale("S-5"), now=late)
    rule(conn, counter, "hold.late_capture", "rehold")
    assert reason(step(conn, counter, id_, Capture(), late)) == "over-limit"


def test_a_capture_in_part_frees_the_rest(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.SPENT, 100)
    id_ = str(sold(conn, counter, sale("S-1", 10000, 10000, spend=spending(100), hold=True))["id"])
    assert refused(conn, counter, sale("S-2", spend=spending(1))) == "over-limit"
    step(conn, counter, id_, Capture(lines=[LineQuantity(1, "2")]))
    assert refused(conn, counter, sale("S-2", spend=spending(51))) == "over-limit"
    sold(conn, counter, sale("S-2", spend=spending(50)))


def test_returns_give_back(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.SPENT, 100)
    limit(conn, counter, Measure.RECEIPTS, 1)
    sold(conn, counter, sale("S-1", 10000, 10000, spend=spending(100)))
    back(conn, counter, "R-1", (1, "2"))
    assert refused(conn, counter, sale("S-2")) == "over-limit"
    back(conn, counter, "R-2")
    sold(conn, counter, sale("S-2", spend=spending(100)))


def test_a_return_before_its_sale_gives_back_as_well(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.RECEIPTS, 1)
    back(conn, counter, "R-1")
    sold(conn, counter, sale("S-1"))
    sold(conn, counter, sale("S-2"))
    assert refused(conn, counter, sale("S-3")) == "over-limit"


def test_nobody_suffers_from_a_neighbour_that_was_refused(conn: psycopg.Connection, counter: Counter) -> None:
    """The first takes the last place and is then refused by the ledger: the place is the second's."""
    limit(conn, counter, Measure.RECEIPTS, 1)
    too_much = sale("S-1", 10**9, spend=spending(5000))
    outcomes = settle(conn, counter, too_much, sale("S-2"), sale("S-3"))
    assert reason(outcomes[0]) == "insufficient-points"
    assert isinstance(outcomes[1], Settled)
    assert reason(outcomes[2]) == "over-limit"


def test_a_claim_counts_for_its_member(conn: psycopg.Connection, counter: Counter) -> None:
    limit(conn, counter, Measure.EARNED, 500)
    settle(conn, counter, sale("S-1", member=STRANGER), sale("S-2", member=STRANGER))
    claim = Claim(MemberRef(external_id="m-1"))
    assert said(step(conn, counter, "msk-1~~S-1", claim))["status"] == "settled"
    assert reason(step(conn, counter, "msk-1~~S-2", claim)) == "over-limit"
    back(conn, counter, "R-1")
    assert said(step(conn, counter, "msk-1~~S-2", claim))["status"] == "settled"
    assert have(conn, counter).available == 1450


def test_a_claim_by_the_card_that_the_sale_had_named_counts_once(conn: psycopg.Connection, counter: Counter) -> None:
    """Nobody was known by the card when it was sold; it counted for the card all the same."""
    limit(conn, counter, Measure.RECEIPTS, 2, subject=Subject.CARD)
    card = MemberRef(card="CARD-0009")
    for number in ("S-1", "S-2"):
        sold(conn, counter, sale(number, member=card))
    back(conn, counter, "R-2", original=Original(place="msk-1", number="S-2"))
    members.upsert(conn, counter.shop.program, [NewMember(external_id="m-9", card="CARD-0009")], now=NOW)
    assert said(step(conn, counter, "msk-1~~S-1", Claim(card)))["status"] == "settled"
    assert counted(conn) == [1], "once for the card; what was returned counts no more"
    sold(conn, counter, sale("S-3", member=card))
    assert refused(conn, counter, sale("S-4", member=card)) == "over-limit"


@pytest.mark.parametrize("hold", [True, False], ids=["capture", "claim"])
def test_what_a_cap_did_not_give_is_not_counted(conn: psycopg.Connection, counter: Counter, *, hold: bool) -> None:
    rule(conn, counter, "points.max_balance", 1010)
    limit(conn, counter, Measure.EARNED, 500)
    limit(conn, counter, Measure.RECEIPTS, 5)
    sold(conn, counter, sale("S-1", hold=hold, member=MemberRef(external_id="m-1") if hold else None))
    taken = Capture() if hold else Claim(MemberRef(external_id="m-1"))
    assert said(step(conn, counter, "msk-1~~S-1", taken))["points"] == [{"unit": "points", "earned": 10, "spent": 0}]
    assert counted(conn) == [1, 10]


@pytest.mark.parametrize("hold", [True, False], ids=["capture", "claim"])
def test_no_step_suffers_from_a_neighbour_that_was_given_less(
    conn: psycopg.Connection, counter: Counter, *, hold: bool
) -> None:
    """The first counts 450 of 500 until the cap leaves it 10: then the second has room, as if it had come later."""
    rule(conn, counter, "points.max_balance", 1010)
    rule(conn, counter, "hold.late_capture", "rehold")
    limit(conn, counter, Measure.EARNED, 500)
    late, member = NOW + 10 * MINUTE, MemberRef(external_id="m-1") if hold else None
    for number in ("S-1", "S-2"):
        # A reservation that has lapsed leaves room for the next.
        sold(conn, counter, sale(number, hold=hold, member=member), now=NOW if number == "S-1" else late)
    taken = Capture() if hold else Claim(MemberRef(external_id="m-1"))
    after = late + 10 * MINUTE
    outcomes = steps(conn, counter, ("msk-1~~S-1", taken), ("msk-1~~S-2", taken), now=after)
    assert [said(one)["points"] for one in outcomes] == [
        [{"unit": "points", "earned": 10, "spent": 0}],
        [{"unit": "points", "earned": 0, "spent": 0}],
    ]
    assert counted(conn) == [10]


def test_no_step_suffers_from_a_neighbour_that_the_ledger_refused(conn: psycopg.Connection, counter: Counter) -> None:
    """Two lapsed holds, of 900 and 500 points: of the first the member has no longer enough."""
    limit(conn, counter, Measure.RECEIPTS, 1)
    rule(conn, counter, "hold.late_capture", "rehold")
    sold(conn, counter, sale("S-1", 10**6, hold=True, spend=spending(900)))
    late, after = NOW + 10 * MINUTE, NOW + 20 * MINUTE
    sold(conn, counter, sale("S-2", 10**6, hold=True, spend=spending(500)), now=late)
    gone = Spend(counter.member_id, counter.shop.unit.id, 400, after, kind=TransferKind.ADJUST)
    id_ = new_id(now=after)
    operation = Operation(f"taken/{id_}", id_, counter.member_id, "00", (gone,))
    assert isinstance(ledger.post(conn, counter.program.id, [operation], now=after)[0], Posted)
    outcomes = steps(conn, counter, ("msk-1~~S-1", Capture()), ("msk-1~~S-2", Capture()), now=after)
    assert reason(outcomes[0]) == "insufficient-points"
    assert said(outcomes[1])["status"] == "settled"
