"""Sinks: a mail server and a message centre that take all they are given, each a process of its own."""

import asyncio
import multiprocessing as mp
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import cast

from verno.kit.errors import VernoError

HOST = "127.0.0.1"
START_SECONDS = 20
NOTED = b"code-"
"""Recipients that begin so have the moment of their letter noted."""
END = b"\r\n.\r\n"
HEAD = struct.Struct(">IIII")
SUBMIT, BINDS, ANSWER = 0x04, (0x01, 0x02, 0x09), 0x80000000


class Sink:
    """A sink at work, as seen from the bench."""

    def __init__(self, port: int, pipe: Connection) -> None:
        """Take the port it listens on, and the pipe to ask it by."""
        self.port = port
        self._pipe = pipe

    def taken(self) -> int:
        """Return how many messages it has taken so far."""
        return self._ask()[0]

    def moments(self) -> dict[str, float]:
        """Return when (monotonic, the whole machine's) each noted recipient's letter was taken."""
        return self._ask()[1]

    def size(self) -> int:
        """Return how many bytes the last letter had."""
        return self._ask()[2]

    def _ask(self) -> tuple[int, dict[str, float], int]:
        self._pipe.send(None)
        if not self._pipe.poll(START_SECONDS):
            message = "the sink does not answer"
            raise VernoError(message)
        taken, moments, size = self._pipe.recv()
        return taken, moments, size


class Book:
    """What a sink has taken."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.taken = 0
        self.moments: dict[str, float] = {}
        self.size = 0


@contextmanager
def mail() -> Iterator[Sink]:
    """Run a mail server that keeps nothing."""
    with _running(_serve_mail) as sink:
        yield sink


@contextmanager
def texts() -> Iterator[Sink]:
    """Run a message centre that keeps nothing."""
    with _running(_serve_texts) as sink:
        yield sink


@contextmanager
def _running(target: Callable[[Connection], None]) -> Iterator[Sink]:
    ours, theirs = mp.Pipe()
    child = mp.get_context("spawn").Process(target=target, args=(theirs,), daemon=True)
    child.start()
    try:
        if not ours.poll(START_SECONDS):
            message = "the sink did not begin to listen"
            raise VernoError(message)
        yield Sink(ours.recv(), ours)
    finally:
        child.terminate()
        child.join()


def _serve_mail(pipe: Connection) -> None:
    asyncio.run(_mail_server(pipe))


def _serve_texts(pipe: Connection) -> None:
    asyncio.run(_message_centre(pipe))


async def _mail_server(pipe: Connection) -> None:
    book = Book()
    _answer(pipe, book)
    server = await asyncio.get_running_loop().create_server(lambda: _Session(book), HOST, 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Session(asyncio.Protocol):
    """SMTP's server side, of what a client that does nothing wrong needs."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._waiting = b""
        self._in_letter = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            end = self._waiting.find(END if self._in_letter else b"\r\n")
            if end < 0:
                return
            if self._in_letter:
                self._book.size = end
                self._waiting = self._waiting[end + len(END) :]
                self._take()
            else:
                line, self._waiting = self._waiting[:end], self._waiting[end + 2 :]
                self._command(line)

    def _take(self) -> None:
        self._in_letter = False
        self._book.taken += 1
        if self._recipient.startswith(NOTED):
            self._book.moments[self._recipient.decode()] = time.monotonic()
        self._transport.write(b"250 taken\r\n")

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"DATA":
            self._in_letter = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            if verb == b"RCPT":
                self._recipient = line[line.index(b"<") + 1 : line.index(b">")]
            self._transport.write(b"250 fine\r\n")


async def _message_centre(pipe: Connection) -> None:
    book = Book()
    _answer(pipe, book)
    server = await asyncio.get_running_loop().create_server(lambda: _Bound(book), HOST, 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Bound(asyncio.Protocol):
    """SMPP's server side, of what a client that does nothing wrong needs: every request has a good answer."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        came, at = self._waiting + data, 0
        answers: list[bytes] = []
        while len(came) - at >= HEAD.size:
            length, command, _, number = HEAD.unpack_from(came, at)
            if len(came) - at < length:
                break
            at += length
            name = b""
            if command == SUBMIT:
                self._book.taken += 1
                name = b"%d\0" % self._book.taken
            elif command in BINDS:
                name = b"sink\0"
            answers.append(HEAD.pack(HEAD.size + len(name), command | ANSWER, 0, number) + name)
        self._waiting = came[at:]
        self._transport.write(b"".join(answers))


def _answer(pipe: Connection, book: Book) -> None:
    def tell() -> None:
        pipe.recv()
        pipe.send((book.taken, book.moments, book.size))

    asyncio.get_running_loop().add_reader(pipe.fileno(), tell)
