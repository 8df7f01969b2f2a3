"""A man in the middle of the server and its database, who can lose the answer to a commit.

Whether a commit happened whose answer is lost, nobody on this side can know: the transaction is there, and the server
does not hear of it. That moment cannot be hit by killing alone; the proxy waits for it.
"""

import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

SOCKET = ".s.PGSQL.5432"
HEAD = struct.Struct("!cI")
DONE = b"C"
"""CommandComplete, whose text begins with the command: ``INSERT 0 3``, ``COMMIT``."""
CHUNK = 65536


@dataclass
class Proxy:
    """Passes everything on, until told to lose the answer to the next commit that wrote."""

    address: str
    """The database's address by way of the proxy."""
    upstream: str
    listener: socket.socket
    lost: threading.Event = field(default_factory=threading.Event)
    """Set once an answer was lost."""
    _strike: Callable[[], None] | None = None
    _lines: list[socket.socket] = field(default_factory=list)

    def lose_next_commit(self, strike: Callable[[], None]) -> None:
        """Swallow the answer to the next commit of a transaction that inserted rows, call ``strike``, cut the line."""
        self.lost.clear()
        self._strike = strike

    def accept(self) -> None:
        """Serve whoever connects, until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.upstream)
                self._lines += [client, server]
                for pump in (self._questions, self._answers):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def close(self) -> None:
        """Cut all lines."""
        for line in (self.listener, *self._lines):
            _cut(line)
            line.close()

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(CHUNK):
                server.sendall(data)
        _cut(server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        wrote = False
        with suppress(OSError, EOFError):
            while True:
                head = _exactly(server, HEAD.size)
                kind, length = HEAD.unpack(head)
                body = _exactly(server, length - 4)
                if kind == DONE and body.startswith(b"INSERT") and not body.startswith(b"INSERT 0 0"):
                    wrote = True
                if kind == DONE and body.startswith((b"COMMIT", b"ROLLBACK")):
                    if wrote and body.startswith(b"COMMIT") and (strike := self._strike):
                        self._strike = None
                        strike()
                        self.lost.set()
                        break
                    wrote = False
                client.sendall(head + body)
        _cut(client)
        _cut(server)


@contextmanager
def between(address: str) -> Iterator[Proxy]:
    """Run a proxy before the database at ``address`` (a socket's folder as its host)."""
    parts = urlsplit(address)
    real = unquote(parts.query.removeprefix("host="))
    with tempfile.TemporaryDirectory(prefix="verno-proxy-") as folder:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(Path(folder) / SOCKET))
        listener.listen(64)
        ours = address.replace(parts.query, f"host={quote(folder, safe='')}")
        proxy = Proxy(ours, str(Path(real) / SOCKET), listener)
        threading.Thread(target=proxy.accept, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.close()


def _exactly(line: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        data = line.recv(size - len(parts))
        if not data:
            raise EOFError
        parts += data
    return parts


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
