"""Backups restore, quietly (P13): nothing leaves before somebody says so, and a minute is that very minute."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.cli.commands import Tree, get, up, verno, wait_for
from tests.faults.conftest import open_shop
from tests.faults.effort import either
from tests.faults.house import folder
from tests.faults.servers import Caller
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import config, db, outbox
from verno.kit.embedded import cluster
from verno.messaging.statements import plan_statements

MEMBERS = either(120, 3000)
TAKEN = MEMBERS // 3
LINES = 16
"""Connections of the sender to the mail server."""
SILENCE = 6.0
"""Seconds in which a worker that may send has sent: it looks for work every second."""

pytestmark = pytest.mark.timeout(either(240, 600))


class Holding(Postman):
    """Takes some letters and then keeps everybody waiting: what is being handed over stays so."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.most = most
        self.more = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str | bytes:  # noqa: N802 theirs
        if self.most is not None and len(self.stored) >= self.most:
            await self.more.wait()
            return "451 4.3.0 later"
        return await super().handle_DATA(server, session, envelope)

    def go_on(self) -> None:
        """Take letters again; whoever was kept waiting shall come later."""
        self.most = None
        self._loop.call_soon_threadsafe(self.more.set)


@pytest.fixture
def base() -> Iterator[Path]:
    with folder("verno-backup-") as path:
        yield path


def key() -> str:
    """Return this process's master secret, under which the test writes personal data."""
    return (config.home() / "secret.key").read_text().strip()


@contextmanager
def running(home: Path, base: Path, **more: str) -> Iterator[Tree]:
    with up(home, VERNO_SECRET_KEY=key(), VERNO_BACKUPS=str(base / "backups"), **more) as tree:
        yield tree


def call(home: Path, base: Path, *words: str) -> dict[str, object]:
    """Run a command that succeeds and prints JSON."""
    done = verno(home, *words, "--json", VERNO_SECRET_KEY=key(), VERNO_BACKUPS=str(base / "backups"))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.local(home).url("verno_owner")) as owner:
        return list(owner.execute(query).fetchall())


def states(home: Path) -> dict[object, object]:
    found = rows(home, "SELECT state, count(*)::int FROM messaging_message GROUP BY state")
    return {state: count for state, count in found}  # noqa: C416 pairs, which dict() cannot be told


@contextmanager
def sending(home: Path, base: Path, postman: Postman) -> Iterator[Tree]:
    """Run an installation in the midst of sending statements: some are taken, some under way, the rest waits."""
    with running(home, base, VERNO_SMTP_URL=f"smtp://127.0.0.1:{postman.port}") as tree:
        with db.connect(cluster.local(home).url("verno")) as conn:
            shop = make_program(conn)
            db.enter(conn, shop.program.id)
            add_members(conn, shop, MEMBERS)
            plan_statements(conn, shop.program, 2026, 10, now=datetime.now(UTC))
            conn.commit()
        wait_for("some are taken", 60, lambda: len(postman.stored) >= TAKEN)
        wait_for("some are under way", 30, lambda: bool(states(home).get("handing_over")))
        yield tree


def test_nothing_leaves_after_a_restore_until_it_is_released_and_then_each_once(base: Path) -> None:
    home, restored = base / "home", base / "restored"
    with Holding(most=TAKEN) as postman:
        with sending(home, base, postman):
            call(home, base, "backup", str(base / "backups"))
            before = states(home)
        done = call(restored, base, "restore", str(base / "backups"))
        assert done["outbox"] == "quarantined"
        postman.go_on()
        with running(restored, base, VERNO_SMTP_URL=f"smtp://127.0.0.1:{postman.port}") as tree:
            assert "no message leaves" in (base / "restored.log").read_text()
            assert json.loads(get(tree.port, "/readyz")[1])["outbox"] == "quarantined"
            time.sleep(SILENCE)
            assert len(postman.stored) == TAKEN, "something left before it was released"
            kept = states(restored)
            assert kept.get("uncertain", 0) == before["handing_over"], (before, kept)
            assert next_event(restored) > outbox.LOST, "numbers of events come again"
            waiting = call(restored, base, "release")
            assert waiting["released"] is False
            time.sleep(SILENCE / 2)
            assert len(postman.stored) == TAKEN, "to ask what waits released it"
            assert call(restored, base, "release", "--yes")["released"] is True
            wait_for("the rest has left", 60, lambda: set(states(restored)) == {"accepted", "uncertain"})
            assert json.loads(get(tree.port, "/readyz")[1])["outbox"] == "ok"
            after = states(restored)
        assert set(postman.addresses().values()) == {1}, "sent twice"
    assert after["uncertain"] == before["handing_over"]
    assert len(postman.stored) == after["accepted"] == MEMBERS - int(str(after["uncertain"]))
    assert rows_of_audit(restored) == ["backup.restore", "outbox.release"]


