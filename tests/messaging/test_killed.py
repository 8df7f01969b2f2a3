"""kill -9 a sender in mid-run: nothing lost, nothing doubled, and no more uncertain than it had letters in hand."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.messaging import queries
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.sender import send_due
from verno.messaging.statements import plan_statements

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MEMBERS = 300
CONNECTIONS = 4
KILLS = 3


@pytest.mark.usefixtures("database")
def test_kill_the_sender() -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        add_members(conn, shop, MEMBERS)
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    with Postman(delay=0.01) as postman:
        now = NOW
        for kill in range(1, KILLS + 1):
            _send_until(postman, kill * MEMBERS // (KILLS + 2), now)
            now += timedelta(minutes=20)
        chosen = smtp.Settings("127.0.0.1", postman.port, connections=CONNECTIONS)
        send_due(Email(chosen), lambda: now, worker_name="after")
        send_due(Email(chosen), lambda: now, worker_name="after", suspects=True)
        stored = postman.addresses()
    with db.transaction() as conn:
        states = {row.state: row.messages for row in queries.counts(conn, shop.program.id)}
        doubtful = queries.uncertain(conn, shop.program.id)
    assert set(stored.values()) == {1}, "doubled"
    assert set(states) <= {"accepted", "uncertain"}, states
    assert sum(states.values()) == MEMBERS, "lost"
    assert len(doubtful) <= KILLS * CONNECTIONS
    # Whoever is not in a mailbox is on the list that a person works through.
    assert MEMBERS - len(stored) <= len(doubtful)
    assert len(stored) >= states["accepted"]


def _send_until(postman: Postman, letters: int, now: datetime) -> None:
    """Run a sender process and kill it once the server has stored so many letters."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.messaging.sender_process", str(postman.port), str(CONNECTIONS), now.isoformat()],
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while len(postman.stored) < letters and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None, "it was done before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
