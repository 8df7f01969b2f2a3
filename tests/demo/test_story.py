"""The whole demo by its command: killed in the middle, started again, run a second time; every figure to the unit."""

import fcntl
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.demo import oracle
from verno.demo import mailbox
from verno.kit.clock import system_now
from verno.kit.embedded import cluster

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]

KILL_AFTER = 20_000
RECEIPTS = 155_848
LINES = 1_469_307
HOUSEHOLDS = 2_469
NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Told:
    """What the runs said, and where the mail lies."""

    killed_at: int
    resumed: dict[str, Any]
    again: dict[str, Any]
    again_seconds: float
    today: date
    now: datetime
    mail: Path
    told: list[tuple[int, date, int, int, int, int]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Start the demo, kill it at 20,000 receipts, start it again, and once more.

    Told once a run of the tests, whichever of its workers asks first: it takes a minute and both processors.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    kept = shared / "demo-story.pickle"
    with (shared / "demo-story.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_tell(tmp_path_factory.mktemp("demo"))))
        told: Told = pickle.loads(kept.read_bytes())
        return told


def _tell(home: Path) -> Told:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERNO_")}
    environment["VERNO_HOME"] = str(home)
    command = [sys.executable, "-m", "verno", "demo", "--once", "--json"]
    now = system_now()
    killed_at = _start_and_kill(command, environment, home)
    resumed = _run(command, environment)
    started = time.monotonic()
    again = _run(command, environment)
    seconds = time.monotonic() - started
    with cluster.local(home).running(), psycopg.connect(cluster.local(home).url("verno_owner")) as conn:
        told = conn.execute(
            "SELECT m.external_id::int, s.month, s.opening, s.earned, s.expired, s.closing "
            "FROM messaging_statement s JOIN members_member m ON m.id = s.holder_id"
        ).fetchall()
    return Told(killed_at, resumed, again, seconds, now.astimezone(NEW_YORK).date(), now, home / "mail", told)


def _run(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == 1, "standard output holds the JSON object and nothing else"
    found: dict[str, Any] = json.loads(lines[0])
    return found


def _start_and_kill(command: list[str], environment: dict[str, str], home: Path) -> int:
    said = home.parent / f"{home.name}.log"
    with said.open("w") as log:
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    there = 0
    try:
        while there < KILL_AFTER:
            assert child.poll() is None, f"the demo ended before it could be killed: {said.read_text()[-2000:]}"
            time.sleep(0.3)
            there = _count(home)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    deadline = time.monotonic() + 30
    while cluster.local(home).answers():
        assert time.monotonic() < deadline, "the database outlived the demo that started it"
        time.sleep(0.1)
    return there


def _count(home: Path) -> int:
    try:
        with psycopg.connect(cluster.local(home).url("verno_owner"), connect_timeout=2) as conn:
            row = conn.execute("SELECT count(*) FROM intake_receipt_claim").fetchone()
            return row[0] if row else 0
    except (psycopg.Error, FileNotFoundError):
        return 0


def test_everything_is_there_once(story: Told) -> None:
    assert KILL_AFTER <= story.killed_at < RECEIPTS
    assert story.resumed["members"] == HOUSEHOLDS
    assert story.resumed["places"] == 457
    assert story.resumed["goods"] == 92_331 + 17
    assert story.resumed["receipts"] == RECEIPTS
    assert story.resumed["lines"] == LINES
    assert story.resumed["verify"] == "ok"


def test_points_are_those_of_the_tables(story: Told) -> None:
    shift = oracle.weeks_before(story.now.astimezone(NEW_YORK).replace(tzinfo=None))
    expected = oracle.points(oracle.baskets(shift), story.today)
    found = story.resumed
    assert (found["points_earned"], found["points_expired"], found["points_available"]) == expected
    assert found["points_earned"] == found["points_expired"] + found["points_available"]


def test_every_member_has_a_statement_sent_or_withheld(story: Told) -> None:
    withheld = story.resumed["statements_withheld"]
    assert story.resumed["statements_sent"] + sum(withheld.values()) == HOUSEHOLDS
    assert set(withheld) == {"no-consent"}
    assert 0.75 < story.resumed["statements_sent"] / HOUSEHOLDS < 0.85


def test_every_statement_says_what_the_tables_say(story: Told) -> None:
    month = (story.today.replace(day=1) - date.resolution).replace(day=1)
    shift = oracle.weeks_before(story.now.astimezone(NEW_YORK).replace(tzinfo=None))
    expected = oracle.statements(oracle.baskets(shift), month)
    found = {household: tuple(figures) for household, told, *figures in story.told if told == month}
    assert found == expected


def test_the_mails_say_what_the_ledger_says(story: Told) -> None:
    names = mailbox.names(story.mail)
    assert len(names) == story.resumed["statements_sent"]
    closings = {household: closing for household, _, _, _, _, closing in story.told}
    seen = set()
    for name in names[:200]:
        mail = mailbox.mail(story.mail, name)
        household = int(re.fullmatch(r"household-(\d+)@example\.com", mail.to)[1])  # type: ignore[index]
        told = re.match(r"[\d\s,]+", dict(mail.headers)["Subject"])
        assert told, mail.headers
        assert re.sub(r"\D", "", told[0]) == str(closings[household]), mail.headers
        assert told[0].strip() in mail.text, mail.text
        assert mail.html
        seen.add(household)
    assert len(seen) == 200


def test_a_second_run_loads_nothing_and_sends_nothing(story: Told) -> None:
    changing = {"seconds", "receipts_per_second"}
    first = {name: value for name, value in story.resumed.items() if name not in changing}
    second = {name: value for name, value in story.again.items() if name not in changing}
    assert second == first
    assert story.again["receipts_per_second"] == 0
    assert story.again_seconds < 60
