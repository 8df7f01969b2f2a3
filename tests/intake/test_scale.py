"""A rule takes off what a turnover scale, or a contract, gives; the rulebook says how it goes with others."""

from datetime import date
from typing import cast

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, asks, publish
from tests.intake.test_tracks import LONG_AGO, stands
from tests.intake.tillwork import back, quoted, rule, said, sale, settle, sold
from verno.intake import context
from verno.intake.returns.types import Original
from verno.progress import queries, service
from verno.progress.types import Agreement, Fresh, Lifetime, Metric, NotPublished, Scale, Step, Track
from verno.promotions import service as promotions
from verno.promotions.types import NotPublished as NoRulebook
from verno.rules.effects import DiscountPercent, EarnPercent, Rates
from verno.rules.types import Rule, Rulebook
from verno.workspace import queries as workspace
from verno.workspace.audit import SYSTEM

pytestmark = pytest.mark.usefixtures("honest")

TURNOVER = Track(
    code="turnover",
    metric=Metric.SPEND,
    window=Lifetime(),
    steps=(Step(code="five", threshold=50_000, share=500), Step(code="ten", threshold=200_000, share=1000)),
    settings=Scale(),
)
SCALE = Rule(id="scale", effects=(DiscountPercent(share=1, by=Rates("scale.turnover")),))


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    counter = open_counter(conn)
    about = context.of(conn, counter.program.id)
    done = service.publish(conn, counter.program, TURNOVER, Fresh(date(2020, 1, 1)), known=about.known, now=LONG_AGO)
    assert not isinstance(done, NotPublished), done
    context.forget()
    return counter


def off(answer: object) -> int:
    """Return what an answer takes off: the price of the lines less what is to pay."""
    told = cast("dict[str, int]", answer)
    lines = cast("list[dict[str, int]]", told["lines"])
    return sum(line["discount"] for line in lines)


def sell(conn: psycopg.Connection, counter: Counter, number: str, amount: int) -> int:
    """Return what is taken off a sale as it is quoted, and see that it is settled so."""
    quote = quoted(conn, counter, sale(number, amount))
    assert isinstance(quote, dict)
    token = str(quote["quote"])
    told = said(settle(conn, counter, sale(number, amount, quote=token))[0])
    assert off(quote) == off(told)
    return off(told)


def test_the_share_grows_with_turnover_and_a_contract_says_another(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, SCALE)
    assert sell(conn, counter, "S-1", 60_000) == 0
    assert sell(conn, counter, "S-2", 10_000) == 500
    on = queries.judging(conn, counter.program, now=NOW)
    wanted = Agreement(owner_id=counter.member_id, track="turnover", share=900, first=date(2026, 1, 1))
    service.agree(conn, counter.program.id, [wanted], on=on, by=SYSTEM, now=NOW)
    assert sell(conn, counter, "S-3", 10_000) == 900
    assert stands(conn, counter, "turnover").value == 60_000 + 9_500 + 9_100
    gone = said(back(conn, counter, "R-3", (1, "1"), original=Original(place="msk-1", number="S-3")))
    assert gone["refund"] == 9_100 // 2, "by the share of the sale's time"
    assert stands(conn, counter, "turnover").value == 60_000 + 9_500 + 9_100 // 2


@pytest.mark.parametrize(("group", "expected"), [("one", 1_000), (None, 1_500)], ids=["larger", "sum"])
def test_the_larger_one_or_the_sum(
    conn: psycopg.Connection, counter: Counter, group: str | None, expected: int
) -> None:
    rules = (
        Rule(id="scale", group=group, effects=SCALE.effects),
        Rule(id="week", group=group, when=asks("amount", "<", 20_000), effects=(DiscountPercent(share=1000),)),
    )
    publish(conn, counter, BASE, *rules)
    sold(conn, counter, sale("S-1", 60_000))
    quote = quoted(conn, counter, sale("S-2", 10_000))
    assert expected - 50 <= off(quote) <= expected


def test_points_by_the_scale(conn: psycopg.Connection, counter: Counter) -> None:
    rule(conn, counter, "spend.value", 10)
    context.forget()
    publish(conn, counter, Rule(id="scale", effects=(EarnPercent(unit="points", rate=0, by=Rates("scale.turnover")),)))
    sold(conn, counter, sale("S-1", 60_000))
    told = sold(conn, counter, sale("S-2", 10_000))
    assert cast("list[dict[str, int]]", told["points"])[0]["earned"] == 500 // 10
    gone = said(back(conn, counter, "R-2", (1, "1"), original=Original(place="msk-1", number="S-2")))
    assert cast("list[dict[str, int]]", gone["points"])[0]["taken_back"] == 250 // 10, "the share is remembered"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (Rates("scale.other"), "there is no turnover scale other"),
        (Rates("scale.turnover", {"five": 1}), "a turnover scale says its own rates"),
    ],
)
def test_what_is_no_scale(conn: psycopg.Connection, counter: Counter, by: Rates, words: str) -> None:
    book = Rulebook((BASE, Rule(id="scale", effects=(DiscountPercent(share=1, by=by),))))
    units, known = workspace.units(conn, counter.program.id), context.of(conn, counter.program.id).known
    done = promotions.publish(conn, counter.program.id, book, units=units, known=known, effective_from=NOW, now=NOW)
    assert isinstance(done, NoRulebook)
    assert any(words in reason for reason in done.reasons), done.reasons
