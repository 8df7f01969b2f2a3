"""The application's role is the restricted one."""

import psycopg


def test_the_application_runs_without_the_owners_rights(conn: psycopg.Connection) -> None:
    assert conn.execute("SELECT current_user").fetchone() == ("verno_program",)


def test_a_test_database_of_its_own(database: str) -> None:
    assert "/test_" in database
