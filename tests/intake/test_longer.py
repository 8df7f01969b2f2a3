"""Rules that let points live longer: sold, captured, claimed, quoted, explained, and taken back again."""

from datetime import date, datetime, timedelta
from typing import cast

import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, Body, asks, publish, told
from tests.intake.tillwork import back, give, have, points, quoted, rule, said, sale, sold, spending, step
from verno.intake import context
from verno.intake.reading import explaining
from verno.intake.steps.types import Cancel, Capture, Claim
from verno.intake.types import MemberRef
from verno.ledger import queries as ledger
from verno.ledger import service as posting
from verno.rules.effects import ExtendExpiry
from verno.rules.types import Rule

pytestmark = pytest.mark.usefixtures("honest")

SOON = NOW + timedelta(days=10)
LONGER = Rule(
    id="longer",
    when=asks("paid", ">=", 20_000),
    effects=(ExtendExpiry(unit="points", within=30, days=60),),
)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop whose regular has 50 points that end in ten days, 30 that end in fifty, and 20 that never do."""
    counter = open_counter(conn)
    rule(conn, counter, "spend.value", 100)
    for number, days in ((50, 10), (30, 50), (20, None)):
        give(conn, counter, number, expires_at=None if days is None else NOW + timedelta(days=days))
    publish(conn, counter, BASE, LONGER)
    return counter


def ends(conn: psycopg.Connection, counter: Counter, now: datetime = NOW) -> dict[int, int]:
    """Return what the regular has by when it ends, in days from now; what never ends is not there."""
    found = ledger.expiring(conn, counter.member_id, now=now)
    return {(one.expires_at - NOW).days: one.points for one in found}


def kinds(conn: psycopg.Connection, counter: Counter) -> list[str]:
    rows = ledger.transfers(conn, counter.member_id)
    return [f"{one.kind} {one.points:+}" for one in reversed(rows)]


def test_a_purchase_lets_what_ends_soon_live_longer(conn: psycopg.Connection, counter: Counter) -> None:
    before = have(conn, counter)
    body = sold(conn, counter, sale("S-1", 20_000))
    assert told(body)["longer"] == "points that end within 30 days live 60 days longer"
    assert body["effects"] == [{"type": "extend_expiry", "rule": "longer", "name": "points", "days": 60, "within": 30}]
    assert ends(conn, counter) == {50: 30, 70: 50}
    assert have(conn, counter).available == before.available + 200
    assert have(conn, counter, SOON + timedelta(days=1)).available == before.available + 200
    sold(conn, counter, sale("S-2", 20_000))
    assert ends(conn, counter) == {50: 30, 70: 50}, "what no longer ends soon stays"
    assert "effects" not in sold(conn, counter, sale("S-3", 19_999))


def test_the_same_receipt_again_lengthens_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    first = sold(conn, counter, sale("S-1", 20_000))
    assert sold(conn, counter, sale("S-1", 20_000)) == first
    assert kinds(conn, counter).count("extend +50") == 1


def test_a_quote_says_it_and_writes_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    quote = cast("Body", quoted(conn, counter, sale("S-1", 20_000)))
    assert quote["effects"] == [{"type": "extend_expiry", "rule": "longer", "name": "points", "days": 60, "within": 30}]
    assert ends(conn, counter) == {10: 50, 50: 30}


def test_a_date_is_a_date_of_the_place_and_never_an_earlier_one(conn: psycopg.Connection, counter: Counter) -> None:
    until = date(2026, 12, 31)
    publish(conn, counter, Rule(id="year", effects=(ExtendExpiry(unit="points", within=365, until=until),)))
    body = sold(conn, counter, sale("S-1", 100))
    assert told(body)["year"] == "points that end within 365 days live through Dec. 31, 2026"
    assert body["effects"] == [
        {"type": "extend_expiry", "rule": "year", "name": "points", "within": 365, "until": "2026-12-31"}
    ]
    found = {one.expires_at.isoformat(): one.points for one in ledger.expiring(conn, counter.member_id, now=NOW)}
    assert found == {"2026-12-31T21:00:00+00:00": 50, (NOW + timedelta(days=50)).isoformat(): 30}


def test_a_return_takes_it_back_from_what_is_still_there(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 20_000))
    sold(conn, counter, sale("S-2", 15_000, spend=spending(35)))
    assert ends(conn, counter) == {70: 45}, "those that end first went first: 30, then 5"
    assert points(back(conn, counter, "R-1")) == (200, 0)
    assert ends(conn, counter) == {10: 45}
    assert kinds(conn, counter)[-3:] == ["extend -45", "extend +45", "take_back -200"]
    assert have(conn, counter, SOON).available == 20 + 115


def test_what_would_be_over_by_now_is_over(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 20_000))
    later = SOON + timedelta(days=5)
    posting.settle_due(conn, counter.program.id, now=later)
    assert have(conn, counter, later).available == 100 + 200
    back(conn, counter, "R-1", now=later)
    assert have(conn, counter, later).available == 50
    expired = [one for one in ledger.transfers(conn, counter.member_id) if one.kind == "expire"]
    assert [(one.points, one.at) for one in expired] == [(-50, SOON)], "dated when it would have ended"


def test_a_part_that_still_deserves_it_keeps_it(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 20_000, 10_000))
    back(conn, counter, "R-1", (2, "2"))
    assert ends(conn, counter)[70] == 50
    back(conn, counter, "R-2", (1, "1"))
    assert ends(conn, counter)[10] == 50


def test_a_hold_lengthens_when_it_is_captured(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 30_000, spend=spending(60), hold=True))
    assert ends(conn, counter) == {50: 20}, "50 and 10 are set aside"
    said(step(conn, counter, "msk-1~~S-1", Capture()))
    assert ends(conn, counter) == {50: 20}, "they were spent"
    give(conn, counter, 7, expires_at=SOON)
    sold(conn, counter, sale("S-2", 30_000, spend=spending(3), hold=True))
    sold(conn, counter, sale("S-3", 30_000))
    assert ends(conn, counter) == {50: 20, 70: 4}, "what is set aside keeps its end"
    said(step(conn, counter, "msk-1~~S-2", Cancel()))
    assert ends(conn, counter) == {10: 3, 50: 20, 70: 4}


def test_a_claim_lengthens_too(conn: psycopg.Connection, counter: Counter) -> None:
    body = sold(conn, counter, sale("S-1", 20_000, member=None))
    claim = Claim(MemberRef(external_id="m-1"), claim_code=str(body["claim_code"]))
    said(step(conn, counter, str(body["claim_code"]), claim))
    assert ends(conn, counter) == {50: 30, 70: 50}
    back(conn, counter, "R-1")
    assert ends(conn, counter) == {10: 50, 50: 30}


def test_where_did_they_go(conn: psycopg.Connection, counter: Counter) -> None:
    sold(conn, counter, sale("S-1", 20_000))
    back(conn, counter, "R-1")
    about = context.of(conn, counter.program.id)
    why: list[str] = []
    for one in reversed(ledger.transfers(conn, counter.member_id)):
        if one.kind == "extend":
            found = explaining.transfer(conn, about, one.id, locale="en")
            assert found is not None
            assert found.receipt is not None
            why.append(found.why)
    assert why == [
        "Lives longer thanks to receipt S-1 at msk-1",
        "Lives longer thanks to receipt S-1 at msk-1",
        "Ends as it did before: return R-1 at msk-1",
        "Ends as it did before: return R-1 at msk-1",
    ]
    (old,) = [one for one in ledger.lots(conn, counter.member_id, now=NOW) if (one.amount, one.kind) == (50, "earn")]
    story = explaining.transfer(conn, about, old.id, locale="en")
    assert story is not None
    assert story.lot is not None
    assert [(one.kind, one.points) for one in story.lot.story] == [("extend", -50)]


def test_two_rules_lengthen_a_point_once(conn: psycopg.Connection, counter: Counter) -> None:
    week = Rule(id="week", effects=(ExtendExpiry(unit="points", within=365, days=7),))
    publish(conn, counter, LONGER, week)
    sold(conn, counter, sale("S-1", 20_000))
    assert ends(conn, counter) == {57: 30, 70: 50}
    back(conn, counter, "R-1")
    assert ends(conn, counter) == {10: 50, 50: 30}
