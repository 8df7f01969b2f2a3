"""``verno up`` as processes: ready, killed part by part, stopped, orphaned, refused."""

import json
import signal
import socket
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.cli.commands import Tree, free_port, get, init_words, part, up, verno, wait_for
from verno.kit.embedded import cluster, programs

AGAIN_SECONDS = 10.0
"""Seconds within which a killed child must be back."""

UNSAFE = {
    "fsync": ("up", "serve", "work", "migrate"),
    "full_page_writes": ("up",),
    "synchronous_commit": ("up",),
}


def _came_back(tree: Tree, name: str, old: int) -> bool:
    """Tell whether another process has the part's place and the whole is ready."""
    part = tree.parts().get(name)
    return part is not None and part.pid != old and tree.ready()


@pytest.mark.timeout(240)
def test_a_killed_part_comes_back_and_a_stop_leaves_nothing(home: Path) -> None:
    assert verno(home, *init_words()).returncode == 0
    with up(home) as tree:
        assert get(tree.port, "/healthz") == (200, b'{"status": "ok", "retries": {}}')
        status, body = get(tree.port, "/readyz")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        assert set(tree.parts()) == {"database", "server", "worker"}
        for name in ("server", "worker", "database"):
            victim = tree.parts()[name]
            victim.kill()
            wait_for(f"{name} comes back", AGAIN_SECONDS, partial(_came_back, tree, name, victim.pid))
        grandchild = tree.parts()["server"].children()[0]
        grandchild.kill()
        wait_for("the server's worker process comes back", AGAIN_SECONDS, tree.ready)
        everyone = tree.everyone()
        tree.process.terminate()
        assert tree.process.wait(30) == 0
        assert psutil.wait_procs(everyone, timeout=5)[1] == []


@pytest.mark.timeout(240)
def test_children_die_with_a_killed_supervisor_and_the_next_start_works(home: Path) -> None:
    with up(home) as tree:
        everyone = tree.everyone()
        tree.process.kill()
        assert psutil.wait_procs(everyone, timeout=10)[1] == []
    with up(home) as tree:
        assert tree.ready()


@pytest.mark.timeout(240)
def test_a_hanging_database_makes_unready_in_time_and_health_returns(home: Path) -> None:
    with up(home) as tree:
        server = tree.parts()["database"]
        family = [server, *server.children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            began = time.monotonic()
            status, body = get(tree.port, "/readyz")
            assert time.monotonic() - began < 2.5
            assert (status, json.loads(body)["failing"]) == (503, "database")
            assert get(tree.port, "/healthz")[0] == 200
        finally:
            for process in family:
                process.resume()
        wait_for("ready again", 5, tree.ready)


@pytest.mark.timeout(240)
def test_a_part_that_keeps_dying_stops_everything(home: Path) -> None:
    with up(home) as tree:
        everyone = tree.everyone()
        until = time.monotonic() + 50
        while tree.process.poll() is None and time.monotonic() < until:
            if worker := tree.parts().get("worker"):
                worker.kill()
            time.sleep(0.05)
        assert tree.process.wait(30) == 1
        assert psutil.wait_procs(everyone, timeout=5)[1] == []
    log = (home.parent / f"{home.name}.log").read_text()
    assert "the worker died 5 times within a minute; everything is stopped" in log


@pytest.mark.timeout(240)
def test_server_and_worker_run_alone_against_any_database(home: Path) -> None:
    theirs = cluster.local(home.parent / "theirs")
    assert verno(home.parent / "theirs", "migrate").returncode == 0
    port = free_port()
    with theirs.running():
        address = theirs.url("verno")
        with (
            part(home, "serve", "--port", str(port), VERNO_DATABASE_URL=address) as server,
            part(home, "work", VERNO_DATABASE_URL=address) as worker,
        ):
            wait_for("ready", 30, lambda: get(port, "/readyz")[0] == 200)
            family = psutil.Process(server.pid).children(recursive=True)
            for process in (server, worker):
                process.terminate()
                assert process.wait(20) == 0
            assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not (home / "postgres").exists()


def test_a_port_in_use_is_a_sentence(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("up", "serve"):
            refused = verno(home, command, "--port", str(port))
            assert (refused.returncode, refused.stdout) == (1, "")
            assert refused.stderr.startswith(f"verno: cannot listen on 127.0.0.1:{port}: Address already in use")


def test_an_unreachable_database_is_a_sentence(home: Path) -> None:
    address = f"postgresql://verno:x@127.0.0.1:{free_port()}/verno"
    for command in ("up", "serve", "work", "migrate"):
        refused = verno(home, command, VERNO_DATABASE_URL=address)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("verno: the database does not answer")
        assert "Traceback" not in refused.stderr


def test_a_data_directory_of_another_major_is_a_sentence(home: Path) -> None:
    data = cluster.local(home).data
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    refused = verno(home, "up", "--port", str(free_port()))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"was made by PostgreSQL 12, but the programs are of version {programs.major(programs.folder())}" in (
        refused.stderr
    )


@pytest.mark.timeout(240)
def test_a_server_that_may_lose_what_it_acknowledged_is_refused(home: Path) -> None:
    unsafe = cluster.local(home.parent / "unsafe")
    assert verno(home.parent / "unsafe", "migrate").returncode == 0
    settings = unsafe.data / "postgresql.conf"
    safe = settings.read_text()
    for switch, commands in UNSAFE.items():
        settings.write_text(f"{safe}\n{switch} = off\n")
        with unsafe.running():
            for command in commands:
                refused = verno(home, command, VERNO_DATABASE_URL=unsafe.url("verno_owner"))
                assert (refused.returncode, refused.stdout) == (1, ""), command
                assert f"the server runs with {switch} = off" in refused.stderr


@pytest.mark.timeout(240)
def test_ctrl_c_stops_everything(home: Path) -> None:
    with up(home) as tree:
        everyone = tree.everyone()
        tree.process.send_signal(signal.SIGINT)
        assert tree.process.wait(30) == 0
        assert psutil.wait_procs(everyone, timeout=5)[1] == []
