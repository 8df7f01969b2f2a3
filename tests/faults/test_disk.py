"""A full disk (P24): nothing acknowledged is lost, everybody hears 503 or nothing, and with room again it goes on."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.cli.commands import Tree, wait_for
from tests.faults.effort import either
from tests.faults.house import House, folder, judge, opened, running, selling
from verno.kit.embedded import cluster
from verno.wiring import disk
from verno.wiring.doctor import house as doctor

MEGABYTES = 600
"""The disk, of which PostgreSQL's own files take a fifth."""
LEFT_MEGABYTES = either(quick=(10,), long=(10, 24, 170))
"""What is left when the load begins; the rest of the disk is ballast. With less than a segment of the log (16 MB)
PostgreSQL dies and cannot come back; with more it is a table that cannot grow first."""
FULL_SECONDS = either(quick=30, long=240)
STOP_SECONDS = 60
SILENCE_SECONDS = 2.0
MEGABYTE = 1024 * 1024


@pytest.fixture
def small() -> Iterator[Path]:
    """Give a small disk in memory; it needs root, and a kernel that lets root mount."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    with folder("verno-disk-") as base:
        disk_ = base / "disk"
        disk_.mkdir()
        done = mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", str(disk_))
        if done.returncode:
            pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
        yield disk_
        subprocess.run(["umount", "--lazy", str(disk_)], check=True)


def mount(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["mount", *words], capture_output=True, text=True, check=False)


def fill(where: Path, leave: int) -> None:
    """Write ballast until ``leave`` megabytes are free."""
    size = shutil.disk_usage(where).free - leave * MEGABYTE
    with (where / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, size)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("left", LEFT_MEGABYTES)
def test_nothing_acknowledged_is_lost_on_a_full_disk(small: Path, left: int) -> None:
    with opened(small / "home") as house:
        log = small / "home/postgres/postgres.log"
        # What is left of the log's segment under way, anything up to 16 MB, must not decide how many are sold.
        with psycopg.connect(cluster.local(small / "home").url("verno_owner"), autocommit=True) as owner:
            owner.execute("SELECT pg_switch_wal()")
            owner.execute("CHECKPOINT")
        fill(small, left)
        with selling(house):
            wait_for("the disk is full", FULL_SECONDS, lambda: "No space left on device" in log.read_text())
            wait_for("nobody hears a yes any more", FULL_SECONDS, lambda: silent(house))
        assert len(house.history.acknowledged) > 100
        assert house.history.unknown
        # Enlarged by the operator; whoever has given up meanwhile is started again.
        assert mount("-o", f"remount,size={2 * MEGABYTES}m", str(small)).returncode == 0
        if comes_back(house.tree):
            judge(house)
            return
    with running(small / "home") as tree:
        judge(replace(house, tree=tree))


def silent(house: House) -> bool:
    """Tell whether the last yes is some time ago."""
    return house.history.last < time.monotonic() - SILENCE_SECONDS


def comes_back(tree: Tree) -> bool:
    """Wait until the installation either serves again or has stopped, with a sentence; tell which."""
    with suppress(subprocess.TimeoutExpired):
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            if tree.ready():
                return True
            if tree.process.poll() is not None:
                assert tree.process.returncode == 1
                return False
            time.sleep(0.2)
    pytest.fail("it neither serves nor stops")


@pytest.mark.parametrize(
    ("free", "alarm", "verdict"),
    [(100, "ok", "ok"), (20, "ok", "ok"), (19, "low", "note"), (10, "low", "note"), (9, "very low", "bad")],
)
def test_the_alarm_comes_at_a_fifth_and_at_a_tenth(
    monkeypatch: pytest.MonkeyPatch, free: int, alarm: str, verdict: str
) -> None:
    total = 1000 * MEGABYTE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, 0, total * free // 100))
    assert {room.alarm for room in disk.rooms()} == {alarm}
    assert {finding.verdict for finding in doctor.look() if finding.what == "disk"} == {verdict}
