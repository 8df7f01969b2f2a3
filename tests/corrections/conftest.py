"""A desk on a connection whose changes are rolled back."""

import psycopg
import pytest

from tests.corrections.desk import Desk, open_desk


@pytest.fixture
def desk(conn: psycopg.Connection) -> Desk:
    """Give a shop whose points live for 180 days."""
    return open_desk(conn, life_days=180)
