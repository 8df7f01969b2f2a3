"""The embedded PostgreSQL: shared among commands, never of another version, never without its safety switches."""

import gzip
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.commands import wait_for
from verno.kit.embedded import archive, cluster, programs
from verno.kit.embedded.cluster import Cluster
from verno.kit.errors import VernoError


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder in memory that user nobody may enter."""
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="verno-cluster-", dir=shm if shm.is_dir() else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_commands_share_one_server_and_the_last_to_leave_stops_it(place: Path) -> None:
    ours = cluster.local(place)
    second_is_in, first_wants_out, second_may_go = threading.Event(), threading.Event(), threading.Event()
    told: list[object] = []

    def second() -> None:
        with cluster.local(place).running() as server:
            told.append(server)
            second_is_in.set()
            first_wants_out.wait(30)
            told.append(ours.answers())
            second_may_go.wait(30)

    guest = threading.Thread(target=second)
    with ours.running() as server:
        assert server is not None
        assert server.poll() is None
        guest.start()
        assert second_is_in.wait(30)
        threading.Timer(0.3, second_may_go.set).start()
        first_wants_out.set()
    guest.join(30)
    assert told == [None, True], "the second command started a server of its own, or lost the first one's"
    assert server.poll() is not None
    assert not ours.answers()


def test_a_new_cluster_is_safe_and_speaks_russian(place: Path) -> None:
    with cluster.local(place).running(), psycopg.connect(cluster.local(place).url("verno_owner")) as conn:
        for name, value in (
            ("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on"), ("data_checksums", "on"),
            ("listen_addresses", ""), ("TimeZone", "UTC"),
        ):  # fmt: skip
            assert conn.execute("SELECT current_setting(%s)", (name,)).fetchone() == (value,)
        assert conn.execute("SELECT lower('ЁЛКА')").fetchone() == ("ёлка",)
        assert conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'verno'").fetchone() != (True,)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(cluster.local(place).url("verno").replace("verno:", "verno:x"))


def test_the_log_is_kept_in_a_folder_of_any_name_and_never_overwritten(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERNO_BACKUPS", str(place / "o'clock & 100%f"))
    here = cluster.local(place)
    log = here.log_folder()
    assert log is not None
    with here.running(), psycopg.connect(here.url("verno_owner"), autocommit=True) as owner:
        row = owner.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert row
        wait_for("the piece is there", 30, (log / f"{row[0]}.gz").exists)
        owner.execute("SELECT txid_current()")
        taken = log / f"{archive.following(row[0])}.gz"
        taken.write_bytes(gzip.compress(b"of somebody else"))
        owner.execute("SELECT pg_switch_wal()")
        failed = "SELECT failed_count > 0 FROM pg_stat_archiver"
        wait_for("the server is refused", 30, lambda: owner.execute(failed).fetchone() == (True,))
        assert gzip.decompress(taken.read_bytes()) == b"of somebody else"
        taken.unlink()
        wait_for("it goes on with room", 90, taken.exists)


def test_data_of_another_major_version_are_refused_with_a_sentence(place: Path) -> None:
    other = Cluster(base=place / "postgres", data=place / "postgres" / "data", socket=place / "postgres" / "socket")
    other.data.mkdir(parents=True)
    (other.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(VernoError, match=r"was made by PostgreSQL 12, but the programs are of version \d+"):
        other.start()


def test_a_folder_without_programs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_PG_BIN", str(tmp_path))
    with pytest.raises(VernoError, match="holds no initdb and postgres"):
        programs.folder()


def test_the_password_is_made_once_and_is_for_its_owner_alone(place: Path) -> None:
    here = cluster.local(place)
    here.base.mkdir(parents=True)
    assert here.url("verno") == here.url("verno")
    assert (here.base / "password").stat().st_mode & 0o777 == 0o600


def test_a_long_path_still_gets_a_socket() -> None:
    deep = Path("/" + "/".join(["a-rather-long-folder-name"] * 8))
    socket = cluster.local(deep).socket
    assert len(os.fsencode(socket / ".s.PGSQL.5432")) <= cluster.LONGEST_SOCKET_PATH
    assert cluster.local(deep / "other").socket != socket
