"""One receipt by hand: every rule with its reason; a typed one is what a till would be quoted."""

from datetime import UTC, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.builders import NOW
from tests.intake.conftest import Counter
from tests.intake.test_rulebooks import BASE, asks, earned, of_lines, publish
from tests.intake.tillwork import ALL, give, quoted, rule, sale, sold
from tests.replay.test_replay import EVER
from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.intake import context
from verno.intake.types import Refusal, Refused, Wish
from verno.kit.ids import new_id
from verno.ledger import service as posting
from verno.ledger.types import Earn as Gift
from verno.ledger.types import Operation, Posted
from verno.predicate.types import Language
from verno.promotions import queries as promotions
from verno.promotions import service as promoting
from verno.promotions.types import NotPublished, Paused
from verno.replay import service, trying
from verno.replay.trying import Chosen
from verno.replay.types import Report, RuleTold, Spending, Waterfall
from verno.rules.effects import DiscountPercent, Earn, EarnPercent, FreeUnits
from verno.rules.types import Budget, Counts, Rule, Rulebook
from verno.workspace import audit
from verno.workspace import service as workspace
from verno.workspace.types import NewUnit, Unit

ENGLISH = Language("en", str, lambda one, many, n: one if n == 1 else many, UTC)


@pytest.fixture
def shop(conn: psycopg.Connection, counter: Counter) -> Counter:
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    catalogue.upsert_goods(conn, counter.program.id, [NewGoods("sku-1", category=["tea"])], now=NOW)
    publish(conn, counter, BASE)
    return counter


def book(conn: psycopg.Connection, counter: Counter, *rules: Rule) -> Chosen:
    context.forget()
    found = trying.chosen(context.of(conn, counter.program.id), Rulebook(rules), now=NOW)
    assert isinstance(found, Chosen), found
    return found


def in_force(conn: psycopg.Connection, counter: Counter) -> Chosen:
    context.forget()
    about = context.of(conn, counter.program.id)
    holds = promotions.at(about.rulebooks, NOW)
    assert holds is not None
    found = trying.chosen(about, holds.rulebook, id_=holds.id, now=NOW)
    assert isinstance(found, Chosen)
    return found


def of_stored(conn: psycopg.Connection, counter: Counter, number: str, by: Chosen) -> Waterfall:
    (named,) = trying.named(conn, counter.program.id, number)
    past = trying.stored(conn, by.context, named.id, now=NOW)
    assert past is not None
    return trying.of_stored(past, by, ENGLISH)


def by_rule(found: Waterfall) -> dict[str, RuleTold]:
    return {one.rule: one for one in found.rules}


TEA = asks("category", "inCategory", [["tea"]])
RULES = (
    BASE,
    Rule(id="tea", name="Tea week", group="off", effects=(DiscountPercent(share=2000, lines=TEA),)),
    Rule(id="small", group="off", effects=(DiscountPercent(share=100),)),
    Rule(id="rich", when=asks("amount", ">=", 999_999), effects=(Earn("points", 1, 50),)),
    Rule(id="third", effects=(FreeUnits(of=30, free=1),)),
    Rule(id="paid-in-full", with_points=False, effects=(Earn("points", 1, 100),)),
)


def test_every_rule_says_why(conn: psycopg.Connection, shop: Counter) -> None:
    """300.00 of tea and 100.00: tea takes 60.00 off, which is more than 1 % of all; 340 points for what is paid."""
    sold(conn, shop, sale("S-1", 30000, 10000, spend=ALL[:0]))
    found = of_stored(conn, shop, "S-1", book(conn, shop, *RULES))
    assert (found.price, found.discount, found.to_pay, found.points) == (40000, 6000, 34000, {"points": 680})
    told = by_rule(found)
    assert list(told) == [one.id for one in RULES]
    assert [(one.rule, one.acts, one.why) for one in found.rules] == [
        ("base", True, ""),
        ("tea", True, ""),
        ("small", False, "rival"),
        ("rich", False, "condition"),
        ("third", False, "nothing"),
        ("paid-in-full", True, ""),
    ]
    assert told["small"].lost_to == ("Tea week",)
    ((helps, text),) = told["rich"].reasons
    assert not helps
    assert "sum before discounts" in text
    assert "400" in text
    assert "340 for" not in told["base"].fired[0].text
    assert told["base"].fired[0].fired.points == 340
    assert told["tea"].fired[0].fired.lines == ((1, 6000),)
    assert found.worth == 6000 + 6800


