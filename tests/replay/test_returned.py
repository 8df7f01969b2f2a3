"""What was returned is taken out of a replay: what remains is judged as the street judges a return."""

from typing import cast

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.intake.conftest import Counter
from tests.intake.test_rulebooks import BASE, RULES, asks, earned, of_lines, publish
from tests.intake.tillwork import back, quoted, returned, returns, said, sale, sold, spending, step
from tests.replay.test_replay import AMOUNTS, EVER, replayed, shop
from verno.intake import context
from verno.intake.returns.types import Original
from verno.intake.steps.types import Capture
from verno.intake.sums.kept import part
from verno.intake.types import LineQuantity
from verno.rules.effects import DiscountAmount, DiscountPercent, Earn
from verno.rules.types import Budget, Counts, Rule

__all__ = ["shop"]

AS_SOLD = replace(EVER, as_sold=True)
OFF = Rule(id="off", effects=(DiscountPercent(share=1000),))


def test_what_came_back_neither_costs_nor_counts(conn: psycopg.Connection, shop: Counter) -> None:
    """Of 300.00 and 100.00 the second line comes back: 300 points, and 30.00 of the 40.00 that a tenth had been."""
    sold(conn, shop, sale("S-1", 30000, 10000))
    sold(conn, shop, sale("S-2", 50000))
    said(back(conn, shop, "R-1", (2, "2")))
    found = replayed(conn, shop, BASE, OFF)
    assert (found.receipts, found.price, found.as_sold) == (2, 80000, False)
    assert (found.current.points, found.draft.points, found.draft.discount) == ({"points": 800}, {"points": 720}, 8000)
    assert [(one.number, one.price, one.draft) for one in found.biggest] == [("S-2", 50000, 9500), ("S-1", 30000, 5700)]
    as_sold = replayed(conn, shop, BASE, OFF, period=AS_SOLD)
    assert (as_sold.price, as_sold.as_sold) == (90000, True)
    assert (as_sold.current.points, as_sold.draft.discount) == ({"points": 900}, 9000)


def test_of_a_receipt_that_came_back_whole_nothing_is_left(conn: psycopg.Connection, shop: Counter) -> None:
    """In two returns, and a line of quantity 0 too."""
    gift = sale("S-1", 30000, 0)
    lines = [gift.lines[0], replace(gift.lines[1], quantity="0")]
    sold(conn, shop, replace(gift, lines=lines))
    said(back(conn, shop, "R-1", (1, "1")))
    assert replayed(conn, shop, BASE).price == 15000
    said(back(conn, shop, "R-2"))
    found = replayed(conn, shop, BASE, OFF)
    assert (found.receipts, found.members, found.price, found.draft.cost, found.draft.rules) == (0, 0, 0, 0, {})
    assert replayed(conn, shop, BASE, period=AS_SOLD).receipts == 1


def test_what_was_not_captured_was_not_sold(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000, 10000, hold=True))
    said(step(conn, shop, "msk-1~~S-1", Capture(lines=[LineQuantity(1, "2")])))
    assert replayed(conn, shop, BASE).price == 30000
    said(back(conn, shop, "R-1", (1, "1")))
    found = replayed(conn, shop, BASE)
    assert (found.price, found.current.points) == (15000, {"points": 150})


def test_a_return_takes_points_and_never_gives_any(conn: psycopg.Connection, shop: Counter) -> None:
    """Points for small baskets: what was large when it was sold gets none for what is left of it."""
    small = Rule(id="small", when=asks("amount", "<", 20_000), effects=(Earn("points", 1, 100),))
    sold(conn, shop, sale("S-1", 30000, 10000))
    said(back(conn, shop, "R-1", (1, "2")))
    assert replayed(conn, shop, small).draft.points == {}
    assert replayed(conn, shop, small, period=AS_SOLD).draft.points == {}


def test_shares_of_two_discounts_are_the_share_of_both(conn: psycopg.Connection, shop: Counter) -> None:
    """1.01 and 1.01 off a line, of which a half is left: 1.01 in all, where the half of each is 0.51 rounded."""
    sold(conn, shop, sale("S-1", 30000))
    said(back(conn, shop, "R-1", (1, "1")))
    dear = asks("amount", ">=", 20_000)
    twice = [Rule(id=id_, when=dear, effects=(DiscountAmount(amount=101),)) for id_ in ("a", "b")]
    draft = replayed(conn, shop, *twice).draft
    assert (draft.discount, {id_: one.discount for id_, one in draft.rules.items()}) == (101, {"a": 51, "b": 50})


def test_what_came_back_leaves_its_budget(conn: psycopg.Connection, shop: Counter) -> None:
    for n in range(3):
        sold(conn, shop, sale(f"S-{n}", 30000))
    said(returns(conn, shop, replace(returned("R-1"), original=Original(place="msk-1", number="S-0")))[0])
    gift = Rule(id="gift", effects=(Earn("points", 1, 1000),), budgets=(Budget(Counts.USES, 2),))
    found = replayed(conn, shop, BASE, gift)
    assert [(one.used, one.missed) for one in found.draft.budgets] == [(2, 0)]
    (burn,) = replayed(conn, shop, BASE, gift, period=AS_SOLD).draft.budgets
    assert (burn.used, burn.missed) == (2, 1)


PARTS = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(("0.5", "1", "2"))), max_size=4)


@given(RULES, AMOUNTS, st.integers(0, 400), PARTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_left_is_what_the_street_leaves(
    conn: psycopg.Connection,
    shop: Counter,
    rules: list[Rule],
    amounts: list[int],
    spend: int,
    parts: list[tuple[int, str]],
) -> None:
    """Sold by a quote, and returned in parts: points less those taken back, and each line's share of its discounts."""
    with conn.transaction(force_rollback=True):
        publish(conn, shop, BASE, *rules)
        quote = quoted(conn, shop, sale("S-1", *amounts, spend=spending(spend) if spend else []))
        if not isinstance(quote, dict):
            return
        done = sold(conn, shop, sale("S-1", *amounts, quote=str(quote["quote"])))
        left = dict.fromkeys(range(1, len(amounts) + 1), 2000)
        for number, (line, quantity) in enumerate(parts):
            thousandths = int(float(quantity) * 1000)
            if left.get(line, 0) >= thousandths:
                left[line] -= thousandths
                said(back(conn, shop, f"R-{number}", (line, quantity)))
        taken = conn.execute("SELECT coalesce(sum((taken ->> 'points')::int), 0) FROM intake_return").fetchone()
        assert taken
        found = replayed(conn, shop, BASE, *rules)
        assert found.receipts == int(any(left.values()))
        for side in (found.current, found.draft):
            assert side.points.get("points", 0) == earned(done) - cast("int", taken[0])
            assert side.discount == sum(
                part(off, left[line], 2000) for line, off in enumerate(of_lines(done, "discount"), 1)
            )
            assert side.discount == sum(one.discount for one in side.rules.values())
        assert found.price == sum(part(amount, left[line], 2000) for line, amount in enumerate(amounts, 1))
    context.forget()
