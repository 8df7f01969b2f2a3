"""What is sealed, in which order, by whom, and what leaves the house."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.messaging.postman import Postman
from tests.sealing.history import HOUR, History, one
from verno.kit import config, db, quarantine
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import new_id
from verno.sealing import chain, check, heads, queries, service
from verno.sealing.types import END, START, Head
from verno.verify.service import SHOWN

DAY = timedelta(days=1)
LOCAL_MIDNIGHT = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)
"""Of the business date 26 November in Moscow."""


def test_a_head_says_what_was_sealed(history: History) -> None:
    transfers = history.day()
    made = history.seal()
    head = made.head
    assert (head.program, head.number, head.date, head.count) == (history.program, 1, date(2026, 11, 25), 5)
    assert (head.blocks, head.last_transfer) == (1, transfers[-1])
    assert heads.is_signed(head)
    assert heads.read(made.path) == head
    assert made.path.parent == config.home() / "heads"
    assert made.path.stat().st_mode & 0o777 == 0o644
    (points,) = head.balances.units
    assert (head.balances.members, points.unit, points.available) == (3, "points", 303 - 70)
    assert points.ledger == {"issued": -303, "redeemed": 70}
    assert points.agrees


def test_the_empty_program_has_a_head_too(history: History) -> None:
    head = history.seal().head
    assert (head.count, head.blocks, head.last_transfer, head.hash) == (0, 0, None, "00" * 32)
    history.day()
    with db.connect() as conn:
        assert not check.run(conn, head).problems


def test_files_are_never_overwritten(history: History) -> None:
    first, second = history.seal(), history.seal()
    assert first.path != second.path
    assert heads.read(first.path).number == 1
    assert heads.write(first.head, first.path.parent) == first.path
    assert not list(first.path.parent.glob(".*"))


def test_history_is_sealed_once_in_the_order_of_transactions(history: History) -> None:
    for day in range(3):
        history.day(at=NOW + day * DAY)
        while service.step(now=NOW + day * DAY, stopping=lambda: False) == 0:
            pass
    history.seal(now=NOW + 3 * DAY)
    with db.connect() as conn:
        rows = conn.execute("SELECT number, total, count, ids, sealed_at FROM sealing_block ORDER BY number").fetchall()
        assert [chain.name(id_) for row in rows for id_ in chain.cut(row[3], 16)] == history.transfers
        assert rows[-1][1] == len(history.transfers) == sum(row[2] for row in rows)
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))


def test_what_commits_late_is_sealed_late(history: History) -> None:
    """A transaction that began before others and ends after them must not slip in behind what was sealed."""
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        history.day()
        assert service.step(now=NOW, stopping=lambda: False) == 0
        slow.commit()
    assert history.seal().head.count == 5


def test_seal_now_says_when_it_could_not_wait(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PATIENCE", 0.2)
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        history.day()
        made = service.seal_now(history.shop.program, now=NOW)
        assert (made.complete, made.head.count) == (False, 0)
        slow.rollback()


def test_many_sealers_make_one_chain(history: History) -> None:
    stop = threading.Event()

    def seal_on() -> None:
        while not stop.is_set():
            service.step(now=NOW, stopping=stop.is_set)

    with ThreadPoolExecutor() as threads:
        sealing = [threads.submit(seal_on) for _ in range(4)]
        for _ in range(6):
            history.day()
        stop.set()
        for done in sealing:
            done.result()
    head = history.seal().head
    with db.connect() as conn:
        assert not check.run(conn, head, key=heads.public_key()).problems
    assert head.count == len(history.transfers)


def test_full_blocks_are_cut(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "BLOCK", 2)
    monkeypatch.setattr(service, "READ", 4)
    history.day()
    history.day()
    history.earn(0, 1)
    head = history.seal().head
    assert (head.count, head.blocks) == (11, 6)
    with db.connect() as conn:
        assert not check.run(conn, head).problems


def test_every_column_of_a_transfer_is_in_its_leaf(history: History, superuser: psycopg.Connection) -> None:
    """Also those that later versions add: then the leaf's words need a second version."""
    transfer = history.earn(0, 10)
    history.settle()
    superuser.execute(
        "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_kind, DROP CONSTRAINT ledger_transfer_amount"
    )
    columns = [
        row[0]
        for row in superuser.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'ledger_transfer'::regclass AND attnum > 0"
            " AND NOT attisdropped"
        )
    ]
    changes = {
        "uuid": "gen_random_uuid()",
        "bigint": "{} + 1",
        "text": "{} || 'x'",
        "timestamp with time zone": "{} + interval '1 microsecond'",
    }
    for column in columns:
        before = leaf(superuser, transfer, history.program)
        kind = one(superuser, "SELECT pg_typeof({}) FROM ledger_transfer".format(column))  # noqa: UP032
        with superuser.transaction() as undone:
            superuser.execute(f"UPDATE ledger_transfer SET {column} = " + changes[str(kind)].format(column))
            assert leaf(superuser, transfer, history.program) != before, column
            undone.force_rollback = True


