"""Presses at work: a handful of processes a process of ours, each asked by one thread at a time.

A template that ends its press ends nothing else: the press is buried, the template is broken.
"""

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO, TypeAlias, cast

import msgspec

from verno.kit.errors import Unavailable
from verno.messaging.templates.press.protocol import (
    READY,
    AllRendered,
    Broken,
    Missing,
    Render,
    RenderAll,
    Reply,
    Request,
    frame,
    unframe,
)

MOST_IDLE = 4
"""Presses that are kept waiting; more are started while more ask at once."""
START_SECONDS = 20.0
ANSWER_SECONDS = 15.0
"""How long a press may be silent; its seconds of CPU are fewer, but the machine may be busy."""
COMMAND = (sys.executable, "-m", "verno.messaging.templates.press.child")
PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""All that a press sees of our environment, which holds secrets."""
TOO_MUCH = "takes too much memory"
TOO_LONG = "takes too long"

AT_ONCE = 50
"""Blocks that a press renders without being asked again."""
Ask: TypeAlias = tuple[str, tuple[str, str, str], dict[str, object]]
"""The name of a block's sources, the sources (subject, HTML, text), the view."""

_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


class Died(Exception):
    """The press ended over a request, or said nothing; the text tells why."""


class Press:
    """One process."""

    def __init__(self) -> None:
        """Start it, and wait until it is ready; raises ``Unavailable``."""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._child = subprocess.Popen(  # noqa: S603 our own command
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
        self.served = 0
        self._until = time.monotonic() + START_SECONDS
        if self._greeting() != READY:
            self.close()
            message = "the press for templates does not start"
            raise Unavailable(message)

    def ask(self, request: Request) -> Reply:
        """Return the answer; raises ``Died``, and then the press is of no use any more."""
        self._until = time.monotonic() + ANSWER_SECONDS
        try:
            sink = cast("IO[bytes]", self._child.stdin)
            view = memoryview(frame(request))
            while view:
                view = view[sink.write(view) or 0 :]
            body = unframe(self._read)
        except OSError:
            body = None
        if body is None:
            raise Died(self._why())
        self.served += 1
        return _decoder.decode(body)

    def close(self) -> None:
        """End the process."""
        self._child.kill()
        self._child.wait()
        for end in (self._child.stdin, self._child.stdout):
            if end is not None:
                end.close()

    def _greeting(self) -> bytes:
        try:
            return self._read(len(READY))
        except Died:
            return b""

    def _read(self, size: int) -> bytes:
        source = cast("IO[bytes]", self._child.stdout)
        out = b""
        while len(out) < size:
            ready, _, _ = select.select([source], [], [], max(0.0, self._until - time.monotonic()))
            if not ready:
                raise Died(TOO_LONG)
            piece = source.read(size - len(out))
            if not piece:
                return out
            out += piece
        return out

    def _why(self) -> str:
        try:
            code = self._child.wait(1)
        except subprocess.TimeoutExpired:
            return TOO_LONG
        return TOO_LONG if code in (-signal.SIGXCPU, -signal.SIGKILL) else TOO_MUCH


class Pool:
    """The presses of this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._idle: list[Press] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def ask(self, request: Request) -> Reply:
        """Return the answer of a press; a request that ends it is ``Broken``. Raises ``Unavailable``."""
        press = self._take()
        reused = press.served > 0
        try:
            reply = press.ask(request)
        except Died as died:
            press.close()
            if reused and str(died) == TOO_MUCH:
                return self._ask_once_more(request)  # it may have been dead before we asked
            return Broken("", str(died))
        self._give_back(press)
        return reply

    def render(self, key: str, sources: tuple[str, str, str], view: dict[str, object]) -> Reply:
        """Render a block whose sources ``key`` names for ever; they are sent to presses that do not know them."""
        reply = self.ask(Render(key, view))
        return self.ask(Render(key, view, sources)) if isinstance(reply, Missing) else reply

    def render_all(self, asked: Sequence[Ask]) -> list[Reply]:
        """Render many blocks, some at a time, see ``render``. One that ends its press ends no other's rendering."""
        out: list[Reply] = []
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            known: set[str] = set()
            renders: list[Render] = []
            for key, sources, view in some:
                renders.append(Render(key, view, None if key in known else sources))
                known.add(key)
            reply = self.ask(RenderAll(renders))
            if isinstance(reply, AllRendered) and len(reply.replies) == len(some):
                out += reply.replies
            else:
                out += [self.render(*one) for one in some]
        return out

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for press in idle:
                press.close()

    def _ask_once_more(self, request: Request) -> Reply:
        press = Press()
        try:
            reply = press.ask(request)
        except Died as died:
            press.close()
            return Broken("", str(died))
        self._give_back(press)
        return reply

    def _take(self) -> Press:
        with self._lock:
            if self._owner != os.getpid():  # a fork shares its parent's pipes
                self._idle, self._owner = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return Press()

    def _give_back(self, press: Press) -> None:
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(press)
                return
        press.close()


POOL = Pool()
atexit.register(POOL.close)