def test_a_stored_one_says_what_a_replay_counts(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000, 10000))
    report = service.run(conn, context.of(conn, shop.program.id), Rulebook(RULES), EVER, step=lambda _: None, now=NOW)
    assert isinstance(report, Report)
    (most,) = report.biggest
    draft, current = (
        of_stored(conn, shop, "S-1", book(conn, shop, *RULES)),
        of_stored(conn, shop, "S-1", in_force(conn, shop)),
    )
    assert (most.draft, most.current) == (draft.worth, current.worth)


def test_a_typed_one_is_what_a_till_is_quoted(conn: psycopg.Connection, shop: Counter) -> None:
    publish(conn, shop, *RULES)
    typed = sale("S-9", 30000, 10000, spend=ALL)
    quote = quoted(conn, shop, typed)
    assert isinstance(quote, dict)
    found = trying.typed(conn, typed, in_force(conn, shop), ENGLISH, now=NOW)
    assert isinstance(found, Waterfall)
    assert (found.discount, found.to_pay) == (sum(of_lines(quote, "discount")), quote["to_pay"])
    assert found.points.get("points", 0) == earned(quote)
    assert by_rule(found)["paid-in-full"].why == "points"


def typed(conn: psycopg.Connection, shop: Counter, by: Chosen, *wishes: Wish) -> Waterfall | Refused:
    return trying.typed(conn, sale("S-9", 30000, 10000, spend=list(wishes)), by, ENGLISH, now=NOW)


def test_points_pay_a_typed_one_as_at_a_till(conn: psycopg.Connection, shop: Counter) -> None:
    """A point pays 0.10: 1000 pay 100.00 of 400.00, three quarters of it of the first line."""
    publish(conn, shop, *RULES)
    quote = quoted(conn, shop, sale("S-9", 30000, 10000, spend=[Wish("points", 1000)]))
    assert isinstance(quote, dict)
    found = typed(conn, shop, in_force(conn, shop), Wish("points", 1000))
    assert isinstance(found, Waterfall)
    assert found.spending == Spending({"points": 1000}, 100, 34000, is_cut=False)
    assert (found.price, found.discount, found.by_points, found.to_pay) == (40000, 6000, 10000, quote["to_pay"])
    assert [line.by_points for line in found.lines] == of_lines(quote, "paid_with_points")
    assert found.points == {"points": 240} == {"points": earned(quote)}
    assert by_rule(found)["paid-in-full"].why == "points"
    assert conn.execute("SELECT count(*) FROM intake_receipt").fetchone() == (0,)


def test_points_pay_no_more_than_their_share(conn: psycopg.Connection, shop: Counter) -> None:
    """Half of 340.00 is 1700 points: who asks for 1701 is refused at a till, and is told here what half is."""
    rule(conn, shop, "spend.max_share", 50)
    by = book(conn, shop, *RULES)
    enough, cut, most = (typed(conn, shop, by, wish) for wish in (Wish("points", 1700), Wish("points", 1701), ALL[0]))
    half = Spending({"points": 1700}, 50, 17000, is_cut=False)
    assert isinstance(enough, Waterfall)
    assert isinstance(cut, Waterfall)
    assert isinstance(most, Waterfall)
    assert (enough.spending, cut.spending, most.spending) == (half, replace(half, is_cut=True), half)
    assert enough.points == cut.points == most.points == {"points": 170}
    assert (enough.to_pay, cut.to_pay) == (17000, 17000)


def test_of_two_units_the_last_has_what_the_first_leaves(conn: psycopg.Connection, shop: Counter) -> None:
    """Stars are worth 1.00 each: 1000 points pay 100.00 of 200.00, so that no more than 100 of 300 stars have room."""
    (stars,) = workspace.add_units(conn, shop.program.id, [NewUnit("stars")], now=NOW)
    assert isinstance(stars, Unit)
    rule(conn, shop, "spend.value", 100, scope="unit=stars")
    entry = Gift(shop.member_id, stars.id, 500, NOW - timedelta(days=1))
    gift = Operation("gift/stars", new_id(now=NOW), shop.member_id, "00", (entry,))
    assert isinstance(posting.post(conn, shop.program.id, [gift], now=NOW)[0], Posted)
    rule(conn, shop, "spend.max_share", 50)
    by = in_force(conn, shop)
    for wishes, points in (
        ((Wish("points", 1000), Wish("stars", 300)), {"points": 1000, "stars": 100}),
        ((Wish("stars", 300), Wish("points", 1000)), {"stars": 200}),
        ((Wish("points", 1000), Wish("stars", 100)), {"points": 1000, "stars": 100}),
    ):
        found = typed(conn, shop, by, *wishes)
        assert isinstance(found, Waterfall)
        assert found.spending == Spending(points, 50, 20000, is_cut=wishes[1].points != 100)


