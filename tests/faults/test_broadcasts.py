"""A broadcast resumes exactly (P16): planner, sender and database are killed, or sleep twice their lease and wake up.

Recipients are the snapshot minus the suppressed minus the holdout, each once. The database is of its own, so that it
can be killed; the sink takes whatever comes, and remembers who got it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import psutil
import pytest

from tests.builders import Shop
from tests.faults.effort import either
from tests.faults.house import folder
from tests.messaging.broadcasts.conftest import connected  # noqa: F401 a fixture
from tests.messaging.broadcasts.shows import launch, look, name_sender, progress, rows
from tests.messaging.moments import turn
from tests.messaging.news import NEWS, NOW, readers
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.embedded import cluster
from verno.kit.errors import Unavailable
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging import queries, service
from verno.messaging.broadcasts.types import HOLDOUT, Broadcast, BroadcastState
from verno.messaging.desk import CLAIM_LEASE
from verno.messaging.facts import address_hash
from verno.messaging.types import NewSuppression

READERS = either(quick=800, long=100_000)
SUPPRESSED = READERS // 20
SILENT = READERS // 20
LATE = 20
CHUNK = either(quick=20, long=200)
LINES = 8
BATCH = 5000
"""Members added at a time."""
PATIENCE = either(quick=60.0, long=900.0)

Part = Literal["planner", "sender", "both", "database"]


class Strike(NamedTuple):
    """When so large a share has been planned or sent, a part is killed, or sleeps until another has gone on."""

    after: Literal["planned", "sent"]
    share: float
    part: Part
    sleeps: bool = False


QUICK = (
    Strike("planned", 0.2, "planner"),
    Strike("planned", 0.4, "planner", sleeps=True),
    Strike("sent", 0.3, "database"),
    Strike("sent", 0.5, "sender", sleeps=True),
)
LONG = (
    Strike("planned", 0.1, "planner"),
    Strike("planned", 0.2, "database"),
    Strike("planned", 0.3, "both", sleeps=True),
    Strike("planned", 0.5, "both"),
    Strike("planned", 0.7, "planner", sleeps=True),
    Strike("sent", 0.4, "sender"),
    Strike("sent", 0.5, "sender", sleeps=True),
    Strike("sent", 0.6, "database"),
    Strike("sent", 0.7, "sender", sleeps=True),
    Strike("sent", 0.8, "sender"),
)
STRIKES = either(quick=QUICK, long=LONG)


class Database:
    """A server of the test's own that may be killed."""

    def __init__(self, home: Path) -> None:
        self.cluster = cluster.local(home)
        self.process = self.cluster.start()

    def kill(self) -> None:
        """Kill it with all its processes, and start it again."""
        server = psutil.Process(self.process.pid)
        for one in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        self.process = self.cluster.start()
        db.close_pool()  # of connections to the dead one


