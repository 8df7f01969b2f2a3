"""Points that pay: worth, limits, who may spend; quotes that are kept; holds that set aside."""

from datetime import timedelta
from typing import cast

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import ALL, give, have, quoted, refused, rule, said, sale, settle, sold, spending
from verno.intake.types import Approved, Line, MemberRef, Receipt, Refused, Replayed, Settled, Wish
from verno.kit.ids import new_id
from verno.ledger.types import Balance

pytestmark = pytest.mark.usefixtures("honest")

Body = dict[str, object]


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 1.00, and a regular who has 1000 of them."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 100)
    give(conn, counter, 1000)
    return counter


def amounts(body: Body, name: str) -> list[int]:
    """Return a column of the answer's lines."""
    return [line[name] for line in cast("list[dict[str, int]]", body["lines"])]


def test_points_pay_and_what_they_pay_earns_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale("S-1", 30000, 15000, spend=spending(300)))
    assert body["status"] == "settled"
    assert body["to_pay"] == 15000
    assert body["points"] == [{"unit": "points", "earned": 150, "spent": 300}]
    assert body["lines"] == [
        {"line": 1, "amount": 30000, "discount": 0, "paid_with_points": 20000, "to_pay": 10000},
        {"line": 2, "amount": 15000, "discount": 0, "paid_with_points": 10000, "to_pay": 5000},
    ]
    assert body["balance"] == [{"unit": "points", "available": 850, "pending": 0, "held": 0}]


def test_a_plain_sale_says_nothing_of_paying(conn: psycopg.Connection, counter: Counter) -> None:
    assert not {"to_pay", "lines", "quote", "expires_at"} & sold(conn, counter, sale()).keys()


def test_as_many_as_can(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale("S-1", 45050, spend=ALL))
    assert body["points"] == [{"unit": "points", "earned": 0, "spent": 450}]
    assert body["to_pay"] == 50
    rest = sold(conn, counter, sale("S-2", 90000, spend=ALL))
    assert rest["points"] == [{"unit": "points", "earned": 350, "spent": 550}]


def test_a_members_receipts_in_one_batch_keep_their_order(conn: psycopg.Connection, counter: Counter) -> None:
    outcomes = settle(
        conn,
        counter,
        sale("S-1", 20000, spend=spending(200)),
        sale("S-2", 1000000, spend=ALL),
        sale("S-3", 500, spend=spending(5)),
        sale("S-4", 100, member=MemberRef(external_id="m-1"), spend=ALL),
    )
    assert [said(one)["points"] for one in outcomes] == [
        [{"unit": "points", "earned": 0, "spent": 200}],
        [{"unit": "points", "earned": 9200, "spent": 800}],
        [{"unit": "points", "earned": 0, "spent": 5}],
        [{"unit": "points", "earned": 0, "spent": 1}],
    ]


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        (sale(spend=spending(1001), lines=[Line("a", "1", 10**9)]), "insufficient-points"),
        (sale("S-1", 100, spend=spending(10**12)), "insufficient-points"),
        (sale("S-1", 99, spend=spending(1)), "over-limit"),
        (sale(spend=[Wish("stars", 1)]), "invalid"),
        (sale(spend=[Wish("points", 1), Wish("points", 1)]), "invalid"),
        (sale(spend=spending(1), member=None), "unknown-member"),
        (sale(spend=spending(1), member=MemberRef(external_id="m-2")), "unknown-member"),
        (sale(hold=True, member=MemberRef(phone="+79160000009")), "unknown-member"),
        (sale(hold_seconds=5), "invalid"),
        (sale(quote="q1.nonsense"), "invalid"),
        (sale(quote="ünsinn"), "invalid"),
        (sale(series="a~b"), "invalid"),
        *(
            (sale(spend=spending(1), member=MemberRef(**{kind: name})), "approval-needed")
            for kind, name in (("phone", "+79160000001"), ("card", "CARD-0001"))
        ),
    ],
)
def test_what_cannot_be_paid_with_points(
    conn: psycopg.Connection, counter: Counter, receipt: Receipt, reason: str
) -> None:
    assert refused(conn, counter, receipt) == reason


