"""``verno doctor`` names each unsafe thing, and what to do about it."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from django.test import override_settings

from tests.builders import NOW, holder, make_shop
from tests.cli.commands import free_port, init_words, verno, wait_for
from tests.messaging.people import add_members, make_program
from verno.cli import group
from verno.kit import db, outbox, quarantine
from verno.kit.clock import clock, system_now
from verno.kit.embedded import cluster, programs, user
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation
from verno.messaging import service as messages
from verno.messaging.statements import plan_statements
from verno.sealing import service as sealing
from verno.wiring import migrate
from verno.wiring.doctor.server import wire
from verno.wiring.doctor.types import Verdict
from verno.workspace import audit, keys, queries, staff
from verno.workspace.roles import Role
from verno.workspace.staff import NewStaff

Findings = list[dict[str, str]]

BOT_TOKEN = "123456789:AAFakeTokenForTheTestsOfTheDoctor00"
BOT = {"VERNO_TELEGRAM_TOKEN": BOT_TOKEN, "VERNO_TELEGRAM_BOT": "shop_bot"}


def named(findings: Findings, what: str, verdict: str, words: str) -> bool:
    """Tell whether one finding says this."""
    return any(one["what"] == what and one["verdict"] == verdict and words in one["text"] for one in findings)


@pytest.mark.timeout(240)
def test_an_unsafe_installation_is_told_everything_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verno(home, *init_words()).returncode == 0
    well = verno(home, "doctor", "--json")
    assert well.returncode == 1, "nothing unsafe, something to do"
    assert not [one for one in json.loads(well.stdout)["findings"] if one["verdict"] == "bad"]
    here = cluster.local(home)
    uid, gid = user.server_user()
    subprocess.run(
        [programs.folder() / "pg_checksums", "--disable", "-D", here.data],
        check=True, capture_output=True, user=uid, group=gid, cwd="/",
    )  # fmt: skip
    with (here.data / "postgresql.conf").open("a") as settings:
        settings.write("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\n")
    (home / "secret.key").chmod(0o644)
    (here.base / "password").chmod(0o640)
    backups = home.parent / "backups"
    (backups / "log").mkdir(parents=True)
    (backups / "log" / here.life()).write_text("a file where the log's folder should be")
    monkeypatch.setenv("VERNO_BACKUPS", str(backups))
    with here.running(), psycopg.connect(here.url("verno_owner"), autocommit=True) as owner:
        owner.execute("SELECT pg_switch_wal()")
        failed = "SELECT failed_count > 0 FROM pg_stat_archiver"
        wait_for("the log cannot be kept", 30, lambda: owner.execute(failed).fetchone() == (True,))
        done = verno(
            home, "doctor", "--json",
            VERNO_BACKUPS=str(backups), VERNO_PUBLIC_URL="http://points.example.com",
            VERNO_SMTP_URL="smtp://mail.example.com", VERNO_SECRET_KEY="ab" * 32,
        )  # fmt: skip
    assert done.returncode == 2, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"] == "bad"
    for what, words in (
        ("fsync", "acknowledged"),
        ("full_page_writes", "acknowledged"),
        ("synchronous_commit", "Set synchronous_commit = on"),
        ("autovacuum", "set autovacuum = on"),
        ("data_checksums", "pg_checksums --enable"),
        ("secret", "chmod 600"),
        ("secret", "can be guessed"),
        ("password", "chmod 600"),
        ("address", "without TLS"),
        ("mail", "in clear"),
        ("log", "cannot be kept"),
    ):
        assert named(told["findings"], what, "bad", words), (what, done.stdout)
    assert "ab" * 8 not in done.stdout, "the secret itself is not told"


@pytest.mark.parametrize(
    ("environment", "what", "verdict", "words"),
    [
        ({}, "mail", "note", "there is no relay"),
        ({"VERNO_SMTP_URL": "imap://x"}, "mail", "bad", "must look like"),
        ({"VERNO_SMTP_URL": "smtp://user:pw@mail.example.com"}, "mail", "note", "VERNO_MAIL_FROM"),
        ({"VERNO_SMTP_URL": "smtps://mail.example.com", "VERNO_MAIL_FROM": "a@b.example"}, "mail", "ok", "letters go"),
        ({"VERNO_SMTP_URL": "smtps://mail.example.com"}, "address", "note", "this machine alone"),
        ({"VERNO_PUBLIC_URL": "points.example.com"}, "address", "bad", "must look like"),
        ({"VERNO_PUBLIC_URL": "https://points.example.com"}, "address", "ok", "over TLS"),
        ({"VERNO_SECRET_KEY": "no key"}, "secret", "bad", "can be guessed"),
        ({}, "telegram", "ok", "no bot"),
        ({**BOT, "VERNO_TELEGRAM_BOT": ""}, "telegram", "note", "VERNO_TELEGRAM_BOT"),
        ({**BOT, "VERNO_TELEGRAM_URL": "http://proxy.example.com"}, "telegram", "bad", "in clear"),
        (
            {**BOT, "VERNO_TELEGRAM_URL": f"https://proxy.example.com/{BOT_TOKEN}"},
            *("telegram", "bad", "where logs show it"),
        ),
        (BOT, "telegram", "note", "the worker asks it"),
        ({**BOT, "VERNO_PUBLIC_URL": "https://points.example.com"}, "telegram", "ok", "/hooks/telegram"),
        ({}, "push", "ok", "VAPID"),
        ({"VERNO_PUBLIC_URL": "http://points.example.com"}, "push", "note", "without TLS"),
        ({"VERNO_PUBLIC_URL": "https://points.example.com"}, "push", "note", "VERNO_MAIL_FROM"),
        ({"VERNO_PUSH_NETWORKS": "10.0.0.0/8,rubbish"}, "push", "note", "private networks (10.0.0.0/8)"),
        ({}, "texts", "ok", "no provider"),
        ({"VERNO_SMS_URL": "ftp://x"}, "texts", "bad", "must look like"),
        ({"VERNO_SMS_URL": "smpp://u:p@smsc.example.com?per_second=9"}, "texts", "note", "in clear"),
        ({"VERNO_SMS_URL": "smpps://u:p@smsc.example.com"}, "texts", "note", "per_second"),
        ({"VERNO_SMS_URL": "smpps://u:p@smsc.example.com?per_second=9"}, "texts", "ok", "smsc.example.com"),
        ({}, "country packs", "ok", "those that were released"),
        ({}, "database", "bad", "run 'verno init'"),
    ],
)
def test_what_the_environment_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], what: str, verdict: str, words: str
) -> None:
    for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("VERNO_HOME", str(home))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert named(examined(), what, verdict, words)


def test_a_home_that_everybody_may_write_into_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    home.chmod(0o777)
    monkeypatch.setenv("VERNO_HOME", str(home))
    for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL"):
        monkeypatch.delenv(name)
    assert named(examined(), "password", "bad", "chmod o-w")


@pytest.mark.parametrize(
    ("host", "encrypted", "verdict"),
    [
        ("/run/postgresql", False, Verdict.OK),
        ("127.0.0.1", False, Verdict.OK),
        ("localhost", False, Verdict.OK),
        ("db.example.com", True, Verdict.OK),
        ("db.example.com", False, Verdict.NOTE),
        ("10.0.0.7", False, Verdict.NOTE),
    ],
)
def test_the_way_to_the_database(host: str, encrypted: bool, verdict: Verdict) -> None:
    assert wire(host, encrypted=encrypted).verdict is verdict


def one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERNO_OWNER_URL")


def a_superuser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_DATABASE_URL", db.owner_url())


def another_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "read", lambda: system_now() + timedelta(minutes=1))


def a_switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    as_owner("ALTER DATABASE {name} SET synchronous_commit = off")


def a_migration_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    as_owner("DELETE FROM django_migrations WHERE app = 'reports'")


def an_old_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        outbox.beat(conn, "worker", now=NOW - timedelta(days=400))


def a_failed_job(monkeypatch: pytest.MonkeyPatch) -> None:
    as_owner(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('default', 'statements', 'failed')"
    )


def a_reader_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        db.enter(conn, shop.program.id)
        outbox.append(conn, [outbox.NewEvent(shop.program.id, None, "x.v1", {}, NOW - timedelta(days=400))])
        conn.execute("INSERT INTO kit_cursor (reader, xid, position) VALUES ('reports', '0', 0)")


def a_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(db.owner_url()) as owner:
        quarantine.impose(owner, restored_to=NOW, now=NOW)


def a_doubtful_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        db.enter(conn, shop.program.id)
        add_members(conn, shop, 1)
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    as_owner("UPDATE messaging_message SET state = 'uncertain', reason = 'worker-lost'")


def a_provider_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        db.enter(conn, shop.program.id)
        why = ("refused-by-policy", "3")
        until = clock.now() + timedelta(days=1)
        messages.stop(conn, shop.program.id, "domain:gmail.com", by=audit.SYSTEM, now=clock.now(), until=until, why=why)


def an_old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "OLDEST_SERVER", 990000)


def a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL"):
        monkeypatch.setenv(name, f"postgresql://verno:pw@127.0.0.1:{free_port()}/verno")


def an_owner_without_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    history_that_is_not_sealed_by_day(monkeypatch)
    with db.transaction() as conn:
        program = queries.only_program(conn)
        new = NewStaff("olga@example.com", "Olga", Role.OWNER)
        assert isinstance(staff.add(conn, program.id, new, now=NOW, by=audit.SYSTEM), staff.Added)
    assert sealing.close_day(now=clock.now(), stopping=lambda: False) == 1


def history_that_is_not_sealed_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        shop, who = make_shop(conn), holder()
        db.enter(conn, shop.program.id)
        gift = Operation("e", new_id(now=NOW), who, "00", (Earn(who, shop.unit.id, 9, NOW),))
        ledger.post(conn, shop.program.id, [gift], now=NOW)
    with db.transaction() as conn:
        program = queries.only_program(conn)
    sealing.seal_now(program, now=NOW)


def keys_of(*, rate: int | None, age: timedelta) -> Callable[[pytest.MonkeyPatch], None]:
    def make(monkeypatch: pytest.MonkeyPatch) -> None:
        with db.transaction() as conn:
            shop = make_shop(conn)
            db.enter(conn, shop.program.id)
            keys.create(conn, shop.program.id, "till", ["receipts:write"], now=clock.now() - age, rate=rate)

    return make


def an_old_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        db.enter(conn, shop.program.id)
        noted = clock.now() - timedelta(days=9)
        audit.record(conn, shop.program.id, audit.SYSTEM, "backup.make", ("backup", "verno-1"), now=noted)


def a_damaged_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(cluster.local().base.parent) / "spoilt"
    (place / "verno-1").mkdir(parents=True, exist_ok=True)
    (place / "verno-1" / "manifest.json").write_text("{")
    monkeypatch.setenv("VERNO_BACKUPS", str(place))


def as_owner(statement: str) -> None:
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        owner.execute(statement.format(name=f'"{owner.info.dbname}"'))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("spoil", "what", "verdict", "words"),
    [
        (one_address, "roles", "note", "VERNO_OWNER_URL"),
        (a_superuser, "roles", "bad", "superuser"),
        (another_clock, "clock", "bad", "NTP"),
        (a_switch_off, "synchronous_commit", "bad", "acknowledged"),
        (a_migration_missing, "migrations", "bad", "verno migrate"),
        (an_old_beat, "worker", "note", "none has run since"),
        (a_failed_job, "jobs", "note", "statements (1)"),
        (a_reader_behind, "readers", "note", "reports has read nothing"),
        (a_restore, "outbox", "note", "verno release"),
        (a_doubtful_message, "messages", "note", "of 1 nobody knows"),
        (a_provider_that_refuses, "mail provider", "note", "bulk mail to gmail.com waits until"),
        (history_that_is_not_sealed_by_day, "heads", "note", "no day was sealed yet"),
        (an_owner_without_the_head, "heads", "note", "owners who have not got the sealed head"),
        (an_old_server, "database", "bad", "15 or newer is needed"),
        (a_server_that_is_away, "database", "bad", "connection"),
        (keys_of(rate=None, age=timedelta(0)), "keys", "note", "a broken till may ask without end: till"),
        (keys_of(rate=60, age=timedelta(days=100)), "keys", "note", "not used for 90 days"),
        (keys_of(rate=60, age=timedelta(days=360)), "keys", "note", "end within 14 days"),
        (an_old_backup, "backup", "note", "9 days old"),
        (a_damaged_backup, "backup", "bad", "cannot be read"),
    ],
)
def test_what_the_database_says(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pytest.MonkeyPatch], None], what: str, verdict: str, words: str
) -> None:
    spoil(monkeypatch)
    found = examined()
    assert named(found, what, verdict, words), found


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DEBUG": True}, "DEBUG is on"),
        ({"SESSION_COOKIE_HTTPONLY": False}, "lacks HttpOnly"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "lacks SameSite"),
    ],
)
def test_what_the_pages_are_set_to(settings: dict[str, object], words: str) -> None:
    with override_settings(**settings):
        assert named(examined(), "pages", "bad", words)


@pytest.mark.usefixtures("database")
def test_cookies_without_secure_behind_tls_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_PUBLIC_URL", "https://points.example.com")
    assert named(examined(), "pages", "bad", "lacks Secure"), "settings of plain HTTP"


def examined() -> Findings:
    """Run the command in this process; its exit code is the worst verdict."""
    done = CliRunner().invoke(group, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == {"ok": 0, "note": 1, "bad": 2}[told["verdict"]]
    found: Findings = told["findings"]
    return found
