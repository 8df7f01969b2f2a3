"""Who was erased stays erased (P13): an old backup brings nobody back, and no file of the house names them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.cli.commands import get
from tests.corrections.desk import Desk
from tests.faults.house import folder
from tests.faults.test_backups import call, running
from tests.messaging.people import make_program
from tests.privacy.people import found_anywhere, rooms
from verno.kit import db
from verno.kit.embedded import cluster
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.privacy import journal
from verno.privacy.tables import HELD, Fate, fates
from verno.privacy.types import Journalled

pytestmark = pytest.mark.timeout(240)

PERSON = NewMember(
    "zp-external-77", name="Zinaida Plantova", phone="+79167770077", email="zinaida.plantova@example.com"
)
PLANTED = ("Plantova", "zp-external-77", "79167770077", "zinaida.plantova", "peanuts-of-zp", "zp-letter.example")


@pytest.fixture
def base() -> Iterator[Path]:
    with folder("verno-forgotten-") as path:
        yield path


def join(home: Path) -> str:
    """Put the person and a bystander into an installation that runs; returns the program."""
    with db.connect(cluster.local(home).url("verno")) as conn:
        shop = make_program(conn)
        db.enter(conn, shop.program.id)
        made, _ = members.upsert(
            conn, shop.program, [PERSON, NewMember("bystander", name="Boris")], now=datetime.now(UTC)
        )
        assert isinstance(made, Created)
        rooms(Desk(conn, shop), made.member_id)
        conn.commit()
    return shop.program.id


def left(home: Path) -> list[str]:
    """Return the tables that name the person, whoever may read them."""
    with psycopg.connect(cluster.local(home).url("verno_owner")) as owner:
        return found_anywhere(owner, PLANTED)


def rows_left(home: Path) -> list[str]:
    """Return the tables that were to be forgotten and still have rows of the person, sealed or not."""
    with psycopg.connect(cluster.local(home).url("verno_owner")) as owner:
        who = owner.execute("SELECT holders FROM privacy_erasure WHERE state = 'done'").fetchone()
        assert who
        return [
            table
            for table in fates(Fate.GOES)
            for column in HELD[table].by
            if owner.execute(f"SELECT 1 FROM {table} WHERE {column} = ANY (%s) LIMIT 1", who).fetchone()
        ]


def named_in_files(*places: Path) -> list[str]:
    """Return the files that name the person: logs, journals, certificates; the server's own pages are its vacuum's."""
    out = []
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and not {"data", "archive", "database"} & set(path.parts):
                text = path.read_bytes()
                out += [f"{path}: {one}" for one in PLANTED if one.encode() in text]
    return out


def test_an_old_backup_brings_nobody_back(base: Path) -> None:
    home, restored = base / "home", base / "restored"
    with running(home, base):
        join(home)
        assert left(home)
        old = str(call(home, base, "backup", str(base / "elsewhere"))["path"])
        done = call(home, base, "member", "erase", "zp-external-77", "--yes", "--certificate", str(base / "paper.json"))
        assert left(home) == rows_left(home) == []
        time.sleep(1.1)
    assert named_in_files(home, base / "backups") == []
    assert not any(one in (base / "home.log").read_text() for one in PLANTED)
    assert not any(one in (base / "paper.json").read_text() for one in PLANTED)

    again = call(restored, base, "restore", old)
    assert (again["restore"], again["erased_again"]) == ("ok", 1), again
    with running(restored, base) as tree:
        assert left(restored) == rows_left(restored) == []
        with psycopg.connect(cluster.local(restored).url("verno_owner")) as owner:
            kept = owner.execute("SELECT external_id FROM members_member ORDER BY 1").fetchall()
            row = owner.execute("SELECT state, id::text FROM privacy_erasure").fetchone()
        assert json.loads(get(tree.port, "/readyz")[1])["outbox"] == "quarantined"
    assert kept == [("bystander",), ("firm",)]
    assert row == ("done", done["erasure"])


def test_a_restore_that_was_cut_off_is_made_good_at_the_next_start(base: Path) -> None:
    home = base / "home"
    with running(home, base):
        join(home)
        call(home, base, "member", "erase", "zp-external-77", "--yes")
        with psycopg.connect(cluster.local(home).url("verno_owner"), autocommit=True) as owner:
            owner.execute("DELETE FROM privacy_erasure")  # as if the database were older
        with db.connect(cluster.local(home).url("verno")) as conn:
            row = conn.execute("SELECT id::text FROM workspace_program").fetchone()
            assert row
            db.enter(conn, row[0])
            line = json.loads((home / "erasures" / f"{row[0]}.jsonl").read_text())
            conn.execute(
                "INSERT INTO members_member (id, program_id, external_id, name, attributes, created_at, changed_at)"
                " VALUES (%s, %s, 'zp-external-77', 'Zinaida Plantova', '{}', now(), now())",
                (line["holders"][0], row[0]),
            )
            conn.commit()
    with running(home, base):
        assert left(home) == []


def test_a_request_that_was_called_off_stops_no_start_though_the_journal_has_its_line(base: Path) -> None:
    home = base / "home"
    with running(home, base):
        program = join(home)
        asked = call(home, base, "member", "erase", "zp-external-77", "--ask")
        call(home, base, "member", "erase", "zp-external-77", "--cancel")
        now = datetime.now(UTC)
        who, id_ = str(asked["member"]), str(asked["erasure"])
        line = Journalled(journal.FORMAT, id_, program, (who,), now, now, now, "operator:0", journal.FIRST)
        (home / journal.FOLDER).mkdir(exist_ok=True)
        (home / journal.FOLDER / f"{program}{journal.SUFFIX}").write_bytes(journal.as_line(line))
    with running(home, base):
        assert "members_member: zp-external-77" in left(home)


def test_the_journal_is_in_the_backup_and_beside_it(base: Path) -> None:
    home = base / "home"
    with running(home, base):
        program = join(home)
        call(home, base, "member", "erase", "zp-external-77", "--yes")
        made = Path(str(call(home, base, "backup", str(base / "elsewhere"))["path"]))
    line = (home / "erasures" / f"{program}.jsonl").read_bytes()
    assert line.count(b"\n") == 1
    assert (base / "backups" / "erasures" / f"{program}.jsonl").read_bytes() == line
    assert (made / "erasures" / f"{program}.jsonl").read_bytes() == line