def test_nothing_is_spent_before_somebody_says_what_a_point_is_worth(conn: psycopg.Connection) -> None:
    counter = open_counter(conn)
    give(conn, counter, 10)
    assert refused(conn, counter, sale(spend=spending(1))) == "spending-not-set"
    body = quoted(conn, counter, sale())
    assert isinstance(body, dict)
    assert body["spend_max"] == []


def test_a_refused_spend_leaves_the_number_free(conn: psycopg.Connection, counter: Counter) -> None:
    refused(conn, counter, sale("S-1", 10**9, spend=spending(5000)))
    assert sold(conn, counter, sale("S-1"))["status"] == "settled"


def test_the_first_of_two_with_one_number_may_be_refused(conn: psycopg.Connection, counter: Counter) -> None:
    too_much, right = sale("S-1", 10**9, spend=spending(5000)), sale("S-1", 45000, spend=spending(10))
    first, second, third, fourth = settle(conn, counter, too_much, right, right, too_much)
    assert isinstance(first, Refused)
    assert isinstance(second, Settled)
    assert third == Replayed(second.receipt_id, second.answer)
    assert isinstance(fourth, Refused)
    assert fourth.reason == "idempotency-mismatch"


def test_an_owner_may_cap_the_share_that_points_pay(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "spend.max_share", 30)
    assert refused(conn, counter, sale(spend=spending(136))) == "over-limit"
    assert sold(conn, counter, sale("S-1", spend=ALL))["points"] == [{"unit": "points", "earned": 315, "spent": 135}]
    rule(conn, counter, "spend.max_share", 0, scope="place=msk-1")
    assert refused(conn, counter, sale("S-2", spend=spending(1))) == "over-limit"


def test_a_static_code_spends_where_the_owner_or_staff_allow_it(conn: psycopg.Connection, counter: Counter) -> None:
    by_card = sale("S-1", member=MemberRef(card="CARD-0001"), spend=spending(10))
    assert refused(conn, counter, by_card) == "approval-needed"
    outcome = settle(conn, counter, Approved(by_card, new_id(now=NOW)))[0]
    assert isinstance(outcome, Settled)
    # the approval is no part of what happened: the same receipt without it is the same
    assert isinstance(settle(conn, counter, by_card)[0], Replayed)
    rule(conn, counter, "spend.static_codes", "allow")
    assert sold(conn, counter, sale("S-2", member=MemberRef(card="CARD-0001"), spend=spending(10)))["to_pay"] == 44000


def test_a_replay_outlives_settings(conn: psycopg.Connection, counter: Counter) -> None:
    first = settle(conn, counter, sale(spend=spending(10)))[0]
    rule(conn, counter, "spend.value", None)
    assert isinstance(first, Settled)
    assert settle(conn, counter, sale(spend=spending(10)))[0] == Replayed(first.receipt_id, first.answer)


# ---- quotes


def quote(conn: psycopg.Connection, counter: Counter, receipt: Receipt | Approved, **more: object) -> Body:
    body = quoted(conn, counter, receipt, **more)  # type: ignore[arg-type]
    assert isinstance(body, dict), body
    return body


def test_a_quote_says_what_the_sale_will(conn: psycopg.Connection, counter: Counter) -> None:
    body = quote(conn, counter, sale("S-1", 30000, 15000, spend=ALL))
    assert body["status"] == "quoted"
    assert body["spend_max"] == [{"unit": "points", "points": 450, "amount": 45000}]
    sale_ = sold(conn, counter, sale("S-1", 30000, 15000, quote=body["quote"]))
    for name in ("points", "to_pay", "lines", "explanation", "member"):
        assert sale_[name] == body[name]


