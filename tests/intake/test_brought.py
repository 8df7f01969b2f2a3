"""What rules bring beside points goes back with the receipt: events, badges and tiers."""

from datetime import date, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, asks, publish
from tests.intake.test_tracks import LONG_AGO, SPENT, VISITS, stands
from tests.intake.tillwork import VOUCHED, back, said, sale, sold, step
from verno.corrections import service as corrections
from verno.corrections.types import By, ByKind, Merged, NewMerge, Unmerged
from verno.intake import context
from verno.intake.returns.types import Original
from verno.intake.steps.types import Capture, Claim
from verno.intake.types import LineQuantity, MemberRef
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import Created, NewMember
from verno.progress import queries, service
from verno.progress.types import Achievement, Fresh, Lifetime, Metric, NotPublished, StampCard, Step, Track
from verno.rules.effects import EmitEvent, GiveBadge, SetTier
from verno.rules.types import Rule

pytestmark = pytest.mark.usefixtures("honest")

STAMPS = Track(
    code="stamps",
    metric=Metric.EVENTS,
    event="stamp",
    window=Lifetime(),
    steps=(Step(code="cup", threshold=3, badge="sipped"),),
    settings=StampCard(),
)
STAMP = EmitEvent(name="stamp")
LARGE = Rule(id="large", when=asks("amount", ">=", 40_000), effects=(STAMP, STAMP))
SMALL = Rule(id="small", effects=(STAMP,))
WELCOME = Rule(
    id="welcome",
    when=asks("amount", ">=", 40_000),
    effects=(SetTier(track="main", step="gold", days=30), GiveBadge(badge="new", days=10)),
)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    counter = open_counter(conn)
    about = context.of(conn, counter.program.id)
    for track in (SPENT, STAMPS):
        done = service.publish(conn, counter.program, track, Fresh(date(2020, 1, 1)), known=about.known, now=LONG_AGO)
        assert not isinstance(done, NotPublished), done
    context.forget()
    return counter


def has(conn: psycopg.Connection, counter: Counter) -> list[str]:
    found = members.badges(conn, counter.program.id, [counter.member_id], at=NOW)
    return [one.code for one in found.get(counter.member_id, [])]


def until(conn: psycopg.Connection, counter: Counter) -> date:
    (one,) = members.badges(conn, counter.program.id, [counter.member_id])[counter.member_id]
    assert one.until is not None
    return one.until.date()


def returned(conn: psycopg.Connection, counter: Counter, number: str, of: str, *lines: tuple[int, str]) -> None:
    said(back(conn, counter, number, *lines, original=Original(place="msk-1", number=of)))


def test_events_of_rules_are_stamps_and_returns_take_them_back(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, LARGE, SMALL)
    sold(conn, counter, sale("S-1", 30_000, 30_000))
    assert (stands(conn, counter, "stamps").times, has(conn, counter)) == (1, ["sipped"])
    returned(conn, counter, "R-1", "S-1", (1, "2"))
    assert (stands(conn, counter, "stamps").times, stands(conn, counter, "stamps").value) == (0, 1), "no large one"
    returned(conn, counter, "R-2", "S-1")
    assert stands(conn, counter, "stamps").value == 0


def test_what_went_does_not_come_again(conn: psycopg.Connection, counter: Counter) -> None:
    """A rule that acts on the whole and on the least of it, but not on half, has taken its stamp back for good."""
    ends: dict[str, object] = {
        "combinator": "or",
        "rules": [asks("amount", ">=", 60_000), asks("amount", "<", 20_000)],
    }
    publish(conn, counter, BASE, Rule(id="ends", when=ends, effects=(STAMP,)))
    sold(conn, counter, sale("S-1", 30_000, 30_000))
    assert stands(conn, counter, "stamps").value == 1
    for number, line in (("R-1", 1), ("R-2", 1), ("R-3", 2), ("R-4", 2)):
        returned(conn, counter, number, "S-1", (line, "1"))
        assert stands(conn, counter, "stamps").value == 0, number


def test_of_a_hold_what_is_captured_brings(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, LARGE, SMALL, WELCOME)
    sold(conn, counter, sale("S-1", 30_000, 20_000, hold=True))
    assert (stands(conn, counter, "stamps").value, has(conn, counter)) == (0, [])
    said(step(conn, counter, "msk-1~~S-1", Capture(lines=[LineQuantity(1, "2")])))
    assert (stands(conn, counter, "stamps").value, has(conn, counter)) == (1, [])
    returned(conn, counter, "R-1", "S-1")
    assert stands(conn, counter, "stamps").value == 0


