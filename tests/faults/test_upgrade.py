"""An upgrade moves no points (P14): the previous release's database, migrated while its tills go on, killed in between.

The previous release is taken from this repository's own history. The sealed head joins the comparison with the first
release that has one.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.faults.effort import either
from tests.faults.servers import Caller, Server, serving
from verno.kit import db
from verno.kit.embedded import cluster

ROOT = Path(__file__).resolve().parents[2]
PREVIOUS = "3820fcc2514bf848cb68e1ab6ef2253af71a6820"
"""The commit that ended the previous issue."""
NAME = "upgrade"
MEMBERS = either(quick=200, long=20_000)
POSTINGS = either(quick=4_000, long=1_000_000)
KILLS = either(quick=1, long=4)
POINTS_A_SALE = 3

POINTS = """
SELECT a.holder_id::text, a.available + a.pending + a.held, coalesce(sum(l.remaining), 0)::bigint,
    (SELECT coalesce(sum(CASE WHEN t.credit_account_id = a.id THEN t.amount ELSE -t.amount END), 0)::bigint
     FROM ledger_transfer t WHERE t.holder_id = a.holder_id AND a.id IN (t.debit_account_id, t.credit_account_id))
FROM ledger_account a LEFT JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id
WHERE a.kind = 'member' GROUP BY a.holder_id, a.id, a.available, a.pending, a.held
"""
"""Each member's points three times: as cached, by lots, by transfers."""


@dataclass(frozen=True)
class House:
    """The previous release's code, its database, and the shop in it."""

    code: dict[str, str]
    """The environment in which Python runs the previous release on that database."""
    ours: dict[str, str]
    """The same with our code."""
    key: str
    members: list[str]

    def points(self) -> dict[str, tuple[int, int, int]]:
        """Return every member's points, reckoned three ways."""
        with psycopg.connect(self.ours["VERNO_OWNER_URL"]) as owner:
            return {who: (cached, lots, transfers) for who, cached, lots, transfers in owner.execute(POINTS)}


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """Unpack the previous release."""
    packed = subprocess.run(["git", "archive", PREVIOUS, "src"], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"the history lacks {PREVIOUS[:7]}; fetch it whole (git fetch --unshallow)")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path, filter="data")
    static = ROOT / "src/verno/static"
    if static.exists():
        (tmp_path / "src/verno/static").symlink_to(static)
    return tmp_path / "src"


