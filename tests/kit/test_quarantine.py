"""The quarantine: only a restore begins one, and the application may end it and nothing else."""

from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW
from verno.kit import db, quarantine

LATER = NOW + timedelta(hours=1)


@pytest.mark.usefixtures("database")
def test_it_stands_until_somebody_releases_it_once() -> None:
    with db.transaction() as conn:
        assert quarantine.standing(conn) is None
        assert quarantine.release(conn, now=NOW) == []
    with psycopg.connect(db.owner_url()) as owner:
        quarantine.impose(owner, restored_to=NOW, now=LATER)
    with db.transaction() as conn:
        assert quarantine.standing(conn) == quarantine.Quarantine(LATER, NOW)
        assert len(quarantine.release(conn, now=LATER)) == 1
        assert quarantine.standing(conn) is None
        assert quarantine.release(conn, now=LATER) == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO kit_quarantine (id, since, restored_to) VALUES (gen_random_uuid(), now(), now())",
        "DELETE FROM kit_quarantine",
        "UPDATE kit_quarantine SET restored_to = now()",
    ],
)
def test_the_application_may_not(statement: str) -> None:
    with db.connect() as conn, pytest.raises(errors.InsufficientPrivilege):
        conn.execute(statement)
