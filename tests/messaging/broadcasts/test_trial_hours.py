"""A trial's hours begin when its sample has left: not when it was planned, and not at a message that nobody takes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import ANNA, MINUTE, buy, do, hours, launch, look, mark, rows, work
from tests.messaging.broadcasts.test_trials import RULE, TWO
from tests.messaging.news import NOW, readers, send
from tests.messaging.postman import Postman
from verno.kit import db
from verno.messaging import service as messages
from verno.messaging.broadcasts.running.watching import LEAVES_WITHIN, TRIES
from verno.messaging.broadcasts.types import Broadcast, Done, Measure, Outcome, Verdict, WinnerRule

NIGHT = datetime(2026, 11, 3, 19, 30, tzinfo=UTC)
"""Half past ten in the evening at the shop: advertising waits for the morning."""


def verdict(shop: Shop, broadcast: Broadcast, now: datetime) -> Verdict | None:
    """Let the worker look at this moment; returns how the trial ended, if it did."""
    work(now)
    return look(shop, broadcast).winner


def last_due(shop: Shop) -> datetime:
    ((at,),) = rows(shop, "SELECT max(due_at) FROM messaging_message WHERE state = 'queued'")
    assert isinstance(at, datetime)
    return at


def tried(shop: Shop, state: str, attempts: int, *, but: int = 0, due_at: datetime = NOW) -> None:
    """Let messages of the sample be as they are after so many tries, all but the first few."""
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "UPDATE messaging_message SET state = %s, attempts = %s, due_at = %s"
            " WHERE id IN (SELECT id FROM messaging_message ORDER BY id OFFSET %s)",
            (state, attempts, due_at, but),
        )


def test_a_night_is_no_part_of_the_hours(shop: Shop, postman: Postman) -> None:
    readers(shop, 100)
    broadcast = launch(shop, now=NIGHT, variants=TWO, winner=RULE)
    assert verdict(shop, broadcast, NIGHT) is None
    morning = last_due(shop)
    assert morning - NIGHT > timedelta(hours=8)
    assert verdict(shop, broadcast, NIGHT + timedelta(hours=4.1)) is None, "nothing has left"
    assert send(postman, now=morning).accepted > 20
    assert verdict(shop, broadcast, morning + MINUTE) is None, "nobody had time to read"
    assert verdict(shop, broadcast, morning + timedelta(hours=3.9)) is None
    told = verdict(shop, broadcast, morning + timedelta(hours=4.1))
    assert told is not None
    assert told.outcome is Outcome.TIE


def test_a_late_worker_is_no_part_of_the_hours(shop: Shop, postman: Postman) -> None:
    readers(shop, 100)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    assert verdict(shop, broadcast, NOW) is None
    assert verdict(shop, broadcast, hours(4.1)) is None, "nothing has left"
    assert send(postman, now=hours(4.2)).accepted > 20
    assert verdict(shop, broadcast, hours(8.1)) is None, "four hours are not over since it left"
    assert verdict(shop, broadcast, hours(8.3)) is not None


def test_a_pause_is_no_part_of_the_hours(shop: Shop, postman: Postman) -> None:
    readers(shop, 100)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    assert verdict(shop, broadcast, NOW) is None
    assert isinstance(do("pause", shop, broadcast, now=NOW + MINUTE), Done)
    assert send(postman, now=NOW + MINUTE).accepted == 0
    after = NOW + LEAVES_WITHIN + timedelta(hours=2)
    assert isinstance(do("resume", shop, broadcast, now=after), Done)
    assert verdict(shop, broadcast, after) is None, "nothing has left, however long it was paused"
    with db.across_programs() as conn:
        messages.wake(conn, now=after)
    assert send(postman, now=after).accepted > 20
    assert verdict(shop, broadcast, after + timedelta(hours=3.9)) is None
    assert verdict(shop, broadcast, after + timedelta(hours=4.1)) is not None


def test_what_never_leaves_is_not_waited_for_for_ever(shop: Shop) -> None:
    readers(shop, 60)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    with db.transaction(shop.program.id) as conn:
        messages.stop(conn, shop.program.id, "channel:email", by=ANNA, now=NOW)
    assert verdict(shop, broadcast, NOW + LEAVES_WITHIN - MINUTE) is None
    told = verdict(shop, broadcast, NOW + LEAVES_WITHIN + MINUTE)
    assert told is not None
    assert told.outcome is Outcome.TOO_FEW


def test_what_is_wanted_no_more_is_not_waited_for(shop: Shop) -> None:
    readers(shop, 60)
    broadcast = launch(shop, variants=TWO, winner=RULE, valid_until=hours(30))
    work()
    assert verdict(shop, broadcast, hours(29)) is None
    told = verdict(shop, broadcast, hours(30.1))
    assert told is not None
    assert told.outcome is Outcome.TOO_FEW


def test_a_reader_whose_provider_refuses_for_days_holds_nothing_up(shop: Shop) -> None:
    readers(shop, 100)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    mark(shop, "accepted", "state = 'queued'")
    ((count,),) = rows(shop, "SELECT count(*) FROM messaging_message")
    assert isinstance(count, int)
    tried(shop, "deferred", TRIES + 1, but=count - 1, due_at=hours(9))
    assert verdict(shop, broadcast, hours(3.9)) is None
    tried(shop, "accepted", TRIES + 2, but=count - 1, due_at=hours(3.9))
    assert verdict(shop, broadcast, hours(4.1)) is not None, "its hours are those of all others"


@pytest.mark.parametrize(
    ("attempts", "but"),
    [
        pytest.param(0, 1, id="the relay is away"),
        pytest.param(1, 1, id="a provider takes strangers on their second try"),
        pytest.param(TRIES + 1, 1, id="nearly all are refused time and again"),
    ],
)
def test_a_sample_that_is_tried_again_is_waited_for(shop: Shop, attempts: int, but: int) -> None:
    readers(shop, 100)
    broadcast = launch(shop, variants=TWO, winner=RULE)
    work()
    mark(shop, "accepted", "state = 'queued'")
    tried(shop, "deferred", attempts, but=but, due_at=hours(5))
    assert verdict(shop, broadcast, hours(4.1)) is None
    tried(shop, "accepted", attempts + 1, but=0, due_at=hours(5))
    assert verdict(shop, broadcast, hours(8.9)) is None
    assert verdict(shop, broadcast, hours(9.1)) is not None


def test_what_was_bought_before_the_letter_left_is_no_hit(shop: Shop, postman: Postman) -> None:
    readers(shop, 100)
    rule = WinnerRule(sample=5_000, after_hours=4, least=10, by=Measure.PURCHASES)
    broadcast = launch(shop, now=NIGHT, variants=TWO, winner=rule)
    work(NIGHT)
    morning = last_due(shop)
    written = [str(one) for (one,) in rows(shop, "SELECT holder_id::text FROM messaging_message ORDER BY 1")]
    buy(shop, written[0], "r-0", 10_000, at=NIGHT + MINUTE)
    buy(shop, written[1], "r-1", 10_000, at=morning + MINUTE)
    send(postman, now=morning)
    told = verdict(shop, broadcast, morning + timedelta(hours=4.1))
    assert told is not None
    assert sum(arm.hits for arm in told.arms.values()) == 1
