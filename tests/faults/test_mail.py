"""Mail under fire (P15, P16, P18): a hostile server, killed and sleeping senders, codes beside a crowd."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import Shop
from tests.faults.effort import either
from tests.faults.hostile import AMBIGUOUS, BY_RECIPIENT, MAILS, Hostile
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember, Topic
from verno.messaging import queries, sender, service
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.desk import BULK, URGENT
from verno.messaging.statements import plan_statements
from verno.messaging.types import MessageClass

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MEMBERS = either(quick=400, long=20_000)
WORKERS, LINES = 4, 4
KILLS = either(quick=4, long=40)
PATIENCE = 0.5
EVERY = 20
"""One member in so many is behind a server that behaves so, in turn."""
ROUNDS = either(quick=12, long=16)
"""Of senders that come later, after longer and longer waits, until all good mailboxes have the letter."""
LATER = either(quick=2, long=WORKERS)
"""Senders of such a round: a server that breaks off a line in ten takes their lines away from them, too."""
LONGEST_WAIT = timedelta(hours=9)
CODES = either(quick=12, long=200)
CROWD = either(quick=2500, long=100_000)


def hostile_shop() -> tuple[Shop, dict[str, str]]:
    """Plan a statement for everybody; returns also how the server behaves to each, by address."""
    behaviour: dict[str, str] = {}
    with db.transaction() as conn:
        shop = make_program(conn)
        holders = add_members(conn, shop, MEMBERS)
        moved = []
        for n, _ in enumerate(holders):
            name = BY_RECIPIENT[n // EVERY % len(BY_RECIPIENT)] if n % EVERY == 0 else "fine"
            address = f"{name}+{n}@example.com"
            behaviour[address] = name
            moved.append(NewMember(external_id=f"m-{n}", email=address))
        members.upsert(conn, shop.program, moved, now=NOW)
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    return shop, behaviour


def start(postman: Postman, now: datetime) -> "subprocess.Popen[bytes]":
    told = [str(postman.port), str(LINES), now.isoformat(), str(PATIENCE)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.messaging.sender_process", *told],
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
    )


def end(processes: "list[subprocess.Popen[bytes]]") -> None:
    """Leave nobody behind, whatever the test found."""
    for one in processes:
        one.kill()
        one.wait()


def unsettled(shop: Shop, behaviour: dict[str, str]) -> set[str]:
    """Return who is behind a good server, and whose letter still waits for another try."""
    text = (
        "SELECT who.external_id FROM messaging_message AS one JOIN members_member AS who ON who.id = one.holder_id"
        " WHERE one.state IN ('queued', 'claimed', 'handing_over', 'deferred')"
    )
    with db.transaction(shop.program.id) as conn:
        waiting = {number for (number,) in conn.execute(text).fetchall()}
    good = {name for name, how in zip(numbers(), behaviour.values(), strict=True) if how in ("fine", "trickle")}
    return waiting & good


def numbers() -> list[str]:
    return [f"m-{n}" for n in range(MEMBERS)]


@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("database")
def test_nothing_is_lost_and_nothing_doubled_whatever_the_server_does_and_whoever_is_killed() -> None:
    """Truth is what lies in the mailboxes."""
    shop, behaviour = hostile_shop()
    with Hostile(delay=0.005) as postman, ExitStack() as stack:
        now = NOW
        workers = [start(postman, now) for _ in range(WORKERS)]
        stack.callback(end, workers)
        for kill in range(1, KILLS + 1):
            aim = kill * MEMBERS // (KILLS + 2)
            while len(postman.stored) < aim and any(one.poll() is None for one in workers):
                time.sleep(0.005)
            victim = workers[kill % WORKERS]
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            now += timedelta(seconds=1)
            workers[kill % WORKERS] = start(postman, now)
        for one in workers:
            assert one.wait(600) == 0
        # When the leases of the killed have lapsed, what they had claimed is sent, and what they handed over is known.
        # What the server would not hear of then is offered again, until nothing is left for good mailboxes.
        for round_ in range(ROUNDS):
            now += min(timedelta(minutes=20) * 2**round_, LONGEST_WAIT)
            late = [start(postman, now) for _ in range(LATER)]
            stack.callback(end, late)
            assert [one.wait(600) for one in late] == [0] * LATER
            if not unsettled(shop, behaviour):
                break
        stored = postman.addresses()
    with db.transaction() as conn:
        states: Counter[str] = Counter()
        for row in queries.counts(conn, shop.program.id):
            states[row.state] += row.messages
        uncertain = queries.uncertain(conn, shop.program.id, limit=MEMBERS)
        contacts = conn.execute("SELECT id::text, external_id FROM members_member").fetchall()
    assert max(stored.values()) == 1, "doubled"
    assert set(states) <= {"accepted", "uncertain", "rejected", "deferred"}, states
    assert states.total() == MEMBERS
    assert postman.hostility.keys() >= {"_Mute", "_Foreign", "421", *MAILS.values()}, "it was kinder than it is"
    fine = [address for address, name in behaviour.items() if name in ("fine", "trickle")]
    listed = {number for id_, number in contacts if id_ in {one.holder_id for one in uncertain}}
    by_number = {f"m-{address.partition('+')[2].partition('@')[0]}": address for address in behaviour}
    doubtful = {by_number[number] for number in listed}
    assert not [address for address in fine if address not in stored and address not in doubtful], "lost"
    ambiguous = sum(name in AMBIGUOUS for name in behaviour.values())
    assert len(uncertain) == states["uncertain"] <= KILLS * LINES + ambiguous
    assert len(stored) >= states["accepted"]


@pytest.mark.usefixtures("database")
def test_a_sender_that_slept_through_its_lease_wakes_up_and_sends_nothing() -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        add_members(conn, shop, 60)
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    with Postman(delay=0.05) as postman, ExitStack() as stack:
        zombie = start(postman, NOW)
        stack.callback(end, [zombie])
        while len(postman.stored) < 8:
            time.sleep(0.005)
        zombie.send_signal(signal.SIGSTOP)
        try:
            time.sleep(0.2)  # what it had put on the line arrives
            healthy = start(postman, NOW + timedelta(minutes=20))
            assert healthy.wait(120) == 0
        finally:
            zombie.send_signal(signal.SIGCONT)
        # Stopped within a transaction, it finds that the database has closed it: it fails, as a worker's part may.
        zombie.wait(120)
        after = start(postman, NOW + timedelta(minutes=40))
        assert after.wait(120) == 0
        stored = postman.addresses()
    with db.transaction() as conn:
        uncertain = queries.uncertain(conn, shop.program.id)
    assert max(stored.values()) == 1, "doubled"
    assert 60 - len(stored) <= len(uncertain) <= LINES


@pytest.mark.usefixtures("database")
def test_codes_do_not_wait_behind_a_crowd() -> None:
    """P18: while advertising for a crowd is under way, codes reach the server within five seconds."""
    with db.transaction() as conn:
        shop = make_program(conn)
        topics = [Topic("codes", "security")]
        members.ensure_topics(conn, shop.program.id, topics)
        holders = add_members(conn, shop, CROWD + CODES)
        service.plan(conn, shop.program.id, [draft(h) for h in holders[:CROWD]], now=NOW)
    over = threading.Event()

    def work(lanes: Sequence[MessageClass], lines: int) -> None:
        channel = Email(smtp.Settings("127.0.0.1", postman.port, connections=lines))
        while not over.is_set():
            sender.step(channel, lanes, now=NOW + timedelta(seconds=1), worker_name=lanes[0], stopping=over.is_set)
            over.wait(0.1)

    with Postman(delay=0.02) as postman:
        threads = [threading.Thread(target=work, args=args) for args in ((BULK, 4), (URGENT, 2))]
        for one in threads:
            one.start()
        waits: list[float] = []
        try:
            for n, holder in enumerate(holders[CROWD:]):
                asked = time.monotonic()
                with db.transaction() as conn:
                    service.plan(conn, shop.program.id, [draft(holder, f"code/{n}", topic="codes")], now=NOW)
                address = f"member-{CROWD + n}@example.com"
                while address not in postman.addresses():
                    assert time.monotonic() - asked < 5, f"code {n} waits behind the crowd"
                    time.sleep(0.01)
                waits.append(time.monotonic() - asked)
            crowd = len(postman.stored) - CODES
        finally:
            over.set()
            for one in threads:
                one.join(60)
    assert 0 < crowd < CROWD, "the crowd was over before the codes were"
    assert max(waits) < 5
