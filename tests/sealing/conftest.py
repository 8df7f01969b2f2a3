"""A history in a database of its own, and the superuser who may do anything to it."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.sealing.history import History, begin
from verno.sealing import service


@pytest.fixture
def history(database: str, monkeypatch: pytest.MonkeyPatch) -> History:
    """Give a shop without history. Other tests' transactions on the same server are waited for longer."""
    monkeypatch.setattr(service, "PATIENCE", 60.0)
    return begin()


@pytest.fixture
def superuser(history: History) -> Iterator[psycopg.Connection]:
    """Give a connection that no right, trigger or constraint stops; each statement is committed."""
    with psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True) as conn:
        assert conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
        conn.execute("SET session_replication_role = replica")
        yield conn
