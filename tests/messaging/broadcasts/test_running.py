"""A broadcast from the draft to its end: who is asked, who may do what, what a pause and a cancel hold back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import (
    ANNA,
    BORIS,
    MACHINE,
    MINUTE,
    SMS,
    do,
    draft,
    launch,
    look,
    mark,
    progress,
    rows,
    texters,
    wanted,
    work,
)
from tests.messaging.news import NOW, readers, send
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.ids import new_id
from verno.messaging import service as messages
from verno.messaging.broadcasts import service
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    AtMoment,
    Broadcast,
    BroadcastRefusal,
    BroadcastState,
    Channel,
    Done,
    Listed,
    Refused,
    Variant,
)
from verno.wiring import chores

HOURS = timedelta(hours=6)


def test_everybody_gets_it_once(shop: Shop, postman: Postman) -> None:
    readers(shop, 10)
    broadcast = launch(shop)
    assert broadcast.state is BroadcastState.SCHEDULED
    work()
    assert progress(shop, broadcast).by_state == {"planned": 10}
    assert send(postman).accepted == 10
    work(NOW + MINUTE)
    work(NOW + 2 * MINUTE)
    assert look(shop, broadcast).state is BroadcastState.FINISHED
    assert sorted(postman.addresses().values()) == [1] * 10
    assert look(shop, broadcast).audience == 10


def test_who_joins_later_is_not_among_them(shop: Shop) -> None:
    readers(shop, 3)
    broadcast = launch(shop, rate=1)
    work()
    with db.transaction(shop.program.id) as conn:
        add_members(conn, shop, 2, start=100)
    for minute in range(1, 6):
        work(NOW + minute * MINUTE)
    assert progress(shop, broadcast).by_state == {"planned": 3}


def test_those_who_said_no_are_withheld_and_counted(shop: Shop) -> None:
    readers(shop, 2)
    with db.transaction(shop.program.id) as conn:
        add_members(conn, shop, 3, start=50)
        add_members(conn, shop, 1, start=70, address=None)
    broadcast = launch(shop)
    work()
    told = progress(shop, broadcast)
    assert told.by_state == {"planned": 2, "withheld": 4}
    assert told.withheld == {"no-consent": 3, "no-address": 1}
    assert told.total == look(shop, broadcast).audience


def test_a_list_names_members_by_their_own_ids(shop: Shop) -> None:
    readers(shop, 5)
    broadcast = launch(shop, audience=Listed(("m-1", "m-3", "m-3", "nobody")))
    work()
    assert progress(shop, broadcast).by_state == {"planned": 2}
    assert look(shop, broadcast).unknown == 1


def test_the_holdout_gets_nothing(shop: Shop) -> None:
    readers(shop, 400)
    broadcast = launch(shop, holdout=5_000)
    work()
    told = progress(shop, broadcast).by_state
    assert told["holdout"] + told["planned"] == 400
    assert 140 < told["holdout"] < 260
    assert rows(shop, "SELECT count(*) FROM messaging_message") == [(told["planned"],)]


def test_a_rate_is_kept_minute_by_minute(shop: Shop) -> None:
    readers(shop, 25)
    broadcast = launch(shop, rate=10)
    counts = [work(NOW + timedelta(seconds=20 * n)) for n in range(9)]
    assert counts == [11, 0, 0, 10, 0, 0, 5, 0, 0]  # the freeze is one more
    assert progress(shop, broadcast).by_state == {"planned": 25}


def test_a_pause_holds_the_rest_and_what_is_queued(shop: Shop, postman: Postman) -> None:
    readers(shop, 6)
    broadcast = launch(shop, rate=4)
    work()
    assert isinstance(do("pause", shop, broadcast), Done)
    work(NOW + MINUTE)
    assert progress(shop, broadcast).by_state == {"planned": 4, "waiting": 2}
    assert send(postman).accepted == 0
    assert isinstance(do("resume", shop, broadcast, now=NOW + MINUTE), Done)
    assert chores.wake_parked(now=NOW + MINUTE, stopping=lambda: False) == 4
    work(NOW + 10 * MINUTE)
    assert send(postman, now=NOW + 10 * MINUTE).accepted == 6
    assert sorted(postman.addresses().values()) == [1] * 6


def test_a_cancel_withholds_what_is_queued(shop: Shop, postman: Postman) -> None:
    readers(shop, 6)
    broadcast = launch(shop, rate=4)
    work()
    assert isinstance(do("cancel", shop, broadcast), Done)
    work(NOW + MINUTE)
    assert progress(shop, broadcast).by_state == {"planned": 4, "cancelled": 2}
    assert rows(shop, "SELECT state, reason, count(*) FROM messaging_message GROUP BY 1, 2") == [
        ("withheld", "cancelled", 4)
    ]
    assert send(postman, now=NOW + 10 * MINUTE).accepted == 0
    assert look(shop, broadcast).ended_at is not None


def test_a_switch_holds_a_broadcast_like_everything_else(shop: Shop, postman: Postman) -> None:
    readers(shop, 2)
    with db.transaction(shop.program.id) as conn:
        messages.stop(conn, shop.program.id, "marketing", by=ANNA, now=NOW)
    launch(shop)
    work()
    assert send(postman).accepted == 0
    with db.transaction(shop.program.id) as conn:
        messages.let_go(conn, shop.program.id, "marketing", by=ANNA, now=NOW)
    assert chores.wake_parked(now=NOW, stopping=lambda: False) == 2
    assert send(postman, now=NOW).accepted == 2


def test_past_its_time_nobody_is_written_to(shop: Shop) -> None:
    readers(shop, 3)
    broadcast = launch(shop, rate=1, valid_until=NOW + MINUTE)
    work()
    work(NOW + 2 * MINUTE)
    work(NOW + 3 * MINUTE)
    assert progress(shop, broadcast).withheld == {"too-late": 2}


def test_only_a_draft_is_edited_and_only_its_newest_version(shop: Shop) -> None:
    held = draft(shop)
    with db.transaction(shop.program.id) as conn:
        service.approve(conn, shop.program.id, held.id, version=1, by=BORIS, now=NOW)
        edited = service.edit(conn, shop.program.id, held.id, wanted(name="Winter"), based_on=1, by=ANNA, now=NOW)
        assert isinstance(edited, Done)
        assert (edited.broadcast.version, edited.broadcast.wanted.name) == (2, "Winter")
        assert edited.broadcast.approved_by is None
        late = service.edit(conn, shop.program.id, held.id, wanted(), based_on=1, by=ANNA, now=NOW)
        assert late == Refused(BroadcastRefusal.CHANGED_MEANWHILE, "2")
        unseen = service.approve(conn, shop.program.id, held.id, version=1, by=BORIS, now=NOW)
        assert unseen == Refused(BroadcastRefusal.CHANGED_MEANWHILE, "2")
        assert service.launch(conn, shop.program.id, held.id, by=ANNA, now=NOW) == Refused(
            BroadcastRefusal.NOT_APPROVED
        )


def test_people_approve_and_launch(shop: Shop) -> None:
    readers(shop, 1)
    held = draft(shop)
    with db.transaction(shop.program.id) as conn:
        approved = service.approve(conn, shop.program.id, held.id, version=1, by=MACHINE, now=NOW)
        assert approved == Refused(BroadcastRefusal.NEEDS_A_PERSON)
        service.approve(conn, shop.program.id, held.id, version=1, by=BORIS, now=NOW)
    assert do("launch", shop, held, by=MACHINE) == Refused(BroadcastRefusal.NEEDS_A_PERSON)
    assert isinstance(do("launch", shop, held), Done)
    told = look(shop, held)
    assert (told.approved_by, told.launched_by) == ("staff:boris", "staff:anna")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topic": "gossip"}, BroadcastRefusal.UNKNOWN_TOPIC),
        ({"send": AtLocalHour(date(9999, 12, 31), time(10))}, BroadcastRefusal.BAD_MOMENT),
        ({"send": AtBestHour(date(9999, 12, 31), time(10))}, BroadcastRefusal.BAD_MOMENT),
        ({"send": AtMoment(datetime.max.replace(tzinfo=UTC))}, BroadcastRefusal.BAD_MOMENT),
        ({"valid_until": datetime(1, 1, 1, tzinfo=UTC)}, BroadcastRefusal.BAD_MOMENT),
        ({"topic": "orders"}, BroadcastRefusal.TOPIC_NOT_FOR_MANY),
        ({"channels": (Channel("pigeon"),)}, BroadcastRefusal.UNKNOWN_CHANNEL),
        ({"channels": (Channel("email"), Channel("email"))}, BroadcastRefusal.SAME_CHANNEL),
        ({"variants": (Variant("a", "x"), Variant("a", "y"))}, BroadcastRefusal.SAME_VARIANT),
    ],
)
def test_what_does_not_hold_together_is_refused(
    shop: Shop, changes: dict[str, object], reason: BroadcastRefusal
) -> None:
    with db.transaction(shop.program.id) as conn:
        (result,) = service.create(conn, shop.program.id, [wanted(**changes)], by=ANNA, now=NOW)
    assert isinstance(result, Refused)
    assert result.reason is reason


def test_states_follow_one_another(shop: Shop) -> None:
    readers(shop, 1)
    broadcast = launch(shop)
    assert do("launch", shop, broadcast) == Refused(BroadcastRefusal.WRONG_STATE, "scheduled")
    assert do("resume", shop, broadcast) == Refused(BroadcastRefusal.WRONG_STATE, "scheduled")
    assert isinstance(do("pause", shop, broadcast), Done)
    assert work() == 0
    assert isinstance(do("resume", shop, broadcast), Done)
    work()
    assert isinstance(do("cancel", shop, broadcast), Done)
    assert do("pause", shop, broadcast) == Refused(BroadcastRefusal.WRONG_STATE, "cancelled")
    assert do("cancel", shop, broadcast) == Refused(BroadcastRefusal.WRONG_STATE, "cancelled")
    assert do("pause", shop, draft(shop)) == Refused(BroadcastRefusal.WRONG_STATE, "draft")


def test_another_programs_broadcast_is_unknown(shop: Shop) -> None:
    held = draft(shop)
    other = new_id(now=NOW)
    with db.transaction(other) as conn:
        assert service.cancel(conn, other, held.id, by=ANNA, now=NOW) == Refused(BroadcastRefusal.UNKNOWN)
        assert service.cancel(conn, other, "rubbish", by=ANNA, now=NOW) == Refused(BroadcastRefusal.UNKNOWN)


def test_of_two_the_more_important_goes_first(shop: Shop) -> None:
    readers(shop, 3)
    plain = launch(shop, name="Plain")
    weighty = launch(shop, name="Weighty", priority=5)
    work()
    order = rows(shop, "SELECT dedupe_key FROM messaging_message ORDER BY id LIMIT 3")
    assert {key for (key,) in order} == {weighty.occasion}
    assert progress(shop, plain).by_state == {"planned": 3}


def test_what_has_not_begun_is_cancelled_at_once(shop: Shop) -> None:
    readers(shop, 2)
    broadcast = launch(shop)
    assert isinstance(do("cancel", shop, broadcast), Done)
    assert look(shop, broadcast).ended_at == NOW
    assert work() == 0
    assert progress(shop, broadcast).total == 0


def test_what_a_night_has_gathered_leaves_at_the_broadcasts_own_rate(shop: Shop) -> None:
    readers(shop, 40)
    night = NOW.replace(hour=20)
    launch(shop, now=night, rate=1)
    for minute in range(41):
        work(night + minute * MINUTE)
    opens = NOW.replace(hour=4) + timedelta(days=1)
    waits = [at - opens for (at,) in rows(shop, "SELECT due_at FROM messaging_message") if isinstance(at, datetime)]
    assert len(waits) == 40
    assert min(waits) >= timedelta(), "seven in the morning in Moscow"
    assert 30 * MINUTE < max(waits) < 40 * MINUTE, "forty readers at one a minute take forty minutes"


def test_what_an_hour_before_the_opening_has_gathered_leaves_on_the_same_day(shop: Shop) -> None:
    """However long the whole audience takes: what has waited may leave all day, and nothing is too late."""
    readers(shop, 60)
    early = NOW.replace(hour=3)
    closes = NOW.replace(hour=19)
    broadcast = launch(shop, now=early, rate=1, valid_until=closes)
    work(early)
    change(shop, "UPDATE messaging_broadcast SET audience = 1000 WHERE id = %s", broadcast)
    for minute in range(1, 60):
        work(early + minute * MINUTE)
    assert progress(shop, broadcast).by_state == {"planned": 60}
    opens = NOW.replace(hour=4)
    due = [at for (at,) in rows(shop, "SELECT due_at FROM messaging_message") if isinstance(at, datetime)]
    assert opens <= min(due) < max(due) < opens + timedelta(hours=9), "as long as it had been closed, at the most"
    assert max(due) > opens + timedelta(hours=5), "and not all of it at once"


def test_the_more_important_of_two_takes_the_members_turn(shop: Shop, postman: Postman) -> None:
    """Whichever was planned first: a member waits for the one that matters more, or is wanted sooner."""
    readers(shop, 3)
    by_the_way = launch(shop, name="By the way")
    work()
    soon = launch(shop, name="Soon", valid_until=NOW + timedelta(days=2))
    work()
    matters = launch(shop, name="Matters", priority=5)
    work()
    assert send(postman).accepted == 3
    text = "SELECT DISTINCT dedupe_key, state, reason FROM messaging_message"
    assert set(rows(shop, text)) == {
        (by_the_way.occasion, "withheld", "frequency-cap"),
        (soon.occasion, "withheld", "frequency-cap"),
        (matters.occasion, "accepted", None),
    }


@pytest.mark.parametrize("barred", ["", "cap", "switch"])
def test_nobody_gives_way_to_what_will_not_leave(shop: Shop, postman: Postman, barred: str) -> None:
    """A text that matters more, to who had one three days ago, or while texts are stopped."""
    texters(shop, 3)
    letter = launch(shop, name="By the way")
    launch(shop, name="Matters", priority=5, channels=(SMS,))
    work()
    with db.transaction(shop.program.id) as conn:
        if barred == "cap":
            conn.execute(
                "INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at)"
                " SELECT holder_id, gen_random_uuid(), program_id, 'sms', %s FROM messaging_message"
                " WHERE channel = 'sms'",
                (NOW - timedelta(days=3),),
            )
        if barred == "switch":
            messages.stop(conn, shop.program.id, "channel:sms", by=ANNA, now=NOW)
            conn.execute(
                "UPDATE messaging_message SET reason = 'stopped', due_at = %s WHERE channel = 'sms'", (NOW + HOURS,)
            )
    assert send(postman).accepted == (3 if barred else 0)
    found = rows(shop, "SELECT DISTINCT state, reason FROM messaging_message WHERE dedupe_key = %s", letter.occasion)
    assert found == [("accepted", None) if barred else ("withheld", "frequency-cap")]


def test_one_that_fails_keeps_no_other_from_going_on(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    readers(shop, 2)
    broken = launch(shop, name="Broken", priority=9)
    sound = launch(shop, name="Sound")
    asked = """{"send": {"kind": "local", "day": "9999-12-31", "time": "10:00:00"}}"""
    change(shop, f"UPDATE messaging_broadcast SET wanted = wanted || '{asked}' WHERE id = %s", broken)
    work()
    assert progress(shop, sound).by_state == {"planned": 2}
    assert look(shop, broken).state is BroadcastState.SCHEDULED
    assert [one.levelname for one in caplog.records if broken.id in one.getMessage()][:1] == ["ERROR"]
    assert not any("member" in one.getMessage() for one in caplog.records)


def test_one_that_cannot_be_read_keeps_no_other_from_going_on(shop: Shop) -> None:
    readers(shop, 2)
    broken = launch(shop, name="Broken", priority=9)
    sound = launch(shop, name="Sound")
    change(shop, "UPDATE messaging_broadcast SET wanted = wanted - 'channels' WHERE id = %s", broken)
    work()
    assert progress(shop, sound).by_state == {"planned": 2}


def change(shop: Shop, text: str, broadcast: Broadcast) -> None:
    with db.transaction(shop.program.id) as conn:
        assert conn.execute(text, (broadcast.id,)).rowcount == 1


def test_what_was_being_handed_over_at_a_cancel_does_not_leave_when_it_comes_back(shop: Shop, postman: Postman) -> None:
    readers(shop, 3)
    broadcast = launch(shop)
    work()
    one = "id = (SELECT id FROM messaging_message ORDER BY id LIMIT 1)"
    assert mark(shop, "handing_over", one) == 1
    assert isinstance(do("cancel", shop, broadcast), Done)
    work()
    assert look(shop, broadcast).ended_at is None
    assert mark(shop, "deferred", one) == 1
    assert send(postman, now=NOW + MINUTE / 2).accepted == 0
    work(NOW + 2 * MINUTE)
    assert look(shop, broadcast).ended_at == NOW + 2 * MINUTE
    assert rows(shop, "SELECT DISTINCT state, reason FROM messaging_message") == [("withheld", "cancelled")]
    assert send(postman, now=NOW + timedelta(days=1)).accepted == 0


def test_a_rate_is_kept_by_workers_whose_clocks_differ(shop: Shop) -> None:
    readers(shop, 25)
    broadcast = launch(shop, rate=10)
    assert work(NOW) == 11  # the freeze is one more
    assert [work(NOW + n * MINUTE) for n in (1, 0.5, 1)] == [10, 0, 0]
    assert progress(shop, broadcast).by_state == {"planned": 20, "waiting": 5}