def test_what_was_sent_after_the_backup_is_not_sent_again(base: Path) -> None:
    home, restored = base / "home", base / "restored"
    with Holding(most=TAKEN) as postman:
        with sending(home, base, postman):
            path = str(call(home, base, "backup", str(base / "elsewhere"))["path"])
            postman.go_on()
            wait_for("it goes on sending", 90, lambda: len(postman.stored) > TAKEN + LINES)
        sent = len(postman.stored)
        call(restored, base, "restore", path)
        with running(restored, base, VERNO_SMTP_URL=f"smtp://127.0.0.1:{postman.port}"):
            was_under_way = int(str(states(restored)["uncertain"]))
            now = datetime.now(UTC).isoformat()
            doubtful = call(restored, base, "release", "--yes", "--sent-until", now)["not_sent_again"]
            time.sleep(SILENCE)
            assert len(postman.stored) == sent, "sent again"
            found = states(restored)
    assert set(postman.addresses().values()) == {1}
    assert doubtful == MEMBERS - TAKEN - was_under_way, "all that waited when the backup was made"
    assert found == {"accepted": TAKEN, "uncertain": MEMBERS - TAKEN}


def test_a_minute_is_that_very_minute(base: Path) -> None:
    home, restored = base / "home", base / "restored"
    with running(home, base) as tree, ExitStack() as stack:
        shop = open_shop(4, address=cluster.local(home).url("verno"))
        caller = stack.enter_context(Caller(tree.port, shop.key))

        def sell(turn: int, count: int) -> None:
            for number in range(count):
                answer = caller.post("/v1/receipts", shop.sale(f"{turn}-{number}", number % 4))
                assert answer.status == 201, answer

        sell(1, 10)
        call(home, base, "backup", str(base / "backups"))
        sell(2, 15)
        checkpoint = Path(str(call(home, base, "seal")["path"]))
        head = json.loads(checkpoint.read_text())
        moment = datetime.now(UTC)
        time.sleep(1.1)
        sell(3, 20)
        hand_over_the_log(home, base)
    by_the_shops_clock = moment.astimezone(ZoneInfo(shop.shop.program.timezone)).replace(tzinfo=None).isoformat()
    done = call(restored, base, "restore", str(base / "backups"), "--to", by_the_shops_clock)
    until = datetime.fromisoformat(str(done["restored_until"]))
    assert moment - timedelta(seconds=10) < until <= moment
    assert float(str(done["rpo_seconds"])) < 10
    checked = call(restored, base, "verify", "--anchor", str(checkpoint))
    assert checked["verify"] == "ok"
    assert checked["checked"]["receipts"] == 25, "not the receipts of that minute"  # type: ignore[index]
    assert call(restored, base, "seal")["hash"] == head["hash"]
    late = verno(base / "late", "restore", str(base / "backups"), "--to", datetime.now(UTC).isoformat(), **env(base))
    assert late.returncode == 1
    assert "the log does not reach" in late.stderr
    assert not (base / "late" / "postgres" / "data").exists()


def env(base: Path) -> dict[str, str]:
    return {"VERNO_SECRET_KEY": key(), "VERNO_BACKUPS": str(base / "backups")}


def hand_over_the_log(home: Path, base: Path) -> None:
    """Finish the server's current piece of log, as a minute would, and wait until it lies in the folder."""
    with psycopg.connect(cluster.local(home).url("verno_owner"), autocommit=True) as owner:
        row = owner.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    assert row
    log = base / "backups" / "log" / cluster.local(home).life()
    wait_for("the log is there", 30, (log / f"{row[0]}.gz").exists)


def next_event(home: Path) -> int:
    """Return the number that the next event gets at least."""
    return int(str(rows(home, "SELECT last_value FROM kit_event_id_seq")[0][0]))


def rows_of_audit(home: Path) -> list[object]:
    with cluster.local(home).running():
        found = rows(home, "SELECT action FROM workspace_audit WHERE actor_kind = 'operator' ORDER BY at, id")
    return [action for (action,) in found if str(action) != "backup.make"]
