"""Other people's programs as peers: started on loopback, ended with the test, absent with a reason."""

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def needs_node(*packages: str) -> pytest.MarkDecorator:
    """Skip where node or one of its packages is missing."""
    missing = [name for name in packages if not (ROOT / "node_modules" / name).is_dir()]
    return pytest.mark.skipif(
        shutil.which("node") is None or bool(missing), reason=f"node with {', '.join(packages)} is not installed"
    )


def needs_programs(*names: str) -> pytest.MarkDecorator:
    """Skip where a program is missing."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until_open(port: int, seconds: float = 20) -> None:
    """Wait until somebody listens."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, seconds)


def until(done: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


class Peer:
    """A script of node that says what happens in lines of JSON, and is told what to do in lines of its own."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._command = ["node", str(HERE / script), *arguments]
        self._events: queue.Queue[dict[str, object]] = queue.Queue()
        self.port = 0

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        port = self.event("listening")["port"]
        assert isinstance(port, int)
        self.port = port
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def event(self, kind: str, seconds: float = 10) -> dict[str, object]:
        """The next event of this kind; earlier ones of other kinds are passed over."""
        while True:
            event = self._events.get(timeout=seconds)
            if event["event"] == kind:
                return event

    def events(self, kind: str, count: int) -> list[dict[str, object]]:
        return [self.event(kind) for _ in range(count)]

    def quiet(self, seconds: float = 0.1) -> bool:
        """Whether nothing more comes."""
        try:
            self._events.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def tell(self, what: Mapping[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self._events.put(json.loads(line))