def test_a_quote_of_nobody_pays_in_full(conn: psycopg.Connection, counter: Counter) -> None:
    body = quote(conn, counter, sale(member=MemberRef(phone="+79160000009")))
    assert (body["member"], body["points"], body["spend_max"], body["to_pay"]) == (None, [], [], 45000)
    sale_ = sold(conn, counter, sale(member=MemberRef(phone="+79160000009"), quote=body["quote"]))
    assert sale_["status"] == "unmatched"


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        (sale(spend=spending(1001), lines=[Line("a", "1", 10**9)]), "insufficient-points"),
        (sale(spend=spending(1), member=MemberRef(card="CARD-0001")), "approval-needed"),
        (sale(spend=spending(1), member=None), "unknown-member"),
        (sale(place="spb-9"), "unknown-place"),
    ],
)
def test_a_quote_is_refused_as_the_sale_would_be(
    conn: psycopg.Connection, counter: Counter, receipt: Receipt, reason: str
) -> None:
    no = quoted(conn, counter, receipt)
    assert isinstance(no, Refused)
    assert no.reason == reason == refused(conn, counter, receipt)


def test_spend_may_be_repeated_only_as_the_quote_says(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale(spend=ALL))["quote"]
    assert refused(conn, counter, sale(spend=spending(449), quote=token)) == "invalid"
    assert sold(conn, counter, sale("S-1", spend=ALL, quote=token))["to_pay"] == 0
    token = quote(conn, counter, sale("S-2", spend=ALL))["quote"]
    assert sold(conn, counter, sale("S-2", spend=spending(450), quote=token))["to_pay"] == 0


def test_time_and_payments_may_differ_from_the_quote(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale(spend=spending(5)))["quote"]
    later = sale(quote=token, at=NOW + timedelta(minutes=5), fiscal_number="F-1", cashier="c", till="2")
    assert sold(conn, counter, later, now=NOW + timedelta(minutes=5))["to_pay"] == 44500


def stale(conn: psycopg.Connection, counter: Counter, receipt: Receipt, **more: object) -> Body:
    """Return the new quote that a stale one is answered with."""
    import msgspec

    outcome = settle(conn, counter, receipt, **more)[0]  # type: ignore[arg-type]
    assert isinstance(outcome, Refused), outcome
    assert outcome.reason == "stale-quote"
    return cast("Body", msgspec.json.decode(outcome.more, type=Body)["quote"])


def test_a_quote_is_good_for_fifteen_minutes(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale(spend=ALL))["quote"]
    new = stale(conn, counter, sale(quote=token), now=NOW + timedelta(minutes=15))
    assert new["status"] == "quoted"
    assert new["to_pay"] == 0
    sold(conn, counter, sale(quote=new["quote"]), now=NOW + timedelta(minutes=29))


def test_a_quote_whose_verdict_has_changed_is_stale(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale(spend=ALL))["quote"]
    rule(conn, counter, "spend.max_share", 50)
    new = stale(conn, counter, sale(quote=token))
    assert new["to_pay"] == 22500
    assert sold(conn, counter, sale(quote=new["quote"]))["to_pay"] == 22500


def test_a_quote_is_for_its_own_goods_and_member(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale("S-1", 45000, spend=spending(5)))["quote"]
    assert stale(conn, counter, sale("S-1", 45001, quote=token))["to_pay"] == 44501
    assert refused(conn, counter, sale("S-1", quote=token, member=MemberRef(card="CARD-0001"))) == "approval-needed"


def test_points_gone_since_a_quote_of_all_make_it_stale(conn: psycopg.Connection, counter: Counter) -> None:
    token = quote(conn, counter, sale("S-1", 100000, spend=ALL))["quote"]
    sold(conn, counter, sale("S-2", 90000, spend=spending(900)))
    assert stale(conn, counter, sale("S-1", 100000, quote=token))["to_pay"] == 90000
    token = quote(conn, counter, sale("S-3", 10000, spend=spending(100)))["quote"]
    sold(conn, counter, sale("S-4", 100, spend=spending(1)))
    assert refused(conn, counter, sale("S-3", 10000, quote=token)) == "insufficient-points"


