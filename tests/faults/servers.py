"""Processes under fire, and callers that note what they were told.

A server or a worker here is ``verno serve`` or ``verno work`` against the test's own database, whose address lies in
the environment (fixture ``database``). Callers keep their connection, as tills do.
"""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import psutil

from tests.cli.commands import free_port, get, wait_for

START_SECONDS = 30.0
STOP_SECONDS = 15.0
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Server:
    """A running ``verno serve``: its own process and its workers."""

    process: psutil.Process
    port: int

    def family(self) -> list[psutil.Process]:
        """Return the process and all below it."""
        return [self.process, *self.process.children(recursive=True)]

    def threads(self) -> int:
        """Return how many threads all its processes have together."""
        return sum(one.num_threads() for one in self.family())

    def kill(self) -> None:
        """Kill it and all below it, at once."""
        for one in self.family():
            with suppress(psutil.NoSuchProcess):
                one.kill()


@contextmanager
def serving(**more: str) -> Iterator[Server]:
    """Run the server; given when it answers. ``more`` changes its environment."""
    with several(1, **more) as servers:
        yield servers[0]


@contextmanager
def several(count: int, **more: str) -> Iterator[list[Server]]:
    """Run some servers that start together."""
    ports = [free_port() for _ in range(count)]
    children = [_spawn(("serve", "--unchecked", "--port", str(port)), more) for port in ports]
    try:
        for port in ports:
            wait_for("the server answers", START_SECONDS, partial(_answers, port))
        yield [Server(psutil.Process(child.pid), port) for child, port in zip(children, ports, strict=True)]
    finally:
        for child in children:
            _end(child)


@contextmanager
def working(*before: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the worker; words ``before`` stand before the command (another clock, say)."""
    child = _spawn(("work", "--unchecked"), more, before)
    try:
        yield child
    finally:
        _end(child)


def _answers(port: int) -> bool:
    return get(port, "/healthz")[0] == http.HTTPStatus.OK


def _spawn(words: tuple[str, ...], more: Mapping[str, str], before: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
    command = [*before, sys.executable, "-m", "verno", *words]
    return subprocess.Popen(command, env={**os.environ, **more}, stdin=subprocess.DEVNULL, stdout=2)


def _end(child: "subprocess.Popen[bytes]") -> None:
    family = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(child.pid).children(recursive=True)
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()


@dataclass(frozen=True)
class Answer:
    """What a caller was told; status 0 when nobody can know whether it happened."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, object]:
        """Return the body as an object."""
        found: dict[str, object] = json.loads(self.body)
        return found


class Caller:
    """One till: one key, one connection that is opened again when it broke."""

    def __init__(self, port: int, key: str, *, timeout: float = 30.0) -> None:
        """Nothing is opened yet."""
        self.port = port
        self.key = key
        self.timeout = timeout
        self._conn: http.client.HTTPConnection | None = None

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """POST a value as JSON, or bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, raw, {"Content-Type": "application/json", **headers})

    def get(self, path: str) -> Answer:
        """GET."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Ask once; status 0 when the line broke or nobody answered."""
        if self._conn is None:
            self._conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            self._conn.request(method, path, body, {"Authorization": f"Bearer {self.key}", **headers})
            answer = self._conn.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
