"""Rulebooks with conditions and discounts in the street: a quote is kept, and a return undoes what it should."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BEGINNING, NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import (
    ALL,
    VOUCHED,
    back,
    give,
    have,
    points,
    quoted,
    refused,
    rule,
    said,
    sale,
    sold,
    spending,
    step,
)
from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.intake import context
from verno.intake.quoting import service as quoting
from verno.intake.steps.types import Capture, Claim
from verno.intake.types import Line, LineQuantity, Receipt, Refused
from verno.members import service as members
from verno.members.types import NewMember
from verno.promotions import service as promotions
from verno.promotions.types import StoredRulebook
from verno.rules.effects import (
    DiscountAmount,
    DiscountPercent,
    Earn,
    EarnFixed,
    EarnMultiply,
    EarnPercent,
    EmitEvent,
    FreeUnits,
    Gift,
    GiveBadge,
    PrintText,
)
from verno.rules.types import Rule, Rulebook
from verno.workspace import queries as workspace

pytestmark = pytest.mark.usefixtures("honest")

Body = dict[str, object]
BASE = Rule(id="base", effects=(Earn("points", 1, 100),))
FOOD = ("inCategory", [["food"]])
BIRTHDAY = ("member.birth_date", "anniversaryWithin")


def asks(field: str, operator: str, value: object) -> dict[str, object]:
    return {"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value}]}


def publish(conn: psycopg.Connection, counter: Counter, *rules: Rule, **more: object) -> StoredRulebook:
    units = workspace.units(conn, counter.program.id)
    about = context.of(conn, counter.program.id)
    book = msgspec.structs.replace(Rulebook(rules), **more)
    made = promotions.publish(
        conn, counter.program.id, book, units=units, known=about.known, effective_from=BEGINNING, now=NOW
    )
    assert isinstance(made, StoredRulebook), made
    context.forget()
    return made


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop where a point is worth 0.10, and a regular who has 10,000 of them."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    return counter


def of_lines(body: Body, name: str) -> list[int]:
    return [line[name] for line in cast("list[dict[str, int]]", body["lines"])]


def earned(body: Body) -> int:
    (part,) = cast("list[dict[str, int]]", body["points"])
    return part["earned"]


def told(body: Body) -> dict[str, str]:
    out: dict[str, str] = {}
    for one in cast("list[dict[str, str]]", body["explanation"]):
        out[one["rule"]] = "; ".join(filter(None, [out.get(one["rule"]), one["text"]]))
    return out


def bought(conn: psycopg.Connection, counter: Counter, receipt: Receipt) -> Body:
    """Quote, then sell by the quote: what was promised is what is done."""
    quote = quoted(conn, counter, receipt)
    assert not isinstance(quote, Refused), quote
    plain = msgspec.structs.replace(receipt, spend=[], quote=str(quote["quote"]))
    body = sold(conn, counter, plain)
    for name in ("to_pay", "lines", "points", "explanation"):
        assert body[name] == quote[name], name
    return body


def test_rules_look_at_goods_member_place_and_clock(conn: psycopg.Connection, counter: Counter) -> None:
    catalogue.upsert_goods(
        conn, counter.program.id, [NewGoods("sku-1", category=["food", "tea"]), NewGoods("sku-2")], now=NOW
    )
    new = NewMember(external_id="m-1", birth_date=NOW.date(), attributes={"pets": 2})
    members.upsert(conn, counter.program, [new], now=NOW)
    publish(
        conn,
        counter,
        BASE,
        Rule(
            id="tea",
            effects=(EarnMultiply(unit="points", times=300, rules=("base",), lines=asks("category", *FOOD)),),
        ),
        Rule(id="birthday", when=asks(*BIRTHDAY, 3), effects=(Earn("points", 10, 1000),)),
        Rule(id="pets", when=asks("member.attributes.pets", ">=", 2), effects=(Earn("points", 1, 5000),)),
        Rule(id="elsewhere", when=asks("place", "=", "spb-1"), effects=(Earn("points", 1, 50),)),
        Rule(id="wednesday", when=asks("weekday", "=", 3), effects=(Earn("points", 1, 10_000),)),
        Rule(id="tuesday", when=asks("weekday", "=", 2), effects=(Earn("points", 1, 50),)),
    )
    body = sold(conn, counter, sale("S-1", 30000, 15000))
    # 450 for all, twice 300 more for the tea, ten for every ten, nine for pets, four for the day.
    assert earned(body) == 450 + 600 + 450 + 9 + 4
    assert set(told(body)) == {"base", "tea", "birthday", "pets", "wednesday"}


def test_a_plain_sale_says_what_was_paid_and_a_quote_takes_off(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        BASE,
        Rule(
            id="ten",
            when=asks("amount", ">=", 40000),
            effects=(DiscountPercent(share=1000), PrintText(text={"en": "Thanks"})),
        ),
    )
    plain = sold(conn, counter, sale("S-1", 30000, 15000))
    assert earned(plain) == 450
    assert "to_pay" not in plain
    body = bought(conn, counter, sale("S-2", 30000, 15001))
    assert (body["to_pay"], of_lines(body, "discount"), earned(body)) == (40501, [3000, 1500], 405)
    assert told(body)["ten"] == "−45.00 RUB: 10.00 % off; a text for the slip"


def test_points_pay_what_discounts_leave_and_earn_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="half", effects=(DiscountPercent(share=5000, most=100_000),)))
    body = bought(conn, counter, sale("S-1", 30000, 10000, spend=ALL))
    assert body["to_pay"] == 0
    assert of_lines(body, "paid_with_points") == [15000, 5000]
    assert earned(body) == 0
    assert have(conn, counter).available == 8000


def test_a_rule_that_does_not_go_with_points(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="half", with_points=False, effects=(DiscountPercent(share=5000),)))
    assert bought(conn, counter, sale("S-1", 40000))["to_pay"] == 20000
    assert bought(conn, counter, sale("S-2", 40000, spend=spending(1000)))["to_pay"] == 30000


@pytest.mark.parametrize("parts", [[(1, "1")], [(1, "1"), (1, "1"), (2, "2")], [(2, "1"), (2, "1")]])
def test_what_comes_back_is_worth_what_was_paid_for_it(
    conn: psycopg.Connection, counter: Counter, parts: Sequence[tuple[int, str]]
) -> None:
    """Most of a threshold purchase goes back: its points go, and no discount is minted."""
    publish(
        conn,
        counter,
        BASE,
        Rule(id="large", when=asks("paid", ">=", 30000), effects=(EarnFixed(unit="points", points=50),)),
        Rule(id="off", when=asks("amount", ">=", 40000), effects=(DiscountAmount(amount=4000),)),
    )
    body = bought(conn, counter, sale("S-1", 30000, 15000))
    assert (body["to_pay"], earned(body)) == (41000, 410 + 50)
    taken = refund = 0
    for number, part in enumerate(parts):
        outcome = back(conn, counter, f"R-{number}", part)
        taken += points(outcome)[0]
        refund += cast("int", said(outcome)["refund"])
    left = {1: 2, 2: 2}
    for line, quantity in parts:
        left[line] -= int(quantity)
    kept = (27333 * left[1] + 1) // 2 + (13667 * left[2] + 1) // 2
    assert refund == 41000 - kept
    assert taken == 460 - (kept // 100 + (50 if kept >= 30000 else 0))
    assert have(conn, counter).available == 10_460 - taken


def test_a_held_receipt_keeps_its_discounts_when_a_part_is_captured(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="third", effects=(FreeUnits(of=3, free=1),)))
    goods = [Line("cup", "3", 30000), Line("pot", "1", 50000)]
    held = sold(conn, counter, sale("S-1", hold=True, spend=spending(1000), lines=goods))
    assert (held["to_pay"], of_lines(held, "discount")) == (60000, [10000, 0])
    done = said(step(conn, counter, "msk-1~~S-1", Capture(lines=[LineQuantity(1, "3")])))
    assert of_lines(done, "discount") == [10000]
    paid = 20000 - of_lines(done, "paid_with_points")[0]
    assert (done["to_pay"], earned(done)) == (paid, paid // 100)
    outcome = back(conn, counter, "R-1")
    assert (said(outcome)["refund"], points(outcome)[0]) == (paid, paid // 100)


def test_a_captured_whole_tells_the_lines_of_its_hold(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="tenth", effects=(DiscountPercent(share=1000),)))
    held = sold(conn, counter, sale("S-1", 30000, 15000, hold=True))
    done = said(step(conn, counter, "msk-1~~S-1", Capture()))
    assert (done["lines"], done["to_pay"]) == (held["lines"], held["to_pay"])


def test_nobody_has_the_discount_and_claims_the_points_later(conn: psycopg.Connection, counter: Counter) -> None:
    members.upsert(conn, counter.program, [NewMember(external_id="m-1", birth_date=NOW.date())], now=NOW)
    publish(
        conn,
        counter,
        BASE,
        Rule(id="tenth", effects=(DiscountPercent(share=1000),)),
        Rule(id="known", when=asks("member.known", "=", True), effects=(DiscountPercent(share=5000),)),
        Rule(id="birthday", when=asks(*BIRTHDAY, 0), effects=(Earn("points", 1, 1000),)),
    )
    body = bought(conn, counter, sale("S-1", 30000, member=None))
    assert (body["status"], body["to_pay"]) == ("unmatched", 27000)
    claimed = said(step(conn, counter, "msk-1~~S-1", Claim(VOUCHED)))
    assert earned(claimed) == 270 + 27
    outcome = back(conn, counter, "R-1", (1, "1"))
    assert (said(outcome)["refund"], points(outcome)[0]) == (13500, 135 + 14)


def test_a_receipt_remembers_what_it_knew(conn: psycopg.Connection, counter: Counter) -> None:
    """Goods that have moved and a birthday that was corrected change nothing of what a return takes back."""
    program = counter.program
    catalogue.upsert_goods(conn, program.id, [NewGoods("sku-1", category=["tea"])], now=NOW)
    members.upsert(conn, program, [NewMember(external_id="m-1", birth_date=NOW.date())], now=NOW)
    publish(
        conn,
        counter,
        Rule(id="tea", effects=(Earn("points", 1, 100, asks("category", "inCategory", [["tea"]])),)),
        Rule(id="birthday", when=asks(*BIRTHDAY, 0), effects=(Earn("points", 1, 100),)),
    )
    assert earned(sold(conn, counter, sale("S-1", 30000, 10000))) == 300 + 400
    catalogue.upsert_goods(conn, program.id, [NewGoods("sku-1", category=["coffee"])], now=NOW)
    born = (NOW + timedelta(days=100)).date()
    members.upsert(conn, program, [NewMember(external_id="m-1", birth_date=born)], now=NOW)
    context.forget()
    assert points(back(conn, counter, "R-1", (2, "2")))[0] == 100
    assert points(back(conn, counter, "R-2"))[0] == 600


def test_a_quote_whose_discount_has_changed_is_stale(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="tenth", effects=(DiscountPercent(share=1000),)))
    quote = cast("Body", quoted(conn, counter, sale("S-1", 30000)))
    publish(conn, counter, BASE, Rule(id="tenth", effects=(DiscountPercent(share=900),)))
    done = quoted(conn, counter, sale("S-1", 30000))
    assert isinstance(done, dict)
    assert done["to_pay"] == 27300

    assert refused(conn, counter, sale("S-1", 30000, quote=str(quote["quote"]))) == "stale-quote"


def test_every_rule_says_why_it_did_not_act(conn: psycopg.Connection, counter: Counter) -> None:
    publish(
        conn,
        counter,
        BASE,
        Rule(id="large", when=asks("paid", ">=", 10**9), effects=(EarnFixed(unit="points", points=5),)),
        Rule(id="paused", paused=True, effects=(Earn("points", 1, 50),)),
        Rule(id="three", effects=(FreeUnits(of=30, free=1),)),
        Rule(id="a", group="g", effects=(DiscountPercent(share=1000),)),
        Rule(id="b", group="g", effects=(DiscountPercent(share=2000),)),
    )
    about = context.of(conn, counter.program.id)

    answer = quoting.quote(conn, about, sale("S-1", 30000), now=NOW, everything=True)
    assert isinstance(answer, bytes)
    why = told(msgspec.json.decode(answer))
    assert why["large"] == "0: the condition does not hold"
    assert why["paused"] == "0: the rule is paused"
    assert why["three"] == "0: there was nothing for it"
    assert why["a"] == "0: another rule acts in its stead"
    assert why["b"] == "−60.00 RUB: 20.00 % off"


AMOUNTS = st.lists(st.integers(0, 60000), min_size=1, max_size=5)
RULES = st.lists(
    st.sampled_from(
        [
            Rule(id="percent", effects=(EarnPercent(unit="points", rate=333),)),
            Rule(id="double", effects=(EarnMultiply(unit="points", times=250, lines=asks("sku", "=", "sku-2")),)),
            Rule(id="off", priority=3, once_a_line=True, effects=(DiscountPercent(share=777),)),
            Rule(id="third", effects=(FreeUnits(of=3, free=1),)),
            Rule(id="rouble", group="x", when=asks("amount", ">=", 20_000), effects=(DiscountAmount(amount=12345),)),
            Rule(id="sku", group="x", effects=(DiscountPercent(share=1500, lines=asks("sku", "=", "sku-1")),)),
            Rule(id="large", when=asks("paid", ">=", 30000), effects=(Earn("points", 3, 7000),)),
            Rule(id="pure", with_points=False, effects=(DiscountPercent(share=300),)),
        ]
    ),
    unique_by=lambda rule: rule.id,
    max_size=6,
)


@given(RULES, AMOUNTS, st.integers(0, 4000), st.lists(st.tuples(st.integers(1, 5), st.integers(1, 2)), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quote_capture_and_sale_agree_and_any_split_of_a_return_is_the_whole(
    conn: psycopg.Connection,
    counter: Counter,
    rules: list[Rule],
    amounts: list[int],
    spend: int,
    parts: list[tuple[int, int]],
) -> None:
    with conn.transaction(force_rollback=True):
        publish(conn, counter, BASE, *rules)
        wish = spending(spend) if spend else []
        quote = quoted(conn, counter, sale("S-0", *amounts, spend=wish))
        if isinstance(quote, Refused):
            assert quote.reason == "over-limit"
            return
        before = have(conn, counter).available
        done = bought(conn, counter, sale("S-1", *amounts, spend=wish))
        held = sold(conn, counter, sale("S-2", *amounts, spend=wish, hold=True))
        captured = said(step(conn, counter, "msk-1~~S-2", Capture()))
        for name in ("to_pay", "lines", "points"):
            assert done[name] == held[name] == captured[name], name
        refund = 0
        left = dict.fromkeys(range(1, len(amounts) + 1), 2)
        for number, (line, quantity) in enumerate(parts):
            taken = min(quantity, left.get(line, 0))
            if taken:
                left[line] -= taken
                refund += cast("int", said(back(conn, counter, f"R-{number}", (line, str(taken))))["refund"])
        if any(left.values()):
            refund += cast("int", said(back(conn, counter, "R-rest"))["refund"])
        assert refund == done["to_pay"]
        spent = cast("list[dict[str, int]]", done["points"])[0]["spent"]
        assert have(conn, counter).available == before + earned(captured) - spent
    context.forget()


def test_what_rules_bring_besides_is_told_to_the_till_and_to_the_outbox(
    conn: psycopg.Connection, counter: Counter
) -> None:
    publish(
        conn,
        counter,
        BASE,
        Rule(
            id="thanks",
            when=asks("amount", ">=", 30000),
            effects=(
                Gift(sku="pen", units=2),
                GiveBadge(badge="regular", days=30),
                PrintText(text={"ru": "Спасибо", "en": "Thank you"}),
                EmitEvent(name="large_basket"),
            ),
        ),
    )
    wanted = [
        {"type": "gift", "rule": "thanks", "name": "pen", "units": 2},
        {"type": "give_badge", "rule": "thanks", "name": "regular", "days": 30},
        {"type": "print_text", "rule": "thanks", "text": "Thank you"},
    ]
    quote = cast("Body", quoted(conn, counter, sale("S-1", 30000)))
    assert quote["effects"] == wanted
    assert sold(conn, counter, sale("S-1", 30000, quote=str(quote["quote"])))["effects"] == wanted
    assert "effects" not in sold(conn, counter, sale("S-2", 20000))
    sold(conn, counter, sale("S-3", 30000, hold=True))
    emitted = "SELECT body ->> 'name' FROM kit_event WHERE type = 'rule.event.v1'"
    assert conn.execute(emitted).fetchall() == [("large_basket",)], "a hold has not happened yet"
    step(conn, counter, "msk-1~~S-3", Capture())
    assert len(conn.execute(emitted).fetchall()) == 2
