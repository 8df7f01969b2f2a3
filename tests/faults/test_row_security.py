"""The second barrier (P29): a statement that forgets whose rows it wants gets those of one program, or none."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW, holder
from tests.faults.test_access_matrix import World, everything, world  # noqa: F401 two programs, one with a day behind it
from verno.kit import db
from verno.kit.db import APPLICATION, GUARDED

SOURCE = Path(__file__).resolve().parents[2] / "src" / "verno"

OPEN = {
    "workspace_api_key": "tells which program calls",
    "workspace_staff": "tells which program somebody works for",
    "workspace_setup_token": "tells whose first owner it makes",
    "intake_receipt": "written by COPY, which PostgreSQL refuses under row security",
    "intake_receipt_claim": "the same",
}
"""Tables with a program that have no row security, and why (docs/adr/0012)."""

ACROSS = {
    "cli/verify.py": "checks every program",
    "demo/story.py": "runs the same check",
    "kit/db.py": "says what it is",
    "kit/grants.py": "the same",
    "messaging/poison/alone.py": "tries what killed its worker, whosever it is",
    "messaging/answers/chats.py": "a chat may be a member's in several programs",
    "messaging/answers/hearing.py": "takes what providers tell, whosever the message",
    "messaging/answers/receipts.py": "the same, tried again",
    "messaging/desk.py": "sends what is due, whosever it is",
    "wiring/backups/making.py": "counts every program's rows",
    "wiring/backups/releasing.py": "releases what waits, whosever it is",
    "wiring/doctor/work.py": "looks at readers and messages of all programs",
    "cli/upkeeping/restore.py": "checks every program",
    "messaging/disputes/service.py": "a short link names a message, whosever it is",
    "messaging/tracking/service.py": "a text's short link does, too",
    "messaging/notices/reader.py": "reads the outbox",
    "reports/reader.py": "reads the outbox",
    "webhooks/receiving/views.py": "a source's address tells whose it is",
    "webhooks/sending/desk.py": "sends what is due, whosever it is",
    "webhooks/sending/reader.py": "reads the outbox",
    "wiring/chores.py": "drops what all limits counted long ago",
    "wiring/settings.py": "Django's own connection: sessions and staff, who are known before their program",
}
"""Who sees the rows of all programs, and why."""


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db.owner_url(), autocommit=True) as conn:
        yield conn


def guarded(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_every_table_of_a_program_is_guarded_or_named_here(owner: psycopg.Connection) -> None:
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'program_id'"
    ).fetchall()
    assert sorted(name for (name,) in rows) == sorted([*guarded(owner), *OPEN])


def test_the_guard_is_one_rule_for_reading_and_writing(owner: psycopg.Connection) -> None:
    rules = owner.execute(
        "SELECT tablename, permissive, roles::text[], cmd, qual, with_check FROM pg_policies ORDER BY 1, 2"
    ).fetchall()
    assert len(rules) == 2 * len(guarded(owner))
    for _, permissive, roles, command, qual, check in rules:
        assert (command, check) == ("ALL", None)
        assert (permissive, roles) in [("PERMISSIVE", [APPLICATION]), ("RESTRICTIVE", [GUARDED])]
        assert permissive == "PERMISSIVE" or "verno.program" in qual


def test_nothing_is_seen_before_a_program_is_entered(world: World, owner: psycopg.Connection) -> None:  # noqa: F811
    with psycopg.connect(db.url()) as conn:
        db.become_application(conn)
        for table in guarded(owner):
            assert conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None, table
        with pytest.raises(errors.InsufficientPrivilege):
            conn.execute(
                "INSERT INTO members_topic (program_id, code, class_name) VALUES (%s, 'x', 'marketing')",
                (world.ours.program.id,),
            )


def test_one_program_is_seen_and_the_other_is_not(world: World, owner: psycopg.Connection) -> None:  # noqa: F811
    ours, theirs = world.ours.program.id, world.theirs.program.id
    seen = set()
    for table in guarded(owner):
        for program in (ours, theirs):
            with db.transaction(program) as conn:
                rows = {row[0] for row in conn.execute(f"SELECT DISTINCT program_id::text FROM {table}").fetchall()}
            there = owner.execute(f"SELECT 1 FROM {table} WHERE program_id = %s LIMIT 1", (program,)).fetchone()
            assert rows == ({program} if there else set()), table
            seen |= {table} if there else set()
    assert len(seen) > 14, "a table without rows proves nothing"


def test_another_programs_rows_are_not_changed_nor_added(world: World) -> None:  # noqa: F811
    before = everything(world)
    with db.transaction(world.theirs.program.id) as conn:
        for sql in (
            "UPDATE members_member SET name = 'Nobody'",
            "DELETE FROM members_identity",
            "UPDATE ledger_account SET available = 0 WHERE kind = 'member'",
            "UPDATE workspace_place SET name = 'x'",
            "UPDATE limits_limit SET most = 0",
        ):
            conn.execute(sql)
        with pytest.raises(errors.InsufficientPrivilege), conn.transaction():
            conn.execute(
                "INSERT INTO members_member (id, program_id, external_id, attributes, created_at, changed_at)"
                " VALUES (%s, %s, 'x', '{}', %s, %s)",
                (holder(), world.ours.program.id, NOW, NOW),
            )
    assert everything(world) == before


def test_a_pooled_connection_forgets_its_program(world: World) -> None:  # noqa: F811
    with db.transaction(world.ours.program.id) as conn:
        backend = conn.info.backend_pid
        assert conn.execute("SELECT count(*) > 0 FROM members_member").fetchone() == (True,)
    looked = set()
    while backend not in looked:
        with db.pool().connection() as conn:
            looked.add(conn.info.backend_pid)
            assert conn.execute("SELECT count(*) FROM members_member").fetchone() == (0,)


def test_a_lane_stays_in_its_program_until_it_is_told_another(world: World) -> None:  # noqa: F811
    with db.connect_for_batches() as conn:
        for program in (world.ours.program.id, world.theirs.program.id, world.ours.program.id):
            db.stay_in(conn, program)
            for end in (conn.commit, conn.rollback):
                found = conn.execute("SELECT DISTINCT program_id::text FROM workspace_unit").fetchall()
                assert found == [(program,)]
                end()


def test_whoever_sees_all_programs_is_named_here() -> None:
    said = re.compile(r"across_programs|see_all\(|role=APPLICATION")
    texts = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    assert {name for name, text in texts.items() if said.search(text)} == set(ACROSS)


def test_the_previous_release_goes_on_seeing_all(world: World) -> None:  # noqa: F811
    """It names no program; its role is guarded by the next release."""
    with psycopg.connect(db.url()) as conn:
        conn.execute("SET ROLE verno_app")
        found = conn.execute("SELECT count(DISTINCT program_id) FROM workspace_unit").fetchone()
    assert found == (2,)