@contextmanager
def own_database() -> Iterator[Database]:
    """Let this process and its children use a database of the test's own."""
    before = {name: os.environ[name] for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL")}
    with folder("verno-broadcasts-") as base:
        database = Database(base / "home")
        db.close_pool()
        os.environ["VERNO_DATABASE_URL"] = database.cluster.url("verno")
        os.environ["VERNO_OWNER_URL"] = database.cluster.url("verno_owner")
        try:
            subprocess.run([sys.executable, "-m", "verno", "migrate"], check=True, env=os.environ.copy())
            yield database
        finally:
            db.close_pool()
            os.environ.update(before)
            cluster.stop(database.process)


class Crew:
    """A planner and a sender that are started anew whenever they end before their work does."""

    def __init__(self, postman: Postman, clock: Path) -> None:
        self.file, self.now = clock, NOW
        self.words = {
            "planner": ("tests.messaging.broadcasts.planner_process", turn(clock, NOW), str(CHUNK)),
            "sender": ("tests.messaging.sender_process", str(postman.port), str(LINES), f"@{clock}"),
        }
        self.at_work: dict[str, subprocess.Popen[bytes]] = {}
        self.sleepers: list[subprocess.Popen[bytes]] = []

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", *self.words[name]]
        quiet = subprocess.DEVNULL
        self.at_work[name] = subprocess.Popen(command, env=os.environ.copy(), stdout=quiet, stderr=quiet)

    def tend(self) -> None:
        """Start what has died, and a sender that had found nothing to do; a planner at its end has planned all."""
        for name in self.words:
            process = self.at_work.get(name)
            if process is None or process.poll() not in (None, *((0,) if name == "planner" else ())):
                self.start(name)

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, "it does not go on"
            self.tend()
            time.sleep(0.02)

    def kill(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.at_work[name].kill()
            self.at_work[name].wait()

    def sleep(self, names: tuple[str, ...], until: Callable[[], bool]) -> None:
        """Stop processes, let twice the lease pass and others go on in their place, and wake them up again."""
        asleep = [self.at_work.pop(name) for name in names]
        self.sleepers += asleep
        for one in asleep:
            one.send_signal(signal.SIGSTOP)
        self.pass_time(2 * CLAIM_LEASE)
        self.wait(until)
        for one in asleep:
            one.send_signal(signal.SIGCONT)

    def pass_time(self, time_: timedelta) -> None:
        self.now += time_
        turn(self.file, self.now)

    def finish(self) -> None:
        """Let all come to their ends, and a last pair do what is left once every lease has lapsed."""
        for one in (*self.at_work.values(), *self.sleepers):
            one.wait(PATIENCE)
        for name in ("planner", "sender", "planner"):
            self.pass_time(2 * CLAIM_LEASE)
            self.start(name)
            assert self.at_work[name].wait(PATIENCE) == 0

    def end(self) -> None:
        """Leave nobody behind, whatever the test found."""
        for one in (*self.at_work.values(), *self.sleepers):
            one.kill()
            one.wait()


@contextmanager
def crew_of(postman: Postman, clock: Path) -> Iterator[Crew]:
    crew = Crew(postman, clock)
    try:
        yield crew
    finally:
        crew.end()


def town() -> tuple[Shop, dict[str, str]]:
    """Some agree to news, of whom some are suppressed; some have said nothing. Returns the addresses of all members."""
    with db.transaction() as conn:
        shop = make_program(conn)
        db.enter(conn, shop.program.id)
        members.ensure_topics(conn, shop.program.id, [Topic(NEWS, "marketing")])
        name_sender(conn, shop)
    holders: list[str] = []
    for start in range(0, READERS, BATCH):
        holders += readers(shop, min(BATCH, READERS - start), start=start)
    with db.transaction() as conn:
        holders += add_members(conn, shop, SILENT, start=READERS)
        gone = [address_hash(shop.program.id, "email", address_of(n)) for n in range(SUPPRESSED)]
        bounced = [NewSuppression("email", digest, "bounce", "test") for digest in gone]
        service.suppress(conn, shop.program.id, bounced, now=NOW)
    return shop, {holder: address_of(n) for n, holder in enumerate(holders)}


def address_of(number: int) -> str:
    return f"member-{number}@example.com"


def strike(crew: Crew, database: Database, one: Strike, counts: dict[str, Callable[[], int]]) -> None:
    """Wait for a strike's moment, and let it fall."""
    count = counts[one.after]
    crew.wait(lambda: count() >= one.share * READERS)
    names: tuple[str, ...] = ("planner", "sender") if one.part == "both" else (one.part,)
    if one.part == "database":
        database.kill()
    elif one.sleeps:
        goal = min(count() + CHUNK, int(0.8 * READERS))
        crew.sleep(names, lambda: count() >= goal)
    else:
        crew.kill(names)


@pytest.mark.timeout(either(180, 3000))
def test_a_broadcast_reaches_its_snapshot_each_once_whoever_is_killed_or_sleeps(tmp_path: Path) -> None:
    with own_database() as database, Postman(reads=False) as postman, crew_of(postman, tmp_path / "clock") as crew:
        shop, addresses = town()
        broadcast = launch(shop, holdout=HOLDOUT)
        counts: dict[str, Callable[[], int]] = {"planned": lambda: planned(shop), "sent": lambda: len(postman.stored)}
        for number, one in enumerate(STRIKES):
            strike(crew, database, one, counts)
            if not number:
                with db.transaction() as conn:
                    add_members(conn, shop, LATE, start=READERS + SILENT)
        crew.finish()
        judge(shop, broadcast, addresses, postman)


def planned(shop: Shop) -> int:
    """Count messages, patiently: the database may be on its way up."""
    text = "SELECT count(*) FROM messaging_message WHERE program_id = %s"
    for _ in range(20):
        with suppress(Unavailable):
            return int(str(rows(shop, text, shop.program.id)[0][0]))
    message = "the database does not come back"
    raise AssertionError(message)


def judge(shop: Shop, broadcast: Broadcast, addresses: dict[str, str], postman: Postman) -> None:
    """Compare the mailboxes with the snapshot, and the rows with the counters."""
    text = "SELECT holder_id::text, state FROM messaging_recipient WHERE broadcast_id = %s"
    snapshot = {str(holder): state for holder, state in rows(shop, text, broadcast.id)}
    assert snapshot.keys() == addresses.keys(), "who was there when it began, and nobody who came later"
    held = {holder for holder, state in snapshot.items() if state == "holdout"}
    assert 0.01 * len(snapshot) < len(held) < 0.1 * len(snapshot)
    readers_ = set(list(addresses)[SUPPRESSED:READERS])
    expected = {addresses[holder] for holder in readers_ - held}
    stored = postman.addresses()
    with db.transaction() as conn:
        doubtful = {addresses[one.holder_id] for one in queries.uncertain(conn, shop.program.id, limit=READERS)}
    assert max(stored.values()) == 1, "doubled"
    assert stored.keys() <= expected, "somebody got it who must not"
    assert expected - stored.keys() <= doubtful, "lost"
    assert len(doubtful) <= LINES * len(STRIKES)
    states = {str(state) for (state,) in rows(shop, "SELECT DISTINCT state FROM messaging_message")}
    assert states <= {"accepted", "uncertain", "withheld"}, states
    told = progress(shop, broadcast)
    withheld = len(snapshot) - len(held) - len(expected)
    assert told.by_state == {"planned": len(expected), "withheld": withheld, "holdout": len(held)}
    seen = look(shop, broadcast)
    assert (seen.state, seen.audience) == (BroadcastState.FINISHED, told.total)