@pytest.fixture
def house(previous: Path, crowd: None) -> Iterator[House]:
    """A database as the previous release leaves it: migrated, a shop, members, their history."""
    name = f"{NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    local = cluster.local()
    with closing(psycopg.connect(local.url("verno_owner", "postgres"), autocommit=True)) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        urls = {
            "VERNO_DATABASE_URL": local.url("verno", name), "VERNO_OWNER_URL": local.url("verno_owner", name),
        }  # fmt: skip
        code = {**os.environ, **urls, "PYTHONPATH": str(previous)}
        try:
            run(code, "-m", "verno", "migrate")
            filler = Path(__file__).with_name("previous_shop.py")
            told = json.loads(run(code, str(filler), str(MEMBERS), str(POSTINGS), "14"))
            yield House(code, {**os.environ, **urls}, told["key"], told["members"])
        finally:
            owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(env: dict[str, str], *words: str) -> str:
    """Run Python to its end; return what it printed."""
    done = subprocess.run([sys.executable, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:3000] + done.stderr
    return done.stdout


@contextmanager
def tills(server: Server, house: House, series: str) -> Iterator[Tally[str]]:
    """Sell lightly all the while; gives what each member was promised."""
    promised: Tally[str] = Tally()
    over = threading.Event()

    def sell() -> None:
        with Caller(server.port, house.key) as caller:
            for number in range(1_000_000):
                who = number % len(house.members)
                answer = caller.post("/v1/receipts", sale(f"{series}-{number}", who))
                while answer.status == 503:
                    time.sleep(0.1)
                    answer = caller.post("/v1/receipts", sale(f"{series}-{number}", who))
                assert answer.status in {200, 201}, answer
                promised[house.members[who]] += POINTS_A_SALE
                if over.wait(0.02):
                    return

    with ThreadPoolExecutor(1) as thread:
        selling = thread.submit(sell)
        try:
            yield promised
        finally:
            over.set()
        selling.result()


def sale(number: str, who: int) -> dict[str, object]:
    return {
        "number": number, "place": "msk-1", "at": "2026-11-25T12:00:00Z", "member": {"external_id": f"m-{who}"},
        "lines": [{"sku": "tea", "quantity": "1", "amount": 100 * POINTS_A_SALE}],
    }  # fmt: skip


def migrations(house: House) -> int:
    with psycopg.connect(house.ours["VERNO_OWNER_URL"]) as owner:
        row = owner.execute("SELECT count(*) FROM django_migrations").fetchone()
    assert row
    return int(row[0])


def kill_in_mid_migration(house: House, had: int) -> bool:
    """Start our migration and kill it once it has done something; False when it ended first."""
    child = subprocess.Popen([sys.executable, "-m", "verno", "migrate"], env=house.ours)
    try:
        while child.poll() is None:
            if migrations(house) > had:
                child.kill()
                return child.wait() < 0
        assert child.returncode == 0
        return False
    finally:
        child.kill()
        child.wait()


@pytest.mark.timeout(3600)
def test_the_previous_release_is_migrated_under_load_and_killed_in_between(house: House) -> None:
    before = house.points()
    assert all(len(set(three)) == 1 for three in before.values())
    assert sum(cached for cached, _, _ in before.values()) > POSTINGS
    killed = 0
    with serving(**house.code) as server, tills(server, house, "old") as promised:
        for _ in range(KILLS):
            killed += kill_in_mid_migration(house, migrations(house))
        run(house.ours, "-m", "verno", "migrate")
        time.sleep(1)  # the previous release goes on selling on the new shape
    assert killed >= 1, "no migration was long enough to be killed"
    with serving(**house.ours) as server, tills(server, house, "new") as more:
        time.sleep(1)
    promised += more
    after = house.points()
    assert promised
    assert after == {who: tuple(was + promised[who] for was in three) for who, three in before.items()}
    assert verified(house.ours)
    still_read(house, after)


def still_read(house: House, points: dict[str, tuple[int, int, int]]) -> None:
    """The previous release reads what ours has written: its API tells the same points, its checker is content."""
    assert verified(house.code)
    with serving(**house.code) as server, Caller(server.port, house.key) as caller:
        for who in house.members[:20]:
            told = json.loads(caller.get(f"/v1/members/{who}/balance").body)["balance"]
            assert [one["available"] + one["pending"] + one["held"] for one in told] == [points[who][0]]


def verified(code: dict[str, str]) -> bool:
    """Let a release's own checker look; when anything is wrong it exits with 1, and ``run`` tells."""
    return bool(json.loads(run(code, "-m", "verno", "verify", "--json"))["verify"] == "ok")


def test_a_migration_and_its_note_are_one(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two, it has not happened: the next run does it again."""
    from django.db.migrations.recorder import MigrationRecorder

    from verno.wiring.migrate import migrate

    def there() -> bool:
        with psycopg.connect(db.owner_url()) as conn:
            return conn.execute("SELECT to_regclass('replay_run')").fetchone() != (None,)

    with psycopg.connect(db.owner_url()) as conn:
        conn.execute("DELETE FROM django_migrations WHERE app = 'replay'")
        conn.execute("DROP TABLE replay_loss, replay_run")

    def killed(*_: object) -> None:
        message = "killed"
        raise KeyboardInterrupt(message)

    with monkeypatch.context() as once:
        once.setattr(MigrationRecorder, "record_applied", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate()
    assert not there()
    migrate()
    assert there()
