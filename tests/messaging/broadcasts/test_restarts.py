"""P16 in its quick form: planners are killed, run two at a time, are paused and resumed.

The recipients are the snapshot minus those who must not get it, each once; nobody who joined later is among them.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import MINUTE, do, launch, look, progress, rows, work
from tests.messaging.news import NOW, readers, send
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from verno.kit import db
from verno.messaging.broadcasts.types import Broadcast, BroadcastState, Done

READERS = 400
SILENT = 40
CHUNK = 20


def planner(*words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.messaging.broadcasts.planner_process", NOW.isoformat(), str(CHUNK)]
    return subprocess.Popen([*command, *map(str, words)], env=os.environ.copy())


def planned() -> int:
    with db.across_programs() as conn:
        row = conn.execute("SELECT count(*) FROM messaging_message").fetchone()
    return int(row[0]) if row else 0


def wait_for(messages: int) -> None:
    deadline = time.monotonic() + 60
    while planned() < messages and time.monotonic() < deadline:
        time.sleep(0.01)


def town(shop: Shop) -> set[str]:
    """Some agree to news, some have said nothing; returns those who agree."""
    agreed = readers(shop, READERS)
    with db.transaction() as conn:
        add_members(conn, shop, SILENT, start=10_000)
    return set(agreed)


def each_once(shop: Shop, broadcast: Broadcast, agreed: set[str]) -> None:
    """See the snapshot minus the suppressed, each once, in the rows and in the counters."""
    found = rows(shop, "SELECT holder_id::text, state FROM messaging_message WHERE dedupe_key = %s", broadcast.occasion)
    queued = [str(holder) for holder, state in found if state == "queued"]
    assert sorted(queued) == sorted(agreed)
    told = progress(shop, broadcast)
    assert told.by_state == {"planned": READERS, "withheld": SILENT}
    assert told.total == look(shop, broadcast).audience == len(found)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_planner_that_dies_in_mid_chunk_loses_nobody(shop: Shop, moment: str) -> None:
    agreed = town(shop)
    broadcast = launch(shop)
    for call in (1, 3):
        assert planner(moment, call).wait(60) == -signal.SIGKILL
    assert planned() % CHUNK == 0, "the chunk it died in leaves no trace"
    assert planner().wait(60) == 0
    each_once(shop, broadcast, agreed)


def test_kills_pauses_and_two_planners_at_once(shop: Shop, postman: Postman) -> None:
    agreed = town(shop)
    broadcast = launch(shop)
    for kill in range(1, 4):
        pair = [planner(), planner()]
        wait_for(kill * CHUNK * 2)
        if kill == 2:
            assert isinstance(do("pause", shop, broadcast), Done)
            held = planned()
            with db.transaction() as conn:
                add_members(conn, shop, 1, start=20_000)
            time.sleep(0.3)
            assert planned() == held, "nothing is planned after a pause has committed"
            assert isinstance(do("resume", shop, broadcast), Done)
        for one in pair:
            one.send_signal(signal.SIGKILL)
            one.wait()
    pair = [planner(), planner()]
    assert [one.wait(60) for one in pair] == [0, 0]
    each_once(shop, broadcast, agreed)
    assert send(postman, now=NOW + MINUTE).accepted == READERS
    assert set(postman.addresses().values()) == {1}
    work(NOW + 2 * MINUTE)
    assert look(shop, broadcast).state is BroadcastState.FINISHED
