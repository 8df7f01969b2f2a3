"""Some members keep an earlier version of the rules for a while, and everybody else pays nothing for it."""

from datetime import date, timedelta
from typing import cast

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BEGINNING, NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import AMOUNTS, BASE, RULES, Body, asks, bought, earned, publish
from tests.intake.tillwork import back, give, have, points, quoted, rule, said, sale, sold, spending, step
from verno.intake import context
from verno.intake.reading import explaining, state
from verno.intake.steps.types import Capture, Claim
from verno.intake.types import ById, MemberRef, Refused
from verno.ledger import queries as ledger
from verno.members import queries as finding
from verno.members import service as members
from verno.members.types import NewBadge, NewMember
from verno.promotions import service as promotions
from verno.promotions.types import NotPublished, Paused, StoredRulebook
from verno.replay import service as replay
from verno.replay.types import Period
from verno.rules.effects import Earn, EarnFixed, Tree
from verno.rules.types import Budget, Counts, Keep, Rule, Rulebook
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind

pytestmark = pytest.mark.usefixtures("honest")

TODAY = date(2026, 11, 25)
UNTIL = date(2026, 12, 31)
OLD = asks("member.badges", "hasAny", ["old"])
OTHER = MemberRef(external_id="m-2")
POOR = Rule(id="base", effects=(Earn("points", 1, 1000),))
KEPT = {
    "version": 1,
    "until": "2026-12-31",
    "text": "by version 1 of the rules, which this member keeps through Dec. 31, 2026",
}


