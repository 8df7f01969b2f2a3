"""One bad message cannot stop the rest (P17): what raises, hangs, leaks, exits or swells ends on a list."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import psycopg
import pytest

from tests.builders import Shop
from tests.faults.effort import LONG, either
from tests.faults.poison import LATE, POISONS, PORT
from tests.messaging.news import SERVICE, readers, stories
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging import queries, service
from verno.messaging.desk import MOST_LAPSES, RETRY_AFTER
from verno.messaging.poison import alone
from verno.messaging.queries import MessageView
from verno.workspace.audit import SYSTEM

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
OTHERS = either(quick=250, long=10_000)
"""In the long form for half a minute: starting anew costs by the kill, and suspects wait a minute for their turn."""
EACH = either(quick=1, long=2)
STARTS = 12
SHARE = 0.8
"""Of the rate without poison; the rest goes into starting workers anew."""


def shop_with(poisons: int) -> tuple[Shop, dict[str, str]]:
    """Plan letters for everybody, the poisonous ones first; returns which holder has which poison."""
    with db.transaction() as conn:
        shop = make_program(conn)
    holders = plan(shop, OTHERS + poisons)
    named = {holder: POISONS[n % len(POISONS)] for n, holder in enumerate(holders[:poisons])}
    with psycopg.connect(db.owner_url()) as owner:
        for holder, poison in named.items():
            owner.execute(
                "UPDATE messaging_message SET due_at = due_at - interval '1 minute',"
                " context = context || jsonb_build_object('poison', %s::text) WHERE holder_id = %s",
                (poison, holder),
            )
    return shop, named


def plan(shop: Shop, count: int, *, start: int = 0) -> list[str]:
    """Plan a letter to each of so many new members; returns these."""
    with db.transaction(shop.program.id) as conn:
        holders = add_members(conn, shop, count, start=start)
        service.plan(conn, shop.program.id, [draft(one) for one in holders], now=NOW)
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        owner.execute("ANALYZE")  # the server would do it within a minute: after one rate was taken, and before another
    return holders


def work(postman: Postman, now: datetime) -> int:
    """Run a worker once; returns its exit code."""
    command = [sys.executable, "-m", "tests.faults.poison", now.isoformat()]
    return subprocess.run(command, env={**os.environ, PORT: str(postman.port)}, check=False, timeout=300).returncode


def rate(postman: Postman, now: datetime) -> float:
    """Return how many letters of all others a second left, workers being started anew as they die."""
    began, before = time.monotonic(), len(postman.stored)
    for _ in range(STARTS):
        if work(postman, now) == 0:
            break
    return (len(postman.stored) - before) / (time.monotonic() - began)


def waiting(shop: Shop) -> int:
    """Return how many messages have no end yet."""
    with db.transaction(shop.program.id) as conn:
        found = queries.counts(conn, shop.program.id)
    return sum(row.messages for row in found if row.state in {"queued", "claimed", "handing_over"})


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("database")
def test_poison_ends_on_a_list_and_all_others_leave() -> None:
    shop, named = shop_with(EACH * len(POISONS))
    with Postman() as postman:
        first = rate(postman, NOW)
        at_once = len(postman.stored)
        for minutes in range(11, 100, 11):  # leases lapse, suspects wait longer each time
            if waiting(shop):
                work(postman, NOW + timedelta(minutes=minutes))
        stored = postman.addresses()
    with db.transaction(shop.program.id) as conn:
        dead = {one.holder_id: one.reason for one in queries.dead(conn, shop.program.id)}
        states = {row.state: row.messages for row in queries.counts(conn, shop.program.id)}
    assert set(dead) == set(named), "each poison is a dead letter, and nothing else is"
    reasons = {named[holder]: reason for holder, reason in dead.items()}
    assert reasons["raise"] == reasons["huge"] == "cannot-be-rendered"
    assert {reasons[one] for one in ("hang", "exit")} == {"kills-its-worker"}
    assert set(stored.values()) == {1}, "doubled"
    assert len(stored) + states.get("uncertain", 0) >= OTHERS, "lost"
    assert len(stored) >= OTHERS - 4 * STARTS
    if LONG:
        assert at_once >= OTHERS - 200 * STARTS, "only what shared a claim has to wait"
        assert first >= SHARE * undisturbed(shop), "the others are slowed down"


def undisturbed(shop: Shop) -> float:
    """Return the rate of letters without poison, of the same program and by the same worker."""
    plan(shop, OTHERS, start=OTHERS + EACH * len(POISONS))
    with Postman() as postman:
        return rate(postman, NOW)


@pytest.mark.usefixtures("database")
def test_a_dead_letter_is_tried_once_more_when_a_person_says_so() -> None:
    shop, named = shop_with(1)
    [holder] = named
    with Postman() as postman:
        work(postman, NOW)
        with db.transaction(shop.program.id) as conn:
            [dead] = queries.dead(conn, shop.program.id)
        with psycopg.connect(db.owner_url()) as owner:
            owner.execute("UPDATE messaging_message SET context = context - 'poison' WHERE holder_id = %s", (holder,))
        later = NOW + timedelta(minutes=1)
        with db.transaction(shop.program.id) as conn:
            assert service.replay(conn, shop.program.id, holder, dead.id, by=SYSTEM, now=later)
            assert not service.replay(conn, shop.program.id, holder, dead.id, by=SYSTEM, now=later), "once"
        assert work(postman, later) == 0
        stored = postman.addresses()
    assert stored["member-0@example.com"] == 1


def suspect(shop: Shop, holder: str, **changes: object) -> None:
    """Plan a letter during whose claim a worker has died, and that kills its process once it has arrived."""
    with db.transaction(shop.program.id) as conn:
        service.plan(conn, shop.program.id, [draft(holder, "a", **changes)], now=NOW)
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute(
            "UPDATE messaging_message SET lapsed = 1, context = context || jsonb_build_object('poison', %s::text)"
            " WHERE holder_id = %s",
            (LATE, holder),
        )


@pytest.mark.usefixtures("database")
def test_what_is_owed_comes_again_until_it_has_killed_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What dies during its hand-over may have arrived: what is owed leaves at least once, all else at most once."""
    with db.transaction() as conn:
        shop = make_program(conn)
        members.ensure_topics(conn, shop.program.id, [Topic(SERVICE, "transactional")])
    owed, told = readers(shop, 2)

    def story(holder: str) -> MessageView:
        [found] = stories(holder)
        return found

    def attempt(now: datetime) -> int:
        return alone.step("tests.faults.poison:channel", "email", now=now)

    with Postman() as postman:
        monkeypatch.setenv(PORT, str(postman.port))
        suspect(shop, told)
        assert attempt(NOW) == 1
        assert (story(told).state, story(told).reason, story(told).attempts) == ("uncertain", "worker-lost", 1)
        suspect(shop, owed, topic=SERVICE)
        now, times = NOW, 0
        while attempt(now):
            times += 1
            assert times <= len(RETRY_AFTER) + 1, "it never ends"
            assert story(owed).reason == "worker-lost"
            if story(owed).state == "deferred":
                assert story(owed).due_at == now + RETRY_AFTER[0]
                now = story(owed).due_at
        letters = [message_from_bytes(letter)["Message-ID"] for to, letter in postman.stored if "0@" in to]
        assert postman.addresses()["member-1@example.com"] == 1, "at most once"
    assert times == MOST_LAPSES - 1, "its first death made it a suspect"
    assert story(owed).state == "uncertain", "it has arrived: no dead letter, a person decides"
    assert (len(letters), len(set(letters))) == (times, 1), "each time under the same name"