def test_what_cannot_be_spent(conn: psycopg.Connection, shop: Counter) -> None:
    by = in_force(conn, shop)
    for receipt, reason in (
        (sale("S-9", 30000, spend=[Wish("points", 10_001)]), Refusal.INSUFFICIENT_POINTS),
        (sale("S-9", 30000, member=None, spend=ALL), Refusal.UNKNOWN_MEMBER),
        (sale("S-9", 30000, spend=[Wish("stars", 1)]), Refusal.INVALID),
    ):
        no = trying.typed(conn, receipt, by, ENGLISH, now=NOW)
        assert isinstance(no, Refused)
        assert no.reason is reason


def test_a_plain_book_tells_its_rules_too(conn: psycopg.Connection, shop: Counter) -> None:
    found = trying.typed(conn, sale("S-9", 12345), in_force(conn, shop), ENGLISH, now=NOW)
    assert isinstance(found, Waterfall)
    assert (found.points, found.to_pay, by_rule(found)["base"].acts) == ({"points": 123}, 12345, True)


def test_what_is_paused_or_spent_is_told(conn: psycopg.Connection, shop: Counter) -> None:
    once = Rule(id="once", effects=(EarnPercent(unit="points", rate=100),), budgets=(Budget(Counts.USES, 1),))
    publish(conn, shop, BASE, once)
    for number in ("S-1", "S-2"):
        sold(conn, shop, sale(number, 30000))
    assert by_rule(of_stored(conn, shop, "S-1", in_force(conn, shop)))["once"].acts
    assert by_rule(of_stored(conn, shop, "S-2", in_force(conn, shop)))["once"].why == "budget"
    promoting.pause(conn, shop.program.id, Paused.RULE, "once", by=audit.SYSTEM, now=NOW)
    typed = trying.typed(conn, sale("S-9", 30000), in_force(conn, shop), ENGLISH, now=NOW)
    assert isinstance(typed, Waterfall)
    assert by_rule(typed)["once"].why == "paused"
    context.forget()
    sold(conn, shop, sale("S-3", 30000))
    assert by_rule(of_stored(conn, shop, "S-3", in_force(conn, shop)))["once"].why == "paused"


def test_a_receipt_of_nobody_has_its_discounts(conn: psycopg.Connection, shop: Counter) -> None:
    sold(conn, shop, sale("S-1", 30000, member=None))
    off = book(conn, shop, BASE, Rule(id="off", effects=(DiscountPercent(share=1000),)))
    stored = of_stored(conn, shop, "S-1", off)
    typed = trying.typed(conn, sale("S-9", 30000, member=None), off, ENGLISH, now=NOW)
    assert isinstance(typed, Waterfall)
    for found in (stored, typed):
        assert (found.discount, found.points, found.member) == (3000, {}, None)
    assert isinstance(
        trying.typed(conn, sale("S-9", 100, member=None), in_force(conn, shop), ENGLISH, now=NOW), Waterfall
    )


def test_what_is_not_there_or_wrong(conn: psycopg.Connection, shop: Counter) -> None:
    for text in ("", "S-77", "\0", "%"):
        assert trying.named(conn, shop.program.id, text) == []
    sold(conn, shop, sale("S-1", 30000))
    (one,) = trying.named(conn, shop.program.id, "S-1", place="msk-1")
    assert trying.named(conn, shop.program.id, "S-1", place="nowhere") == []
    assert trying.named(conn, shop.program.id, one.id) == [one]
    here = in_force(conn, shop)
    assert trying.stored(conn, here.context, shop.member_id, now=NOW) is None
    wrong = trying.typed(conn, sale("S-1", 100, place="nowhere"), here, ENGLISH, now=NOW)
    assert isinstance(wrong, Refused)
    assert wrong.field == "place"
    bad = trying.chosen(
        here.context, Rulebook((Rule(id="a", when=asks("moon", "=", 1), effects=(Earn("points", 1, 100),)),)), now=NOW
    )
    assert isinstance(bad, NotPublished)
    assert "there is no field" in bad.reasons[0]