def test_the_leaf_is_what_the_page_says(history: History, superuser: psycopg.Connection) -> None:
    """The worked example of docs/explanation/sealed-history.md, recomputed by other means."""
    transfer = history.earn(0, 10)
    history.settle()
    row = superuser.execute(
        "SELECT txid, id, program_id, holder_id, unit_id, debit_account_id, credit_account_id, amount"
        " FROM ledger_transfer"
    ).fetchone()
    assert row
    moment = int(NOW.timestamp()) * 10**6
    operation = one(superuser, "SELECT operation_id::text FROM ledger_transfer")
    words = ["verno-transfer/1", *map(str, row), '"earn"', '"receipt"', str(moment), str(moment), str(operation), "-"]
    assert leaf(superuser, transfer, history.program) == sha256(b"\x00" + "|".join(words).encode()).digest()


def leaf(conn: psycopg.Connection, transfer: str, program: str) -> bytes | None:
    """Return the leaf of a transfer, or None where it is not among the program's."""
    found = queries.stretch(conn, program, START, END, limit=None)
    names = [chain.name(id_) for id_ in chain.cut(found.ids, 16)]
    return dict(zip(names, chain.cut(found.leaves, 32), strict=True)).get(transfer)


def test_a_server_that_counts_anew_is_refused(history: History, superuser: psycopg.Connection) -> None:
    history.day()
    history.seal()
    superuser.execute("UPDATE sealing_block SET last_txid = last_txid + 1000000000")
    with pytest.raises(BrokenInvariant, match="dump"):
        history.seal()


