"""How many statements a second leave for the demo's catcher: ``pytest -s tests/messaging/rate.py`` (not a test)."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.messaging.people import add_members, make_program
from verno.kit import db
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.sender import send_due
from verno.messaging.statements import plan_statements

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MEMBERS = 2400
PORT = 2599


@pytest.mark.usefixtures("database")
def test_rate(tmp_path: Path) -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        for start in range(0, MEMBERS, 600):
            add_members(conn, shop, 600, start=start)
    started = time.perf_counter()
    with db.transaction() as conn:
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    planned = time.perf_counter() - started
    catcher = subprocess.Popen(
        [sys.executable, "-m", "verno.demo.catcher", "--port", str(PORT), "--folder", str(tmp_path)]
    )
    try:
        time.sleep(3)
        started, cpu = time.perf_counter(), time.process_time()
        counts = send_due(Email(smtp.Settings("127.0.0.1", PORT)), lambda: NOW, worker_name="rate")
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    finally:
        catcher.terminate()
        catcher.wait()
    assert counts.accepted == MEMBERS
    print(  # noqa: T201 its purpose
        f"\nplanned in {planned:.2f} s; sent {MEMBERS} in {seconds:.1f} s = {MEMBERS / seconds:.0f}/s,"
        f" {1000 * cpu / MEMBERS:.2f} ms of our CPU each"
    )
