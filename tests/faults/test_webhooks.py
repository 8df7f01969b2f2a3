"""P20: whatever receivers do and whoever is killed, each event arrives, in an order that can be restored.

Tills write while workers note, send and die. Endpoints answer 500, hang, are gone, ask for patience, lead elsewhere,
drop the line once they have read all. Time runs sixty times as fast, so that second and third tries come.
"""

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest

from tests.builders import NOW, Shop, holder
from tests.faults.effort import either
from tests.webhooks.conftest import listen, receiver, shop  # noqa: F401 fixtures
from tests.webhooks.receiver import Receiver
from tests.webhooks.sender_process import running, work
from verno.kit import db, outbox
from verno.webhooks import queries, service
from verno.webhooks.events import cloud_event
from verno.webhooks.types import EndpointState, Made
from verno.workspace.audit import SYSTEM

SPEED = 60.0
CALL_SECONDS = 0.5
"""Of our time; a claim holds for one second of it."""
TILLS = 4
EVENTS = either(60, 600)
"""Of each till."""
MEMBERS = 8
KILLS = either(3, 12)
MANNERS = ("ok", "flaky", "drop", "hang", "500", "302", "410", "429")
TAKERS = ("ok", "flaky", "drop")
"""Who gets everything within the test's time: the first tries of these all arrive."""


class House:
    """Tills that write events, and what they have committed."""

    def __init__(self, shop: Shop) -> None:  # noqa: F811 a fixture's name
        self.shop = shop
        self.members = [holder() for _ in range(MEMBERS)]
        self.written: dict[str, int] = defaultdict(int)

    def till(self, number: int) -> None:
        """Write events of all members, as many tills at once do: the member's row is locked, but not first."""
        for n in range(EVENTS):
            member = self.members[(number + n) % MEMBERS]
            with db.transaction(self.shop.program.id) as conn:
                conn.execute("SELECT pg_current_xact_id()")
                conn.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (member,))
                self.written[member] += 1
                body = {"n": self.written[member]}
                outbox.append(conn, [outbox.NewEvent(self.shop.program.id, member, "points.adjusted.v1", body, NOW)])

    def committed(self) -> set[str]:
        """Return the ids of all events, as the pull API reads them."""
        found: set[str] = set()
        after, more = queries.BEGINNING, True
        while more:
            with db.transaction(self.shop.program.id) as conn:
                rows, after, more = queries.events_after(conn, self.shop.program.id, after, types=None, limit=200)
            found |= {cloud_event(row).id for row in rows}
        return found


@contextmanager
def worker(began: float) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker until it is killed."""
    command = [sys.executable, "-m", "tests.webhooks.sender_process", str(began), NOW.isoformat(), str(SPEED)]
    process = subprocess.Popen([*command, str(CALL_SECONDS)], env=os.environ.copy())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that will come true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def rotate(shop: Shop, made: Made) -> Made:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        rotated = service.rotate(conn, shop.program.id, made.endpoint.id, now=NOW, by=SYSTEM)
    assert rotated is not None
    return rotated


@pytest.mark.timeout(either(120, 900))
def test_each_event_arrives_whoever_is_killed(shop: Shop, receiver: Receiver) -> None:  # noqa: F811 fixtures
    house = House(shop)
    made = {name: listen(shop, f"{receiver.url}/{name}") for name in MANNERS}
    rotated = rotate(shop, made["ok"])
    tills = [threading.Thread(target=house.till, args=(n,)) for n in range(TILLS)]
    for till in tills:
        till.start()
    began = time.time()
    for kill in range(1, KILLS + 1):
        with worker(began) as process:
            goal = kill * TILLS * EVENTS // (KILLS + 2)
            until(partial(_has, receiver, goal))
            assert process.poll() is None, "it ended before it was killed"
    for till in tills:
        till.join()
    stop = threading.Event()
    rest = threading.Thread(target=work, args=(running(began, NOW, SPEED), CALL_SECONDS, stop))
    rest.start()
    committed = house.committed()
    assert len(committed) == TILLS * EVENTS == sum(house.written.values())
    try:
        until(lambda: receiver.ids("ok") >= committed)
        until(lambda: all(receiver.ids(name) >= committed for name in TAKERS))
    finally:
        stop.set()
        rest.join()
    for name in TAKERS:
        assert receiver.ids(name) == committed, name
        bodies = defaultdict(set)
        for call in receiver.calls[name]:
            bodies[call.id].add(call.body)
        assert all(len(told) == 1 for told in bodies.values()), f"{name}: one id, two bodies"
    assert receiver.canary == 0, "a redirect was followed"
    secrets = (made["ok"].secret, rotated.secret)
    assert all(call.signed_by(secret) for call in receiver.calls["ok"] for secret in secrets)
    in_order(receiver)
    for name, state in (("410", EndpointState.DISABLED), ("429", EndpointState.ACTIVE)):
        with db.transaction(shop.program.id) as conn:
            found = queries.endpoint(conn, shop.program.id, made[name].endpoint.id)
        assert found is not None
        assert found.state is state, name
    lines = 16 * (KILLS + 1)
    assert len(receiver.calls["410"]) <= lines, "called after it was gone"


def _has(receiver: Receiver, goal: int) -> bool:  # noqa: F811 a fixture's name
    return len(receiver.ids("ok")) >= goal


def in_order(receiver: Receiver) -> None:  # noqa: F811 a fixture's name
    """Restore each member's order from what arrived, by the events' own numbers."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for call in receiver.calls["ok"]:
        event = call.event
        found[event["subject"]][event["sequence"]] = event["data"]["n"]
    assert len(found) == MEMBERS
    for member in found.values():
        numbers = [number for _, number in sorted(member.items())]
        assert all(later == earlier + 1 for earlier, later in pairwise(numbers)), numbers
