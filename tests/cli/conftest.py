"""Homes for commands: in memory where there is some, gone after the test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SHM = Path("/dev/shm")


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a home that is not there yet, under a folder of the test's own.

    Anybody may enter that folder: when the tests are root, PostgreSQL runs as nobody, and would else keep its data
    elsewhere.
    """
    base = Path(tempfile.mkdtemp(prefix="verno-cli-", dir=SHM if SHM.is_dir() else None))
    base.chmod(0o755)
    yield base / "home"
    shutil.rmtree(base)