def test_the_application_may_only_add(conn: psycopg.Connection) -> None:
    for table in ("sealing_block", "sealing_head", "sealing_notice"):
        for sql in (f"UPDATE {table} SET program_id = program_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(sql)


def test_shown_findings_are_as_many_as_verifys() -> None:
    assert check.SHOWN == SHOWN


def test_a_day_is_closed_once(history: History) -> None:
    history.day()
    assert close(LOCAL_MIDNIGHT - timedelta(seconds=1)) == 0, "the program began today, yesterday has no head"
    assert close(LOCAL_MIDNIGHT) == 1
    history.day(at=LOCAL_MIDNIGHT)
    assert close(LOCAL_MIDNIGHT + HOUR) == 0
    assert close(LOCAL_MIDNIGHT + DAY) == 1
    with db.connect() as conn:
        found = conn.execute("SELECT date, closes FROM sealing_head ORDER BY number").fetchall()
        assert found == [(date(2026, 11, 25), True), (date(2026, 11, 26), True)]
        newest = queries.closing_head(conn, history.program)
    assert newest is not None
    assert newest in filed("2026-11-26")


def test_a_day_is_closed_although_somebody_sealed_it_by_hand(history: History) -> None:
    by_hand = history.seal()
    assert close(LOCAL_MIDNIGHT) == 1
    assert heads.read(by_hand.path) == by_hand.head


def test_the_file_comes_back(history: History) -> None:
    assert close(LOCAL_MIDNIGHT) == 1
    with db.connect() as conn:
        newest = queries.closing_head(conn, history.program)
    assert newest is not None
    heads.write(newest, config.home() / "heads").unlink()
    assert newest not in filed("2026-11-25")
    close(LOCAL_MIDNIGHT + HOUR)
    assert newest in filed("2026-11-25"), "under this number or, where another program took it, the next"


def test_the_owner_gets_the_head_once(history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hire(history, "olga@example.com", "ru")
    hire(history, "oskar@example.com", "en")
    history.day()
    history.settle()
    close(LOCAL_MIDNIGHT)  # no relay yet: it waits
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        monkeypatch.setenv("VERNO_MAIL_FROM", "points@shop.example")
        for hour in range(3):
            close(LOCAL_MIDNIGHT + hour * HOUR)
        assert postman.addresses() == {"olga@example.com": 1, "oskar@example.com": 1}
        russian, english = postman.letter("olga@example.com"), postman.letter("oskar@example.com")
    assert "Печать" in russian["Subject"]
    assert english["Subject"] == "Sealed head of 2026-11-25: keep this letter"
    (attached,) = english.iter_attachments()
    file = tmp_path / "from-mail.json"
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    file.write_bytes(content)
    head = heads.read(file)
    assert head.count == 5
    body = english.get_body(("plain",))
    assert body is not None
    assert heads.fingerprint(head.public_key) in body.get_content()
    with db.connect() as conn:
        assert not check.run(conn, head, key=heads.public_key()).problems


@pytest.mark.parametrize("mailbox", ["rcpt-4", "data-4", "store-drop"])
def test_a_letter_without_a_clear_answer_is_sent_again(
    history: History, monkeypatch: pytest.MonkeyPatch, mailbox: str
) -> None:
    hire(history, f"{mailbox}@example.com", "en")
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        close(LOCAL_MIDNIGHT)
        sessions = postman.sessions
        close(LOCAL_MIDNIGHT + HOUR)
        assert postman.sessions == sessions + 1
        close(LOCAL_MIDNIGHT + 4 * DAY)
    with db.connect() as conn:
        assert one(conn, "SELECT count(*) FROM sealing_notice") == 0


def test_a_refused_letter_is_not_sent_again(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    hire(history, "data-5@example.com", "en")
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        close(LOCAL_MIDNIGHT)
        close(LOCAL_MIDNIGHT + HOUR)
        assert postman.sessions == 1
    with db.connect() as conn:
        assert str(one(conn, "SELECT response FROM sealing_notice")).startswith("554")


def test_a_full_disk_does_not_keep_the_letter_back(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    hire(history, "olga@example.com", "ru")
    monkeypatch.setattr(heads, "folder", lambda *_args, **_options: Path("/proc/nowhere"))
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        close(LOCAL_MIDNIGHT)
        assert postman.addresses() == {"olga@example.com": 1}


def test_no_letter_leaves_after_a_restore_until_it_is_released(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(history, "olga@example.com", "ru")
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        quarantine.impose(owner, restored_to=LOCAL_MIDNIGHT, now=LOCAL_MIDNIGHT)
    with Postman() as postman:
        monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{postman.port}")
        close(LOCAL_MIDNIGHT)
        assert postman.sessions == 0
        with db.transaction() as conn:
            quarantine.release(conn, now=LOCAL_MIDNIGHT)
        close(LOCAL_MIDNIGHT + HOUR)
        assert postman.addresses() == {"olga@example.com": 1}


def test_another_program_has_a_folder_of_its_own(history: History) -> None:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        id_ = one(
            owner,
            "INSERT INTO workspace_program (id, name, currency, timezone, country, locale, created_at)"
            " SELECT gen_random_uuid(), 'Other', currency, timezone, country, locale, created_at + interval '1 day'"
            " FROM workspace_program RETURNING id::text",
        )
    made = service.seal_now(msgspec.structs.replace(history.shop.program, id=str(id_)), now=NOW)
    assert made.path.parent == config.home() / "heads" / str(id_)
    history.day()
    assert history.seal().head.count == 5


def filed(day: str) -> list[Head]:
    """Return the heads of a day that lie in files, of all programs."""
    return [heads.read(path) for path in (config.home() / "heads").glob(f"{day}*.json")]


def close(now: datetime) -> int:
    return service.close_day(now=now, stopping=lambda: False)


def hire(history: History, email: str, locale: str) -> None:
    """Make an owner."""
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as conn:
        conn.execute(
            "INSERT INTO workspace_staff (id, program_id, email, name, role, locale, is_active, password, created_at)"
            " VALUES (%s, %s, %s, 'Olga', 'owner', %s, true, '', %s)",
            (new_id(now=NOW), history.program, email, locale, NOW),
        )
