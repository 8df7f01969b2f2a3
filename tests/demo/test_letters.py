"""Statements of a demo that was killed while it sent them."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from verno.demo import letters, load, mailbox, people, program, source, story
from verno.kit import db
from verno.members import service as members

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FEW = 40
HELD = """
UPDATE messaging_message
SET state = %s, claimed_by = 'demo/dead', claimed_until = %s + interval '10 minutes', attempts = 1
WHERE (holder_id, id) IN (SELECT holder_id, id FROM messaging_message WHERE state = 'queued' ORDER BY id LIMIT %s)
"""


@pytest.fixture
def demo(database: str) -> program.Demo:
    """Make a demo with a few members and no receipts."""
    with db.transaction() as conn:
        made = program.open_program(conn, original=False, now=NOW)
        few = list(people.members(source.distinct("household_id")[:FEW], {}, agreed_at=NOW))
        members.upsert(conn, made.program, few, now=NOW)
    return made


def test_what_a_killed_demo_held_is_sent_or_told_apart(
    demo: program.Demo,
    database: str,
    port: int,
    tmp_path: Path,
    quiet: load.Progress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VERNO_SMTP_URL", raising=False)
    letters.send_statements(demo, progress=quiet, now=NOW)  # no relay: planned, and waiting
    with psycopg.connect(database) as conn:
        conn.execute("SET ROLE verno_app")
        conn.execute(HELD, ("claimed", NOW, 5))
        conn.execute(HELD, ("handing_over", NOW, 2))
    monkeypatch.setenv("VERNO_SMTP_URL", f"smtp://127.0.0.1:{port}")
    letters.send_statements(demo, progress=quiet, now=NOW)
    figures = story._figures(demo, load.Loaded(0, 0.0), "ok", story.Stopwatch(), now=NOW)
    assert figures.statements_withheld["uncertain"] == 2
    assert figures.statements_sent + sum(figures.statements_withheld.values()) == FEW
    assert len(mailbox.names(tmp_path / "mail")) == figures.statements_sent
    letters.send_statements(demo, progress=quiet, now=NOW)
    assert len(mailbox.names(tmp_path / "mail")) == figures.statements_sent, "a second run sends nothing"
