"""Running ``verno`` as a person does: a process with a home of its own, nothing inherited from the test run."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

INHERITED = (
    *("VERNO_DATABASE_URL", "VERNO_OWNER_URL", "VERNO_SMTP_URL", "VERNO_PUBLIC_URL", "VERNO_SECRET_KEY"),
    "VERNO_BACKUPS",
)
INIT = {
    "--name": "Shop",
    "--currency": "RUB",
    "--timezone": "Europe/Moscow",
    "--place": "msk-1",
    "--earn-per": "100",
}


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a fresh installation in ``home``."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {**kept, "VERNO_HOME": str(home), **more}


def verno(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "verno", *words],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def init_words(**changed: str | None) -> list[str]:
    """Return ``init`` with its options, some of them changed or (None) left out; ``earn_per`` is --earn-per."""
    options: Mapping[str, str | None] = INIT | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return ["init", "--json", *(word for name, value in options.items() if value is not None for word in (name, value))]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, timeout: float = 5.0) -> tuple[int, bytes]:
    """Ask the server once; (0, b"") when nobody answers."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        asked.request("GET", path)
        answer = asked.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        asked.close()


def wait_for(what: str, seconds: float, check: Callable[[], bool]) -> float:
    """Wait until ``check()`` is true; return how long it took, fail after ``seconds``."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


def _part(child: psutil.Process) -> str | None:
    """Return the name of the part that a process is; None between fork and exec, and after its death."""
    try:
        words = child.cmdline()
    except psutil.NoSuchProcess:
        return None
    if words and words[0].endswith("postgres"):
        return "database"
    return {"serve": "server", "work": "worker"}.get(words[3] if len(words) > 3 else "")


class Tree:
    """A running ``verno up``."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        """Watch it."""
        self.process = process
        self.port = port
        self.watched = psutil.Process(process.pid)

    def parts(self) -> dict[str, psutil.Process]:
        """Return the supervisor's children by the name of their part."""
        out = {}
        with suppress(psutil.NoSuchProcess):
            for child in self.watched.children():
                if name := _part(child):
                    out[name] = child
        return out

    def everyone(self) -> list[psutil.Process]:
        """Return the supervisor and all below it."""
        return [self.watched, *self.watched.children(recursive=True)]

    def ready(self) -> bool:
        """Ask /readyz once."""
        return get(self.port, "/readyz")[0] == http.HTTPStatus.OK


@contextmanager
def part(home: Path, *words: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that stays up; killed at the end if it still runs."""
    process = subprocess.Popen([sys.executable, "-m", "verno", *words], env=environment(home, **more))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def up(home: Path, **more: str) -> Iterator[Tree]:
    """Run ``verno up`` on a free port; given when it has said ``ready``, killed at the end if it still runs."""
    port = free_port()
    log = home.parent / f"{home.name}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "verno", "up", "--port", str(port)],
            env=environment(home, **more),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", log.read_text()
        yield Tree(process, port)
    finally:
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        # The database ends by itself, and writes until then into the folder that is about to be removed.
        psutil.wait_procs(below, timeout=30)
        assert process.stdout is not None
        process.stdout.close()