def keep(members_: Tree = OLD, until: date = UNTIL, version: int = 0) -> tuple[Keep, ...]:
    return (Keep(members_, until, version),)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """Version 1 gives a point for 1.00, version 2 for 10.00; the regular, an old friend, keeps the first."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 10)
    give(conn, counter, 10_000)
    members.upsert(conn, counter.program, [NewMember(external_id="m-2")], now=NOW)
    members.give_badges(conn, counter.program.id, [NewBadge(counter.member_id, "old", None, "staff")], now=NOW)
    publish(conn, counter, POOR, keeps=keep())
    return counter


def refusal(conn: psycopg.Connection, counter: Counter, *keeps: Keep, rules: tuple[Rule, ...] = (POOR,)) -> str:
    about = context.of(conn, counter.program.id)
    found = promotions.publish(
        *(conn, counter.program.id, Rulebook(rules, keeps=keeps)),
        units=workspace.units(conn, counter.program.id),
        known=about.known,
        effective_from=NOW,
        now=NOW,
    )
    assert isinstance(found, NotPublished), found
    return "; ".join(found.reasons)


def test_who_keeps_the_earlier_version_is_judged_by_it(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale("S-1", 10_000))
    assert (earned(body), body["kept"]) == (100, KEPT)
    body = sold(conn, counter, sale("S-2", 10_000, member=OTHER))
    assert (earned(body), body.get("kept")) == (10, None)
    assert "kept" not in sold(conn, counter, sale("S-3", 10_000, member=None))


def test_until_the_last_day_is_over_at_the_place(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, POOR, keeps=keep(until=TODAY, version=1))
    late = NOW.replace(hour=20, minute=59)
    assert earned(sold(conn, counter, sale("S-1", 10_000, at=late))) == 100
    assert earned(sold(conn, counter, sale("S-2", 10_000, at=late + timedelta(minutes=1)))) == 10, "midnight in Moscow"


def test_as_the_member_is_at_the_receipts_moment(conn: psycopg.Connection, counter: Counter) -> None:
    members.upsert(conn, counter.program, [NewMember(external_id="m-3")], now=NOW)
    assert earned(sold(conn, counter, sale("S-1", 10_000, member=MemberRef(external_id="m-3")))) == 10
    key = ("external_id", "m-3")
    (id_,) = finding.find_holders(conn, counter.program.id, [key]).values()
    members.give_badges(conn, counter.program.id, [NewBadge(id_, "old", NOW + timedelta(days=1), "staff")], now=NOW)
    assert earned(sold(conn, counter, sale("S-2", 10_000, member=MemberRef(external_id="m-3")))) == 100
    assert points(back(conn, counter, "R-1"))[0] == 10, "a return goes by the book of its own sale"


def test_a_return_goes_by_the_book_of_its_own_sale(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 10_000, 5_000))
    publish(conn, counter, POOR)
    assert points(back(conn, counter, "R-1", (2, "2")))[0] == 50
    assert points(back(conn, counter, "R-2"))[0] == 100
    assert earned(sold(conn, counter, sale("S-2", 10_000))) == 10, "the next version keeps nobody"


def test_a_claim_is_judged_by_what_its_member_keeps(conn: psycopg.Connection, counter: Counter) -> None:
    for number, member, gives in ((1, "m-1", 100), (2, "m-2", 10)):
        code = str(sold(conn, counter, sale(f"S-{number}", 10_000, member=None))["claim_code"])
        body = said(step(conn, counter, code, Claim(MemberRef(external_id=member), claim_code=code)))
        assert (earned(body), body.get("kept")) == (gives, KEPT if member == "m-1" else None)


def test_it_is_told_whoever_asks_why(conn: psycopg.Connection, counter: Counter) -> None:
    quote = cast("Body", quoted(conn, counter, sale("S-1", 10_000)))
    assert quote["kept"] == KEPT
    body = sold(conn, counter, sale("S-1", 10_000, quote=str(quote["quote"])))
    about = context.of(conn, counter.program.id)
    one = state.find(conn, about, ById(str(body["id"])))
    assert one is not None
    stands = msgspec.json.decode(state.answer_of(about, one, now=NOW), type=dict[str, object])
    assert stands["kept"] == KEPT
    made = next(row for row in ledger.transfers(conn, counter.member_id) if row.operation_id == body["id"])
    told = explaining.transfer(conn, about, made.id, locale="en", everything=True)
    assert told is not None
    assert told.kept == KEPT["text"]
    assert [(one.rule, one.per) for one in told.rules] == [("base", 100)]


def test_what_a_kept_version_keeps_is_not_asked(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, Rule(id="base", effects=(Earn("points", 1, 2000),)), keeps=keep())
    assert earned(sold(conn, counter, sale("S-1", 10_000))) == 10, "version 2, as it is"
    both = (*keep(version=1), *keep(asks("member.known", "=", True), version=2))
    publish(conn, counter, Rule(id="base", effects=(Earn("points", 1, 2000),)), keeps=both)
    assert earned(sold(conn, counter, sale("S-2", 10_000))) == 100, "the first that fits counts"
    assert earned(sold(conn, counter, sale("S-3", 10_000, member=OTHER))) == 10


def test_a_pause_reaches_the_kept_version_and_budgets_are_its_own(conn: psycopg.Connection, counter: Counter) -> None:
    gift = Rule(
        id="gift",
        effects=(EarnFixed(unit="points", points=7),),
        when=asks("paid", ">=", 100),
        budgets=(Budget(Counts.USES, 1),),
    )
    publish(conn, counter, BASE, gift)
    publish(conn, counter, POOR, keeps=keep())
    assert [earned(sold(conn, counter, sale(f"S-{n}", 10_000))) for n in (1, 2)] == [107, 100]
    by = Actor(ActorKind.STAFF, "anna")
    promotions.pause(conn, counter.program.id, Paused.RULE, "base", by=by, now=NOW)
    publish(conn, counter, Rule(id="other", effects=(Earn("points", 1, 50),)), keeps=keep(version=3))
    context.forget()
    assert earned(sold(conn, counter, sale("S-3", 10_000))) == 0, "base is paused, gift is spent"


def test_what_may_not_be_kept(conn: psycopg.Connection, counter: Counter) -> None:
    line: Tree = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "tea"}]}
    assert "keeps.0.members" in refusal(conn, counter, *keep(line))
    assert "keeps.0.members" in refusal(conn, counter, *keep(asks("paid", ">=", 1)))
    assert "keeps.0.members" in refusal(conn, counter, *keep(asks("member.shoes", "=", 1)))
    assert "2026-11-24 is over" in refusal(conn, counter, *keep(until=TODAY - timedelta(days=1)))
    assert "version 9 has not held" in refusal(conn, counter, *keep(version=9))
    kinds = [{"field": "member.kind", "operator": "=", "value": kind} for kind in ("person", "company")]
    nobody: Tree = {"combinator": "and", "rules": kinds}
    assert "nobody can be so" in refusal(conn, counter, *keep(nobody))
    assert "keeps" in refusal(conn, counter, *keep() * 4)


def test_the_first_version_has_nothing_to_keep(conn: psycopg.Connection) -> None:
    counter = open_counter(conn)
    about = context.of(conn, counter.program.id)
    found = promotions.publish(
        *(conn, counter.program.id, Rulebook((POOR,), keeps=keep())),
        units=workspace.units(conn, counter.program.id),
        known=about.known,
        effective_from=BEGINNING - timedelta(days=1),
        now=NOW,
    )
    assert isinstance(found, NotPublished)
    assert "there is no earlier version" in found.reasons[0]


def test_a_roll_back_keeps_what_still_lasts(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE)
    by = Actor(ActorKind.STAFF, "anna")
    units = workspace.units(conn, counter.program.id)
    known = context.of(conn, counter.program.id).known
    for now, keeps in ((NOW, [1]), (NOW + timedelta(days=60), [])):
        done = promotions.roll_back(conn, counter.program.id, 2, units=units, known=known, by=by, now=now)
        assert isinstance(done, StoredRulebook), done
        assert [one.version for one in done.rulebook.keeps] == keeps


@given(RULES, RULES, AMOUNTS, st.integers(0, 2000), st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quote_sale_capture_return_and_replay_agree(
    conn: psycopg.Connection,
    counter: Counter,
    before: list[Rule],
    after: list[Rule],
    amounts: list[int],
    spend: int,
    old: bool,
) -> None:
    with conn.transaction(force_rollback=True):
        member = MemberRef(external_id="m-1")
        mine = OLD if old else asks("member.badges", "hasAny", ["new"])
        first = publish(conn, counter, BASE, *before)
        publish(conn, counter, POOR, *after, keeps=keep(mine, version=first.version))
        wish = spending(spend) if spend else []
        quote = quoted(conn, counter, sale("S-0", *amounts, member=member, spend=wish))
        if isinstance(quote, Refused):
            assert quote.reason == "over-limit"
            return
        has = have(conn, counter).available
        done = bought(conn, counter, sale("S-1", *amounts, member=member, spend=wish))
        held = sold(conn, counter, sale("S-2", *amounts, member=member, spend=wish, hold=True))
        captured = said(step(conn, counter, "msk-1~~S-2", Capture()))
        assert ("kept" in done) == old
        for name in ("to_pay", "lines", "points"):
            assert done[name] == held[name] == captured[name] == quote[name], name
        said(back(conn, counter, "R-1"))
        spent = cast("list[dict[str, int]]", done["points"])[0]["spent"]
        assert have(conn, counter).available == has + earned(captured) - spent
        context.forget()
        about = context.of(conn, counter.program.id)
        whole = about.rulebooks[0].rulebook
        report = replay.run(
            conn, about, whole, Period(BEGINNING, NOW + timedelta(days=1)), step=lambda _: None, now=NOW
        )
        assert not isinstance(report, NotPublished)
        assert report.current.points.get("points", 0) == earned(captured), "S-1 came back"
        assert report.change == 0
    context.forget()
