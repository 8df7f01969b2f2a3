"""The application's role is the restricted one, and its transactions are impatient."""

import time

import psycopg
import pytest

from verno.kit import db
from verno.kit.errors import Unavailable


def test_the_application_runs_without_the_owners_rights(conn: psycopg.Connection) -> None:
    assert conn.execute("SELECT current_user").fetchone() == ("verno_program",)


def test_a_test_database_of_its_own(database: str) -> None:
    assert "/test_" in database


@pytest.mark.usefixtures("database")
def test_whoever_hangs_within_a_transaction_gives_its_locks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "IDLE_SECONDS", 0.2)
    db.close_pool()
    try:
        with pytest.raises(Unavailable):
            _sleep_with_a_lock()
    finally:
        db.close_pool()


def _sleep_with_a_lock() -> None:
    with db.transaction() as sleeper:
        sleeper.execute("SELECT pg_advisory_xact_lock(77)")
        time.sleep(1)
        with psycopg.connect(db.url()) as other:
            assert other.execute("SELECT pg_try_advisory_xact_lock(77)").fetchone() == (True,)
        sleeper.execute("SELECT 1")
