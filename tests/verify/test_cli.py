"""``verno verify``: its figures for programs, its words for people, its exit code."""

import json
import os

import psycopg
import pytest
from click.testing import CliRunner

from tests.verify.shop import tell
from verno.cli.verify import verify
from verno.verify import service


def test_an_empty_installation_is_fine(database: str) -> None:
    done = CliRunner().invoke(verify, ["--json"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert answer["verify"] == "ok"
    assert answer["checked"]["transfers"] == 0
    assert "problems" not in answer


def test_what_is_wrong_is_listed(database: str) -> None:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        story = tell(owner)
        owner.execute("DELETE FROM intake_receipt_claim WHERE receipt_id = %s", (story.receipt,))
    done = CliRunner().invoke(verify, ["--json"])
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["verify"] == "failed"
    assert answer["totals"] == {"receipt-claim": 1}
    (problem,) = answer["problems"]
    assert problem["check"] == "receipt-claim"
    assert problem["where"]["receipt"] == story.receipt
    words = CliRunner().invoke(verify, [])
    assert words.exit_code == 1
    assert story.receipt in words.stdout
    assert "FAILED" in words.stdout


def test_it_runs_on_one_snapshot_and_cannot_write(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def look(conn: psycopg.Connection, _: str) -> list[object]:
        seen.append(_modes(conn))
        return []

    with psycopg.connect(database) as conn:
        monkeypatch.setattr(service, "_check", look)
        service.run(conn)
        assert set(seen) == {("repeatable read", "on")}
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def _modes(conn: psycopg.Connection) -> tuple[str, str]:
    row = conn.execute(
        "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    ).fetchone()
    assert row
    return row[0], row[1]
