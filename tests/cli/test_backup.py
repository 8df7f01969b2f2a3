"""``verno backup`` and ``verno restore``: what is in a backup, what is refused and left alone, what comes back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.builders import make_shop
from tests.cli.commands import environment, init_words, verno, wait_for
from tests.faults.house import folder
from tests.messaging.people import add_members
from verno.kit import db, secrets
from verno.kit.embedded import archive, cluster
from verno.messaging.statements import plan_statements

LOGINS = {"DATABASE": "verno", "OWNER": "verno_owner"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def model() -> Iterator[Path]:
    """Make a program once, at rest: its home is copied."""
    with folder("verno-cli-") as base:
        assert verno(base / "home", *init_words()).returncode == 0
        yield base / "home"


@pytest.fixture
def house(model: Path, home: Path) -> Path:
    """Give the home of a program."""
    subprocess.run(["cp", "-a", model, home], check=True)  # with the database's owner
    return home


def backup(house: Path, *words: str, **more: str) -> dict[str, object]:
    done = verno(house, "backup", str(house.parent / "backups"), "--json", *words, **more)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def refused(home: Path, *words: str, **more: str) -> str:
    """Return why a restore was refused; it must have left the home alone."""
    before = files(home)
    done = verno(home, "restore", *words, **more)
    assert done.returncode == 1, done.stdout + done.stderr
    assert not done.stdout
    assert files(home) == before, "something was touched"
    return done.stderr


def files(home: Path) -> list[str]:
    """Return what lies in a home, but for what keeps commands apart."""
    ours = (path for path in home.rglob("*") if path.is_file() and path.suffix not in {".lock", ".log"})
    return sorted(str(path.relative_to(home)) for path in ours if "data" not in path.parts or path.name == "PG_VERSION")


def bring_key(house: Path, other: Path) -> Path:
    other.mkdir(exist_ok=True)
    shutil.copy(house / "secret.key", other / "secret.key")
    return other


def test_what_is_in_a_backup_and_what_is_not(house: Path) -> None:
    made = backup(house)
    path = Path(str(made["path"]))
    assert path.stat().st_mode & 0o777 == 0o700
    inside = {str(one.relative_to(path)) for one in path.rglob("*") if one.is_file()}
    heads = made["heads"]
    assert isinstance(heads, list)
    (file,) = [head["file"] for head in heads]
    day = json.loads((path / file).read_text())["date"]
    assert inside == {
        *("manifest.json", "database/base.tar.gz", "database/pg_wal.tar.gz"),
        *(file, f"heads/{day}.json"),
    }
    secret = (house / "secret.key").read_text().encode()
    assert not [one for one in path.rglob("*") if one.is_file() and secret in one.read_bytes()]
    said = verno(house, "backup", str(house.parent / "backups")).stderr
    assert f"NOT in it. Keep a copy of {house / 'secret.key'} apart" in said
    audited = owner(house, "SELECT action, detail FROM workspace_audit WHERE object_kind = 'backup' ORDER BY at")
    assert audited == [("backup.make", "base"), ("backup.make", "base")]
    assert not [one for one in (house.parent / "backups").iterdir() if one.name.startswith(".verno")]


def test_a_whole_backup_comes_back_verified_and_says_rpo_and_rto(house: Path) -> None:
    backup(house)
    other = bring_key(house, house.parent / "other")
    done = verno(other, "restore", str(house.parent / "backups"))
    assert done.returncode == 0, done.stderr
    for words in ("RPO  the last change in it is of", "RTO  ", "verify  ok", "verno release"):
        assert words in done.stdout
    assert (other / "heads").is_dir()
    assert cluster.local(other).password() != cluster.local(house).password()
    assert cluster.local(other).life() != cluster.local(house).life()
    known = "SELECT name FROM workspace_program"
    assert owner(other, known) == owner(house, known)
    assert "two databases" in refused_of_two(house, other)
    third = bring_key(house, house.parent / "third")
    kept = json.loads(verno(other, "backup", str(house.parent / "again"), "--json").stdout)
    assert kept["first"].startswith("00000002"), "a restored database counts on in a line of its own"
    again = verno(third, "restore", str(house.parent / "again"))
    assert again.returncode == 0, again.stderr
    assert owner(third, "SELECT count(*) FROM kit_quarantine WHERE released_at IS NULL") == [(2,)]
    assert verno(third, "release", "--yes").returncode == 0
    assert verno(third, "release", "--yes").returncode == 1, "one word ends them all"
    assert json.loads(verno(other, "verify", "--json").stdout)["verify"] == "ok"


def refused_of_two(house: Path, rehearsal: Path) -> str:
    """Let a rehearsal and the shop keep backups in one folder, in turns; return why that is not restored."""
    place = str(house.parent / "backups")
    assert verno(rehearsal, "backup", place).returncode == 0
    backup(house)
    return refused(bring_key(house, house.parent / "fourth"), place)


def test_a_living_home_is_not_overwritten_and_replacing_sets_it_aside(house: Path) -> None:
    backup(house)
    assert "there is a database" in refused(house, str(house.parent / "backups"))
    with cluster.local(house).running():
        assert "stop it first" in verno(house, "restore", str(house.parent / "backups"), "--replace").stderr
    done = verno(house, "restore", str(house.parent / "backups"), "--replace", "--json")
    assert done.returncode == 0, done.stderr
    aside = Path(json.loads(done.stdout)["aside"])
    assert (aside / "PG_VERSION").exists()


def test_a_damaged_backup_is_refused_by_name(house: Path) -> None:
    path = Path(str(backup(house)["path"]))
    other = bring_key(house, house.parent / "other")
    every = [one for one in path.rglob("*") if one.is_file()]
    assert len(every) == 5
    for spoilt in every:
        whole = spoilt.read_bytes()
        data = bytearray(whole)
        data[len(data) // 2] ^= 1
        spoilt.write_bytes(data)
        assert str(spoilt) in refused(other, str(path))
        spoilt.unlink()
        assert str(spoilt) in refused(other, str(path)) or spoilt.name == "manifest.json"
        spoilt.write_bytes(whole)
    assert verno(other, "restore", str(path)).returncode == 0


def test_an_interrupted_backup_is_none(house: Path) -> None:
    place = house.parent / "backups"
    with cluster.local(house).running():
        child = subprocess.Popen(
            [sys.executable, "-m", "verno", "backup", str(place)],
            env=environment(house), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_for("it copies", 30, lambda: any(place.glob(".verno-*/database/*")))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert [path for path in place.iterdir() if path.name.startswith(".verno-")]
    assert "there is no whole backup" in refused(bring_key(house, house.parent / "other"), str(place))
    backup(house)
    assert [path for path in place.iterdir() if path.name.startswith(".verno-")] == [], "what was left there is gone"


def test_without_the_key_nothing_is_restored_unless_that_is_meant(house: Path) -> None:
    place = str(house.parent / "backups")
    backup(house)
    other = house.parent / "other"
    assert f"put it into {other / 'secret.key'}" in refused(other, place)
    assert "is not the one of the backup" in refused(other, place, VERNO_SECRET_KEY="12" * 32)
    done = verno(other, "restore", place, "--without-keys")
    assert done.returncode == 0, done.stderr


def test_with_keys_the_backup_opens_by_itself_and_the_doctor_minds(house: Path) -> None:
    made = backup(house, "--with-keys")
    assert made["with_keys"] is True
    assert (Path(str(made["path"])) / "keys" / "secret.key").stat().st_mode & 0o777 == 0o600
    other = house.parent / "other"
    assert verno(other, "restore", str(house.parent / "backups")).returncode == 0
    assert (other / "secret.key").read_text() == (house / "secret.key").read_text()
    assert (other / "secret.key").stat().st_mode & 0o777 == 0o600
    told = json.loads(verno(house, "doctor", "--json", VERNO_BACKUPS=str(house.parent / "backups")).stdout)
    assert [one for one in told["findings"] if one["what"] == "backup" and "beside the data" in one["text"]]


def test_moments_that_cannot_be_restored_are_refused(house: Path) -> None:
    place = str(house.parent / "backups")
    backup(house)
    other = bring_key(house, house.parent / "other")
    assert "the oldest backup" in refused(other, place, "--to", "2026-01-01T10:42")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert "lies in the future" in refused(other, place, "--to", tomorrow)
    assert verno(other, "restore", place, "--to", "noon").returncode == 2


def test_only_the_newest_are_kept_and_the_log_that_they_need(house: Path) -> None:
    place = house.parent / "backups"
    kept = {"VERNO_BACKUPS": str(place)}
    first = backup(house, **kept)
    log = archive.folder(place, cluster.local(house).life())
    time.sleep(1)
    second = backup(house, "--keep", "1", **kept)
    assert second["removed"] == [first["path"]]
    assert [path.name for path in place.glob("verno-*")] == [Path(str(second["path"])).name]
    assert archive.segments(log)[0] >= str(second["first"])


def test_a_log_with_a_hole_is_refused_by_name(house: Path) -> None:
    place = house.parent / "backups"
    kept = {"VERNO_BACKUPS": str(place)}
    made = backup(house, **kept)
    for _ in range(3):
        verno(house, "get", **kept)  # each start and stop of the database leaves a piece of log
    log = archive.folder(place, cluster.local(house).life())
    wanted = archive.following(archive.following(str(made["first"])))
    assert wanted in archive.segments(log)
    other = bring_key(house, house.parent / "other")
    whole = (log / f"{wanted}.gz").read_bytes()
    (log / f"{wanted}.gz").write_bytes(whole[: len(whole) // 2])
    assert f"{wanted}.gz is damaged" in refused(other, str(place))
    (log / f"{wanted}.gz").unlink()
    assert f"segment {wanted} of the log is missing" in refused(other, str(place))
    (log / f"{wanted}.gz").write_bytes(whole)
    assert verno(other, "restore", str(place)).returncode == 0


@pytest.mark.usefixtures("database")
def test_a_database_of_the_operators_is_dumped_and_put_back_into_an_empty_one(home: Path) -> None:
    with db.connect() as conn:
        shop = make_shop(conn)
        add_members(conn, shop, 3)
        plan_statements(conn, shop.program, 2026, 10, now=datetime.now(UTC))
        conn.commit()
    place, key = str(home.parent / "backups"), secrets.master()
    old = {"VERNO_DATABASE_URL": db.url(), "VERNO_OWNER_URL": db.owner_url(), "VERNO_SECRET_KEY": key}
    made = verno(home, "backup", place, "--json", **old)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["kind"] == "dump"
    assert "is not empty" in refused(home, place, **old)
    assert "set VERNO_DATABASE_URL" in refused(home, place, VERNO_SECRET_KEY=key)
    name = f"restored_{os.getpid()}"
    with psycopg.connect(db.owner_url(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        new = old | {f"VERNO_{role}_URL": cluster.local().url(login, name) for role, login in LOGINS.items()}
        assert "one moment" in refused(home, place, "--to", datetime.now(UTC).isoformat(), **new)
        done = verno(home, "restore", place, "--json", **new)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["outbox"] == "quarantined"
        waits = json.loads(verno(home, "release", "--json", **new).stdout)["waiting"]
        assert [(row["topic"], row["messages"], row["planned_since"]) for row in waits] == [("points-statement", 3, 0)]
    finally:
        with psycopg.connect(db.owner_url(), autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    fresh = cluster.local(home)
    with fresh.running():
        new = old | {f"VERNO_{role}_URL": fresh.url(login) for role, login in LOGINS.items()}
        assert "pg_resetwal --epoch=1" in refused(home, place, **new), "a server that has counted less"


def test_release_says_when_nothing_is_held_back(house: Path) -> None:
    done = verno(house, "release", "--yes")
    assert done.returncode == 1
    assert "nothing is held back" in done.stderr


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("000000010000000000000001", "000000010000000000000002"),
        ("0000000100000000000000FF", "000000010000000100000000"),
        ("00000003000000AA000000FE", "00000003000000AA000000FF"),
    ],
)
def test_pieces_of_the_log_follow_one_another(name: str, after: str) -> None:
    assert archive.following(name) == after


def owner(home: Path, query: str) -> list[tuple[object, ...]]:
    with cluster.local(home).running(), psycopg.connect(cluster.local(home).url("verno_owner")) as conn:
        return list(conn.execute(query).fetchall())