def test_a_quote_of_another_program_or_hand_is_no_quote(conn: psycopg.Connection, counter: Counter) -> None:
    from verno.intake.quoting import token as tokens

    text = str(quote(conn, counter, sale(spend=spending(5)))["quote"])
    offer = tokens.unseal(counter.program.id, text)
    assert offer is not None
    assert tokens.unseal(new_id(now=NOW), text) is None
    for i in range(3, len(text), 7):
        changed = text[:i] + ("A" if text[i] != "A" else "B") + text[i + 1 :]
        assert tokens.unseal(counter.program.id, changed) is None
    assert "m-1" not in text


def test_an_approval_given_with_the_quote_holds_for_the_sale(conn: psycopg.Connection, counter: Counter) -> None:
    by_card = sale(member=MemberRef(card="CARD-0001"), spend=spending(10))
    staff = new_id(now=NOW)
    token = quote(conn, counter, Approved(by_card, staff))["quote"]
    sold(conn, counter, sale(member=MemberRef(card="CARD-0001"), quote=token))
    assert conn.execute("SELECT approved_by::text FROM intake_receipt").fetchone() == (staff,)


def test_a_cap_on_the_balance_is_foreseen(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "points.max_balance", 1100)
    body = quote(conn, counter, sale("S-1", 45000, spend=spending(50)))
    assert body["points"] == [{"unit": "points", "earned": 150, "spent": 50}]
    assert sold(conn, counter, sale("S-1", 45000, quote=body["quote"]))["points"] == body["points"]
    assert have(conn, counter).available == 1100


# ---- holds


def test_a_hold_sets_points_aside_and_earns_nothing_yet(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale(spend=spending(100), hold=True, hold_seconds=60))
    assert body["status"] == "held"
    assert body["points"] == [{"unit": "points", "earned": 350, "spent": 100}]
    assert body["to_pay"] == 35000
    assert body["expires_at"] == "2026-11-25T12:01:00Z"
    assert have(conn, counter) == Balance(counter.shop.unit.id, 900, 0, 100)
    assert have(conn, counter, NOW + timedelta(seconds=60)) == Balance(counter.shop.unit.id, 1000)


def test_what_is_held_cannot_be_spent(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", spend=spending(450), hold=True))
    assert refused(conn, counter, sale("S-2", 100000, spend=spending(551))) == "insufficient-points"
    assert refused(conn, counter, sale("S-2", 100000, spend=spending(551), hold=True)) == "insufficient-points"
    later = NOW + timedelta(seconds=600)
    assert sold(conn, counter, sale("S-2", 100000, spend=spending(551)), now=later)["to_pay"] == 44900


def test_a_hold_without_spend_is_a_plan(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "hold.default_seconds", 30)
    body = sold(conn, counter, sale(hold=True))
    assert (body["status"], body["expires_at"]) == ("held", "2026-11-25T12:00:30Z")
    assert have(conn, counter) == Balance(counter.shop.unit.id, 1000)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.lists(st.integers(0, 30000), min_size=1, max_size=6),
    points=st.none() | st.integers(0, 400),
    share=st.integers(1, 100),
    holds=st.booleans(),
)
def test_a_quote_equals_what_follows(
    conn: psycopg.Connection, prices: list[int], points: int | None, share: int, *, holds: bool
) -> None:
    """The same code works them all out: whatever is quoted, the sale or the hold says the same."""
    with conn.transaction(force_rollback=True):
        counter = open_counter(conn)
        rule(conn, counter, "spend.value", 100)
        rule(conn, counter, "spend.max_share", share)
        give(conn, counter, 300)
        wishes = ALL if points is None else spending(points)
        body = quoted(conn, counter, sale("S-1", *prices, spend=wishes))
        outcome = settle(conn, counter, sale("S-1", *prices, spend=wishes, hold=holds))[0]
        if isinstance(body, Refused):
            assert isinstance(outcome, Refused)
            assert outcome.reason == body.reason
            return
        found = said(outcome)
        for name in ("points", "to_pay", "lines", "explanation"):
            assert found[name] == body[name], name
        assert sum(amounts(body, "paid_with_points")) + cast("int", body["to_pay"]) == sum(prices)
        assert sum(amounts(body, "to_pay")) == body["to_pay"]
