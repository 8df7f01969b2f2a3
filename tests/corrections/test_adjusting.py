"""Adjustments: reasons, keys, limits, a second person."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.builders import NOW, holder
from tests.corrections.desk import KEY, Desk, done, refused
from tests.members.test_budget import counted
from verno.corrections import queries, service
from verno.corrections.types import Adjustment as Body
from verno.corrections.types import Decision, Kind, Outcome, Refusal, Replayed, Status
from verno.limits import service as limits
from verno.limits.types import Measure, NewLimit, Subject, Window
from verno.workspace import audit


def test_giving_and_taking(desk: Desk) -> None:
    anna = desk.join("anna")
    given = done(desk.adjust(anna, 70))
    assert json.loads(given.answer) == {
        "id": given.id,
        "status": "posted",
        "unit": "points",
        "points": 70,
        "reason": "goodwill",
        "balance": [{"unit": "points", "available": 70, "pending": 0, "held": 0, "debt": 0}],
    }
    assert desk.ends(anna) == {datetime(2027, 5, 24, 21, 0, tzinfo=UTC): 70}, "as long as points live"
    taken = done(desk.adjust(anna, -50, "correction"))
    assert json.loads(taken.answer)["balance"][0]["available"] == 20
    assert desk.events() == ["points.adjusted.v1", "points.adjusted.v1"]
    desk.check()


def test_an_end_of_its_own(desk: Desk) -> None:
    anna, end = desk.join("anna"), NOW + timedelta(days=3)
    done(desk.adjust(anna, 5, expires_at=end))
    assert desk.ends(anna) == {end: 5}
    assert desk.balance(anna, end).available == 0


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"points": -1}, Refusal.INSUFFICIENT_POINTS),
        ({"points": 0}, Refusal.NO_POINTS),
        ({"points": 1, "reason": "because"}, Refusal.UNKNOWN_REASON),
        ({"points": 1, "unit": "miles"}, Refusal.UNKNOWN_UNIT),
        ({"points": 1, "expires_at": NOW}, Refusal.TIME_OUT_OF_RANGE),
        ({"points": -1, "expires_at": NOW + timedelta(days=1)}, Refusal.TIME_OUT_OF_RANGE),
        ({"points": 1, "expires_at": NOW.replace(tzinfo=None)}, Refusal.TIME_OUT_OF_RANGE),
    ],
)
def test_refusals_leave_no_trace(desk: Desk, given: dict[str, object], reason: Refusal) -> None:
    anna = desk.join("anna")
    assert refused(desk.adjust(anna, **given)) is reason  # type: ignore[arg-type]
    assert desk.balance(anna).available == 0
    assert desk.events() == []
    assert queries.of_member(desk.conn, desk.program_id, anna) == []
    desk.check()


def test_a_key_names_one_adjustment_for_ever(desk: Desk) -> None:
    anna, ivan = desk.join("anna"), desk.join("ivan")
    first = done(desk.adjust(anna, 10, key="K"))
    assert desk.adjust(anna, 10, key="K") == Replayed(first.id, first.answer)
    assert refused(desk.adjust(anna, 11, key="K")) is Refusal.IDEMPOTENCY_MISMATCH
    assert refused(desk.adjust(ivan, 10, key="K")) is Refusal.IDEMPOTENCY_MISMATCH
    assert (desk.balance(anna).available, desk.balance(ivan).available) == (10, 0)


def test_what_was_refused_may_be_asked_again(desk: Desk) -> None:
    anna = desk.join("anna")
    assert refused(desk.adjust(anna, -10, key="K")) is Refusal.INSUFFICIENT_POINTS
    desk.earn(anna, 10)
    done(desk.adjust(anna, -10, key="K"))


def batch(desk: Desk, items: list[tuple[str, int, str]]) -> list[Outcome]:
    asked = [
        desk.asked(who, Body("points", points, "goodwill"), Kind.ADJUSTMENT, key=key) for who, points, key in items
    ]
    return service.adjust(desk.conn, desk.shop.program, asked, now=NOW)  # type: ignore[arg-type]


def test_a_batch_is_its_items_one_after_the_other(desk: Desk) -> None:
    anna = desk.join("anna")
    first, second, third, twin, other = batch(
        desk, [(anna, 5, "a"), (anna, -9, "b"), (anna, -5, "c"), (anna, 5, "a"), (anna, 6, "a")]
    )
    assert refused(second) is Refusal.INSUFFICIENT_POINTS
    assert twin == Replayed(done(first).id, done(first).answer)
    assert refused(other) is Refusal.IDEMPOTENCY_MISMATCH
    assert done(third).status is Status.POSTED
    assert desk.balance(anna).available == 0
    desk.check()


def test_two_and_two_hundred_cost_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done(desk.adjust(desk.join("first"), 1))
    costs = []
    for size in (2, 200):
        people = [desk.join(f"m{size}-{n}") for n in range(size)]
        with counted(monkeypatch) as sent:
            outcomes = batch(desk, [(who, 3, f"{size}-{n}") for n, who in enumerate(people)])
        assert all(done(one) for one in outcomes)
        costs.append(len(sent))
    assert costs[0] == costs[1]


def test_a_cap_refuses_the_whole_and_spoils_nobody(desk: Desk) -> None:
    anna, ivan = desk.join("anna"), desk.join("ivan")
    desk.set("points.max_balance", 100)
    desk.earn(anna, 95)
    over, fine = batch(desk, [(anna, 6, "a"), (ivan, 6, "b")])
    assert refused(over) is Refusal.OVER_LIMIT
    assert done(fine).status is Status.POSTED
    assert (desk.balance(anna).available, desk.balance(ivan).available) == (95, 6)
    done(desk.adjust(anna, 5))
    desk.check()


def test_a_hard_limit(desk: Desk) -> None:
    anna, ivan = desk.join("anna"), desk.join("ivan")
    day = NewLimit(subject=Subject.MEMBER, measure=Measure.ADJUSTED, window=Window.DAY, most=100, hard=True)
    assert isinstance(limits.put(desk.conn, desk.program_id, [day], now=NOW), tuple)
    done(desk.adjust(anna, 60))
    assert refused(desk.adjust(anna, -41)) is Refusal.OVER_LIMIT, "taken counts like given"
    done(desk.adjust(anna, 40))
    done(desk.adjust(ivan, 100))
    short, room = batch(desk, [(ivan, -200, "x"), (desk.join("vera"), 100, "y")])
    assert refused(short) is Refusal.OVER_LIMIT
    assert done(room).status is Status.POSTED
    desk.check()


def test_nobody_suffers_from_a_neighbour_that_the_ledger_refused(desk: Desk) -> None:
    program = NewLimit(subject=Subject.PROGRAM, measure=Measure.ADJUSTED, window=Window.DAY, most=100, hard=True)
    assert isinstance(limits.put(desk.conn, desk.program_id, [program], now=NOW), tuple)
    poor, anna = desk.join("poor"), desk.join("anna")
    bad, good = batch(desk, [(poor, -80, "a"), (anna, 50, "b")])
    assert refused(bad) is Refusal.INSUFFICIENT_POINTS
    assert done(good).status is Status.POSTED
    assert refused(desk.adjust(anna, 51)) is Refusal.OVER_LIMIT
    done(desk.adjust(anna, 50))


# A second person ------------------------------------------------------------------------------------------------------


def test_above_the_limit_staff_need_a_second_person(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    asked = done(desk.adjust(anna, 1001, by=vera, key="K"))
    assert asked.status is Status.WAITING
    assert json.loads(asked.answer)["status"] == "waiting"
    assert desk.balance(anna).available == 0
    assert [one.id for one in queries.waiting(desk.conn, desk.program_id)] == [asked.id]
    assert refused(desk.decide(asked.id, vera)) is Refusal.SECOND_PERSON
    assert refused(desk.decide(asked.id, KEY)) is Refusal.SECOND_PERSON, "a program is no person"
    given = done(desk.decide(asked.id, oleg))
    assert (given.id, given.status) == (asked.id, Status.POSTED)
    assert desk.balance(anna).available == 1001
    assert desk.adjust(anna, 1001, by=vera, key="K") == Replayed(asked.id, given.answer), "replays as it stands"
    assert refused(desk.decide(asked.id, oleg)) is Refusal.ALREADY_RESOLVED
    assert desk.events() == ["adjustment.waiting.v1", "points.adjusted.v1"]
    assert queries.count_waiting(desk.conn, desk.program_id) == 0
    desk.check()


def test_up_to_the_limit_and_by_key_nobody_is_asked(desk: Desk) -> None:
    anna, vera = desk.join("anna"), desk.hire("vera")
    assert done(desk.adjust(anna, 1000, by=vera)).status is Status.POSTED
    assert done(desk.adjust(anna, -1000, by=vera)).status is Status.POSTED
    assert done(desk.adjust(anna, 10**9)).status is Status.POSTED
    desk.set("adjust.limit", 10)
    assert done(desk.adjust(anna, -11, by=vera)).status is Status.WAITING


def test_no_is_final(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    asked = done(desk.adjust(anna, 5000, by=vera))
    assert done(desk.decide(asked.id, oleg, agreed=False)).status is Status.REFUSED
    assert refused(desk.decide(asked.id, desk.hire("rita"))) is Refusal.ALREADY_RESOLVED
    assert desk.balance(anna).available == 0
    (row,) = queries.of_member(desk.conn, desk.program_id, anna)
    assert (row.status, row.decided_by) == ("refused", oleg.id)


def test_what_cannot_be_posted_goes_on_waiting(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    asked = done(desk.adjust(anna, -2000, by=vera))
    assert refused(desk.decide(asked.id, oleg)) is Refusal.INSUFFICIENT_POINTS
    desk.earn(anna, 2000)
    assert done(desk.decide(asked.id, oleg)).status is Status.POSTED


def test_what_would_be_over_at_once_is_not_given(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    end = NOW + timedelta(hours=1)
    asked = done(desk.adjust(anna, 2000, by=vera, expires_at=end))
    late = [Decision(asked.id, agreed, oleg) for agreed in (True, False)]
    yes, no = (service.decide(desk.conn, desk.shop.program, [one], now=end)[0] for one in late)
    assert refused(yes) is Refusal.TIME_OUT_OF_RANGE
    assert done(no).status is Status.REFUSED


def test_the_audit_knows_what_people_did(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    done(desk.adjust(anna, 5))
    done(desk.adjust(anna, 5, by=vera))
    asked = done(desk.adjust(anna, 5000, by=vera))
    done(desk.decide(asked.id, oleg))
    lines = [(one.actor_id, one.action) for one in audit.page(desk.conn, desk.program_id)]
    assert sorted(line for line in lines if line[1].startswith("adjustment")) == sorted(
        [(vera.id, "adjustment.posted"), (vera.id, "adjustment.waiting"), (oleg.id, "adjustment.posted")]
    )


def test_two_decisions_of_one_batch(desk: Desk) -> None:
    anna, vera, oleg = desk.join("anna"), desk.hire("vera"), desk.hire("oleg")
    asked = done(desk.adjust(anna, 2000, by=vera))
    yes, no, stranger = service.decide(
        desk.conn,
        desk.shop.program,
        [Decision(asked.id, True, oleg), Decision(asked.id, False, oleg), Decision(holder(), True, oleg)],
        now=NOW,
    )
    assert done(yes).status is Status.POSTED
    assert refused(no) is Refusal.ALREADY_RESOLVED
    assert refused(stranger) is Refusal.UNKNOWN


def test_nobody_corrects_their_own_account(desk: Desk) -> None:
    vera, oleg, rita = desk.hire("vera"), desk.hire("oleg"), desk.hire("rita")
    own = desk.join("vera-as-member", email="Vera@Example.com")
    assert refused(desk.adjust(own, 5, by=vera)) is Refusal.OWN_ACCOUNT
    done(desk.adjust(own, 5, by=oleg))
    asked = done(desk.adjust(own, 5000, by=oleg))
    assert refused(desk.decide(asked.id, vera)) is Refusal.OWN_ACCOUNT
    assert done(desk.decide(asked.id, rita)).status is Status.POSTED
    assert desk.balance(own).available == 5005


def test_an_account_that_was_declared_or_merged_is_their_own_too(desk: Desk) -> None:
    oleg, rita = desk.hire("oleg"), desk.hire("rita")
    card, main = desk.join("card"), desk.join("main")
    service.declare_own(desk.conn, desk.program_id, oleg.id, card, now=NOW)
    assert refused(desk.adjust(card, 5, by=oleg)) is Refusal.OWN_ACCOUNT
    asked = done(desk.adjust(main, 5000, by=rita))
    desk.merge(card, main)
    assert refused(desk.adjust(main, 5, by=oleg)) is Refusal.OWN_ACCOUNT
    assert refused(desk.decide(asked.id, oleg)) is Refusal.OWN_ACCOUNT


def test_the_database_knows_that_two_are_needed(desk: Desk) -> None:
    anna, vera = desk.join("anna"), desk.hire("vera")
    asked = done(desk.adjust(anna, 5000, by=vera))
    with pytest.raises(psycopg.errors.CheckViolation), desk.conn.transaction():
        desk.conn.execute(
            "UPDATE corrections_correction SET status = 'posted', decided_by = author_id, decided_at = now()"
            " WHERE id = %s",
            (asked.id,),
        )
    done(desk.decide(asked.id, desk.hire("oleg")))
    with pytest.raises(psycopg.errors.CheckViolation), desk.conn.transaction():
        desk.conn.execute("UPDATE corrections_correction SET status = 'refused' WHERE id = %s", (asked.id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.conn.transaction():
        desk.conn.execute("DELETE FROM corrections_correction")
