"""What the demo's tests share."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verno.demo.load import Progress


@pytest.fixture
def quiet() -> Progress:
    """Give bars that nobody sees."""

    @contextmanager
    def bar(title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        yield lambda _: None

    return bar


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Run a catcher that keeps its mails in ``tmp_path / "mail"``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    options = ["--port", str(number), "--folder", str(tmp_path / "mail")]
    child = subprocess.Popen([sys.executable, "-m", "verno.demo.catcher", *options])
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield number
    child.terminate()
    assert child.wait(10) == 0