def test_a_claim_brings_and_its_return_takes_back(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, LARGE, WELCOME)
    sold(conn, counter, sale("S-1", 40_000, member=None))
    said(step(conn, counter, "msk-1~~S-1", Claim(VOUCHED)))
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step) == (2, "gold")
    returned(conn, counter, "R-1", "S-1")
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step, has(conn, counter)) == (0, None, [])


def test_badges_and_tiers_go_with_the_receipt(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, WELCOME)
    sold(conn, counter, sale("S-1", 30_000, 30_000))
    assert (stands(conn, counter).step, has(conn, counter)) == ("gold", ["new"])
    returned(conn, counter, "R-1", "S-1", (1, "1"))
    assert (stands(conn, counter).step, has(conn, counter)) == ("gold", ["new"]), "450.00 are left: the rule still acts"
    returned(conn, counter, "R-2", "S-1", (1, "1"))
    assert (stands(conn, counter).step, has(conn, counter)) == (None, [])


def test_a_badge_that_another_receipt_brings_stays_as_long_as_that_one_says(
    conn: psycopg.Connection, counter: Counter
) -> None:
    publish(conn, counter, BASE, WELCOME)
    for number, days in (("S-1", 3), ("S-2", 0), ("S-3", 5)):
        sold(conn, counter, replace(sale(number, 40_000), at=NOW - timedelta(days=days)))
    ends = until(conn, counter)
    returned(conn, counter, "R-2", "S-2")
    assert (has(conn, counter), until(conn, counter)) == (["new"], ends - timedelta(days=3))
    returned(conn, counter, "R-3", "S-3")
    assert until(conn, counter) == ends - timedelta(days=3)
    returned(conn, counter, "R-1", "S-1")
    assert has(conn, counter) == []


def test_a_badge_that_a_track_gave_too_stays(conn: psycopg.Connection, counter: Counter) -> None:
    often = replace(VISITS, code="often", where=None, steps=(Step(code="often", threshold=1, badge="new"),))
    about = context.of(conn, counter.program.id)
    track = replace(often, settings=Achievement())
    done = service.publish(conn, counter.program, track, Fresh(date(2020, 1, 1)), known=about.known, now=LONG_AGO)
    assert not isinstance(done, NotPublished), done
    context.forget()
    publish(conn, counter, BASE, WELCOME)
    sold(conn, counter, sale("S-1", 40_000))
    sold(conn, counter, sale("S-2", 10_000))
    returned(conn, counter, "R-1", "S-1")
    assert has(conn, counter) == ["new"]
    returned(conn, counter, "R-2", "S-2")
    assert has(conn, counter) == []


def test_a_return_that_was_there_before_its_sale(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, LARGE, WELCOME)
    back(conn, counter, "R-1", original=Original(place="msk-1", number="S-1"))
    sold(conn, counter, sale("S-1", 40_000))
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step, has(conn, counter)) == (0, None, [])


def test_a_merge_brings_it_along_its_undoing_takes_it_home_and_returns_find_it(
    conn: psycopg.Connection, counter: Counter
) -> None:
    publish(conn, counter, BASE, LARGE, WELCOME)
    (double,) = people.upsert(conn, counter.program, [NewMember("double")], now=NOW)
    assert isinstance(double, Created)
    sold(conn, counter, sale("S-1", 60_000, member=MemberRef(id=double.member_id)))
    wanted = NewMerge(double.member_id, counter.member_id, By(ByKind.KEY, "k"))
    (merged,) = corrections.merge(conn, counter.program, [wanted], now=NOW)
    assert isinstance(merged, Merged), merged
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step) == (2, "gold")
    assert (stands(conn, counter).value, has(conn, counter)) == (60_000, ["new"])
    undone = corrections.undo(conn, counter.program, merged.id, By(ByKind.KEY, "k"), now=NOW)
    assert isinstance(undone, Unmerged), undone
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step, has(conn, counter)) == (0, None, [])
    (again,) = corrections.merge(conn, counter.program, [wanted], now=NOW + timedelta(seconds=1))
    assert isinstance(again, Merged), again
    returned(conn, counter, "R-1", "S-1")
    assert (stands(conn, counter, "stamps").value, stands(conn, counter).step, has(conn, counter)) == (0, None, [])
    on_steps = queries.on_steps(conn, counter.program.id)
    assert {(one.step, one.owners) for one in on_steps} == {(None, 1)}, "the double stands nowhere any more"
