"""Drafts: saved unfinished, reviewed by somebody else, published once, at a moment; rolled back at once."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from tests.builders import BEGINNING, NOW, Shop, make_shop
from verno.promotions import queries, service
from verno.promotions.differing import Change, ChangedRule, difference
from verno.promotions.drafts import queries as reading
from verno.promotions.drafts import service as drafts
from verno.promotions.drafts.service import Desk
from verno.promotions.drafts.types import Draft, NewDraft, Review, State
from verno.promotions.types import Refusal, Refused, StoredRulebook
from verno.rules.effects import Earn, EarnPercent
from verno.rules.fields import Known
from verno.rules.types import Category, Rule, Rulebook
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind

ANNA, BORIS = (Actor(ActorKind.STAFF, name) for name in ("anna", "boris"))
HOUR = timedelta(hours=1)
YES = Review(agreed=True)
KNOWING = Review(agreed=True, above_budget=True)


def body(per: int = 100) -> dict[str, object]:
    return {
        "rules": [{"id": "base", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": per}]}]
    }


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


@pytest.fixture
def desk(conn: psycopg.Connection, shop: Shop) -> Desk:
    return Desk(conn, shop.program.id, Known(), [shop.unit])


def saved(desk: Desk, made: dict[str, object] | None = None, *, by: Actor = ANNA, **more: object) -> Draft:
    done = drafts.save(desk, NewDraft(title="Spring", body=made or body(), **more), by=by, now=NOW)  # type: ignore[arg-type]
    assert isinstance(done, Draft), done
    return done


def approved(desk: Desk, made: dict[str, object] | None = None) -> int:
    number = saved(desk, made).row.number
    assert isinstance(drafts.submit(desk, number, by=ANNA, now=NOW), Draft)
    assert isinstance(drafts.review(desk, number, YES, by=BORIS, now=NOW), Draft)
    return number


def why(done: object) -> Refusal:
    assert isinstance(done, Refused), done
    return done.reason


def published(done: object) -> StoredRulebook:
    assert isinstance(done, StoredRulebook), done
    return done


def holds(desk: Desk, *, later: timedelta = timedelta(0)) -> int:
    found = queries.at(queries.rulebooks(desk.conn, desk.program_id), NOW + later)
    assert found is not None
    return found.version


def test_an_unfinished_draft_is_kept_and_not_submitted(desk: Desk) -> None:
    cases: tuple[tuple[dict[str, object], str], ...] = (
        ({"rules": [{"id": "base"}]}, "effects"),
        ({"rules": "none"}, "a rulebook has rules"),
        ({"rules": [], "colour": 1}, "colour"),
        (
            {"rules": [{"id": "x", "effects": [{"type": "earn_per_full", "unit": "stars", "points": 1, "per": 9}]}]},
            "stars",
        ),
    )
    for made, told in cases:
        draft = saved(desk, made)
        assert told in draft.problems[0]
        no = drafts.submit(desk, draft.row.number, by=ANNA, now=NOW)
        assert why(no) is Refusal.NOT_VALID
        assert isinstance(no, Refused)
        assert no.problems == draft.problems
        assert desk.read(draft.row.number).row.state is State.DRAFT
    numbers = [row.number for row in reading.drafts(desk.conn, desk.program_id, before=4, limit=2)]
    assert numbers == [3, 2]


def test_another_person_approves_and_then_it_is_published_once(desk: Desk) -> None:
    number = saved(desk).row.number
    assert why(drafts.publish(desk, number, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED
    assert why(drafts.review(desk, number, YES, by=BORIS, now=NOW)) is Refusal.NOT_SUBMITTED
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert why(drafts.review(desk, number, YES, by=ANNA, now=NOW)) is Refusal.OWN_DRAFT
    assert why(drafts.publish(desk, number, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED
    done = drafts.review(desk, number, YES, by=BORIS, now=NOW)
    assert done == drafts.review(desk, number, YES, by=BORIS, now=NOW + HOUR), "the same word again changes nothing"
    book = published(drafts.publish(desk, number, by=ANNA, now=NOW))
    assert (book.version, book.title, holds(desk)) == (2, "Spring", 2)
    assert published(drafts.publish(desk, number, by=ANNA, now=NOW)).version == 2
    assert why(drafts.publish(desk, number, at=NOW + HOUR, by=ANNA, now=NOW)) is Refusal.ALREADY_PUBLISHED
    assert len(queries.rulebooks(desk.conn, desk.program_id)) == 2
    told = [entry.action for entry in audit.page(desk.conn, desk.program_id)]
    assert sorted(told[:4]) == ["draft.add", "draft.approve", "draft.publish", "draft.submit"]


@pytest.mark.parametrize("by", [ANNA, BORIS], ids=["author", "editor"])
def test_whoever_changed_it_does_not_approve_it(desk: Desk, by: Actor) -> None:
    number = saved(desk).row.number
    assert saved(desk, body(200), by=BORIS, number=number).row.editors == ("staff:anna", "staff:boris")
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert why(drafts.review(desk, number, YES, by=by, now=NOW)) is Refusal.OWN_DRAFT
    carl = Actor(ActorKind.STAFF, "carl")
    assert isinstance(drafts.review(desk, number, YES, by=carl, now=NOW), Draft)


def test_what_was_approved_is_what_was_read(desk: Desk) -> None:
    number = saved(desk).row.number
    drafts.submit(desk, number, by=ANNA, now=NOW)
    saved(desk, body(50), number=number, revision=1)
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert why(drafts.review(desk, number, Review(agreed=True, revision=1), by=BORIS, now=NOW)) is Refusal.CHANGED_SINCE
    late = NewDraft(title="Late", body=body(), number=number, revision=1)
    assert why(drafts.save(desk, late, by=BORIS, now=NOW)) is Refusal.CHANGED_SINCE
    assert isinstance(drafts.review(desk, number, Review(agreed=True, revision=2), by=BORIS, now=NOW), Draft)
    saved(desk, body(1), number=number)
    assert why(drafts.publish(desk, number, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED


def test_a_rejected_draft_says_why_and_comes_again(desk: Desk) -> None:
    number = saved(desk).row.number
    drafts.submit(desk, number, by=ANNA, now=NOW)
    no = drafts.review(desk, number, Review(agreed=False, comment="too dear"), by=BORIS, now=NOW)
    assert isinstance(no, Draft)
    assert (no.row.state, no.row.comment, no.row.reviewer) == (State.REJECTED, "too dear", "staff:boris")
    assert why(drafts.publish(desk, number, by=BORIS, now=NOW)) is Refusal.NOT_APPROVED
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert isinstance(drafts.review(desk, number, YES, by=BORIS, now=NOW), Draft)


def test_a_publication_for_later_can_be_taken_back(desk: Desk) -> None:
    number = approved(desk)
    for wrong in (NOW - HOUR, NOW + timedelta(days=800)):
        assert why(drafts.publish(desk, number, at=wrong, by=ANNA, now=NOW)) is Refusal.TIME_OUT_OF_RANGE
    drafts.publish(desk, number, at=NOW + HOUR, by=ANNA, now=NOW)
    assert (holds(desk), holds(desk, later=HOUR)) == (1, 2)
    assert why(service.withdraw(desk.conn, desk.program_id, 1, by=ANNA, now=NOW)) is Refusal.ALREADY_HOLDS
    assert why(service.withdraw(desk.conn, desk.program_id, 2, by=ANNA, now=NOW + HOUR)) is Refusal.ALREADY_HOLDS
    published(service.withdraw(desk.conn, desk.program_id, 2, by=ANNA, now=NOW))
    published(service.withdraw(desk.conn, desk.program_id, 2, by=ANNA, now=NOW + HOUR))
    assert (holds(desk, later=HOUR), desk.read(number).row.state) == (1, State.WITHDRAWN)
    known = {one.id: one for one in queries.rulebooks(desk.conn, desk.program_id)}
    assert queries.rulebooks(desk.conn, desk.program_id, known=known) == list(known.values())
    assert why(drafts.publish(desk, number, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED


def test_roll_back_is_at_once_and_only_to_what_has_held(desk: Desk, shop: Shop) -> None:
    drafts.publish(desk, approved(desk, body(50)), by=ANNA, now=NOW - HOUR)
    drafts.publish(desk, approved(desk, body(70)), at=NOW + HOUR, by=ANNA, now=NOW)

    def back(version: int) -> StoredRulebook | Refused:
        return service.roll_back(desk.conn, desk.program_id, version, units=[shop.unit], by=ANNA, now=NOW)

    assert (why(back(9)), why(back(3))) == (Refusal.UNKNOWN_VERSION, Refusal.NEVER_HELD)
    done = published(back(1))
    (first,) = [one for one in queries.rulebooks(desk.conn, desk.program_id) if one.version == 1]
    assert (done.version, done.effective_from, done.rulebook) == (4, NOW, first.rulebook)
    assert (holds(desk), holds(desk, later=HOUR)) == (4, 3)


def test_a_draft_does_not_undo_what_was_published_since(desk: Desk) -> None:
    old = approved(desk)
    drafts.publish(desk, approved(desk, body(50)), by=ANNA, now=NOW)
    assert why(drafts.publish(desk, old, by=ANNA, now=NOW)) is Refusal.OUTDATED
    saved(desk, number=old, based_on=2)
    drafts.submit(desk, old, by=ANNA, now=NOW)
    drafts.review(desk, old, YES, by=BORIS, now=NOW)
    assert published(drafts.publish(desk, old, by=ANNA, now=NOW)).version == 3
    unknown = NewDraft(title="x", body=body(), based_on=77)
    assert why(drafts.save(desk, unknown, by=ANNA, now=NOW)) is Refusal.UNKNOWN_VERSION


def test_above_the_budget_needs_a_word_of_its_own(desk: Desk) -> None:
    number = saved(desk).row.number
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert not drafts.keep_result(desk, number, 7, {}, now=NOW), "the draft has no such revision"
    assert drafts.keep_result(desk, number, 1, {"cost": 5}, above_budget=True, now=NOW)
    no = drafts.review(desk, number, YES, by=BORIS, now=NOW)
    assert why(no) is Refusal.ABOVE_BUDGET
    assert desk.read(number).row.state is State.SUBMITTED
    assert desk.read(number).row.result == {"cost": 5}
    saved(desk, body(200), number=number)
    row = desk.read(number).row
    assert (row.result, row.above_budget, row.revision) == ({"cost": 5}, True, 2), "it says of which revision it is"
    drafts.submit(desk, number, by=ANNA, now=NOW)
    assert why(drafts.review(desk, number, YES, by=BORIS, now=NOW)) is Refusal.ABOVE_BUDGET
    drafts.keep_result(desk, number, 2, {"cost": 6}, above_budget=True, now=NOW)
    drafts.review(desk, number, KNOWING, by=BORIS, now=NOW)
    published(drafts.publish(desk, number, by=ANNA, now=NOW))


def test_a_replay_after_the_approval_asks_for_it_again(desk: Desk) -> None:
    number = approved(desk)
    assert drafts.keep_result(desk, number, 1, {"cost": 1}, now=NOW)
    assert desk.read(number).row.state is State.APPROVED
    assert drafts.keep_result(desk, number, 1, {"cost": 9}, above_budget=True, now=NOW)
    assert why(drafts.publish(desk, number, above_budget=True, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED
    assert isinstance(drafts.review(desk, number, KNOWING, by=BORIS, now=NOW), Draft)
    assert drafts.keep_result(desk, number, 1, {"cost": 9}, above_budget=True, now=NOW)
    assert desk.read(number).row.state is State.APPROVED, "that was agreed to already"
    published(drafts.publish(desk, number, by=ANNA, now=NOW))
    assert not drafts.keep_result(desk, number, 1, {}, now=NOW), "what was published is not tried again"


def test_a_knowing_word_is_kept_only_where_there_was_something_to_know(desk: Desk) -> None:
    number = saved(desk).row.number
    drafts.submit(desk, number, by=ANNA, now=NOW)
    drafts.review(desk, number, KNOWING, by=BORIS, now=NOW)
    drafts.keep_result(desk, number, 1, {}, above_budget=True, now=NOW)
    assert why(drafts.publish(desk, number, by=ANNA, now=NOW)) is Refusal.NOT_APPROVED


def test_a_day_that_is_over_is_kept_by_nobody(desk: Desk) -> None:
    old = {"combinator": "and", "rules": [{"field": "member.joined", "operator": "<", "value": "2026-01-01"}]}

    def keeping(until: str) -> dict[str, object]:
        return {**body(50), "keeps": [{"members": old, "until": until}]}

    said = ("keeps: 2026-11-24 is over before the version begins",)
    refused = drafts.submit(desk, saved(desk, keeping("2026-11-24")).row.number, by=ANNA, now=NOW)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.problems) == (Refusal.NOT_VALID, said)
    number = saved(desk, keeping("2026-11-25")).row.number
    assert isinstance(drafts.submit(desk, number, by=ANNA, now=NOW), Draft)
    midnight = NOW.replace(hour=21)
    assert why(drafts.review(desk, number, YES, by=BORIS, now=midnight)) is Refusal.NOT_VALID
    assert isinstance(drafts.review(desk, number, YES, by=BORIS, now=NOW), Draft)
    for at in (None, midnight + HOUR):
        done = drafts.publish(desk, number, by=ANNA, at=at, now=midnight)
        assert isinstance(done, Refused)
        assert done.problems == ("keeps: 2026-11-25 is over before the version begins",)
    late = drafts.publish(desk, number, by=ANNA, at=midnight, now=NOW)
    assert isinstance(late, Refused), "over by the time it begins"
    assert published(drafts.publish(desk, number, by=ANNA, now=NOW)).version == 2


def test_alone_one_agrees_while_publishing(desk: Desk) -> None:
    alone = Desk(desk.conn, desk.program_id, desk.known, desk.units, reviewed=False)
    number = saved(alone).row.number
    drafts.keep_result(alone, number, 1, {}, above_budget=True, now=NOW)
    assert why(drafts.publish(alone, number, by=ANNA, now=NOW)) is Refusal.ABOVE_BUDGET
    published(drafts.publish(alone, number, above_budget=True, by=ANNA, now=NOW))


def test_a_program_of_one_publishes_alone(desk: Desk) -> None:
    alone = Desk(desk.conn, desk.program_id, desk.known, desk.units, reviewed=False)
    number = saved(alone, {"rules": [{"id": "base"}]}).row.number
    assert why(drafts.publish(alone, number, by=ANNA, now=NOW)) is Refusal.NOT_VALID
    saved(alone, number=number)
    assert published(drafts.publish(alone, number, by=ANNA, now=NOW)).version == 2


Verb = Callable[[Desk], object]
NOBODYS: list[Verb] = [
    lambda desk: drafts.submit(desk, 9, by=ANNA, now=NOW),
    lambda desk: drafts.review(desk, 9, YES, by=ANNA, now=NOW),
    lambda desk: drafts.publish(desk, 9, by=ANNA, now=NOW),
    lambda desk: drafts.save(desk, NewDraft(title="x", body=body(), number=9), by=ANNA, now=NOW),
]


@pytest.mark.parametrize("verb", NOBODYS)
def test_what_is_not_there(desk: Desk, verb: Verb) -> None:
    assert why(verb(desk)) is Refusal.UNKNOWN_DRAFT


def test_the_difference_is_told_rule_by_rule() -> None:
    base, gone = Rule(id="base", effects=(Earn("points", 1, 100),)), Rule(id="gone", effects=(Earn("points", 1, 9),))
    fresh = Rule(id="fresh", effects=(EarnPercent(unit="points", rate=5),))
    other = Rule(id="base", effects=(Earn("points", 2, 100), Earn("points", 1, 7)), priority=5)
    found = difference(Rulebook((base, gone)), Rulebook((fresh, other), amounts_first=True, worth={"points": 3}))
    assert (found.added, found.removed, found.reordered) == (["fresh"], ["gone"], False)
    second = {"type": "earn_per_full", "unit": "points", "points": 1, "per": 7}
    assert found.changed == [
        ChangedRule(
            "base",
            [Change("effects.0.points", 1, 2), Change("effects.1", None, second), Change("priority", None, 5)],
        )
    ]
    assert found.whole == [Change("amounts_first", None, True)]
    assert difference(Rulebook((base, gone)), Rulebook((gone, base))).reordered
    assert difference(Rulebook((base,)), Rulebook((base,), worth={"points": 1})).empty
    assert not difference(Rulebook((base,)), Rulebook((base,), categories=(Category("a"),))).empty


def test_history_is_the_databases_to_keep(desk: Desk) -> None:
    drafts.publish(desk, approved(desk), by=ANNA, now=NOW)
    for statement in (
        "UPDATE promotions_rulebook SET body = '{}'",
        "UPDATE promotions_rulebook SET effective_from = now()",
        "DELETE FROM promotions_rulebook",
        "UPDATE promotions_draft SET author = 'staff:boris'",
        "DELETE FROM promotions_draft",
        "UPDATE promotions_pause SET paused_at = now()",
        "UPDATE promotions_budget_use SET recorded_at = now()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.conn.transaction():
            desk.conn.execute(statement)
    assert BEGINNING < NOW
