"""A desk on a connection whose changes are rolled back, and a journal of the test's own."""

from pathlib import Path

import psycopg
import pytest

from tests.corrections.desk import Desk, open_desk
from verno.privacy import journal


@pytest.fixture
def desk(conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    """Give a shop; erasures are journalled in two folders of the test's own, at home and beside the backups."""
    monkeypatch.setattr(journal, "folders", lambda: [tmp_path / "home", tmp_path / "backups"])
    return open_desk(conn)
