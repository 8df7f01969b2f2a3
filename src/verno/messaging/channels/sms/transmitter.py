"""A transmitter's session with a message centre (SMPP 3.4): many texts under way, each with its own answer.

Our own above the library's coding of texts. The library's own session hands each text to threads beside Python's and
its answer back, which takes some twenty times as long and keeps the interpreter's lock from those that write the rows
(docs/adr/0036).
"""

import asyncio
import os
import ssl
import struct
from collections.abc import Callable
from typing import cast

import msgspec
import smpp34

from verno.messaging.channels.port import Unreachable, words_of_others

ENQUIRE_SECONDS = 30.0
"""How often we ask whether the session stands; whoever has said nothing by the next time is gone."""
LARGEST = 65_536
"""Bytes of what a centre says at once; nothing that it may say is half as long."""

_HEAD = struct.Struct(">IIII")
_ANSWER = 0x80000000
_BIND, _SUBMIT, _UNBIND, _ENQUIRE = 0x02, 0x04, 0x06, 0x15
_UNKNOWN_COMMAND = 0x03
_VERSION = 0x34
_LAST_NUMBER = 0x7FFFFFFF


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a centre said of a text: 0 and its own name for it, or another status (SMPP 3.4, 5.1.3)."""

    status: int
    name: str


class Ended(Exception):
    """The session has ended; what was under way may have been taken, or not."""


class Transmitter(asyncio.Protocol):
    """A bound session. What is said in one turn of the loop leaves together."""

    def __init__(self) -> None:
        """Prepare; ``bind`` makes one that can be used."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._leaving: list[bytes] = []
        self._came = b""
        self._why = "the centre closed it"
        self._timer: asyncio.TimerHandle | None = None
        self._is_asked = False
        self._over = asyncio.Event()

    @property
    def stands(self) -> bool:
        """Tell whether a text may be given to it."""
        return self._transport is not None and not self._transport.is_closing()

    def submit(self, write: Callable[[int], smpp34.SubmitSm]) -> asyncio.Future[Answer]:
        """Send the text that ``write`` makes with its number; the future is the answer, or raises ``Ended``.

        Raises ``ValueError`` for a text that cannot be coded: it has not left.
        """
        number = self._next_number()
        return self._ask(write(number).encode(), number)

    async def bind(self, system_id: str, password: str) -> None:
        """Say who we are; raises ``Unreachable``."""
        words = f"{system_id}\0{password}\0\0".encode() + bytes([_VERSION, 0, 0, 0])
        try:
            answer = await self._request(_BIND, words)
        except Ended as error:
            raise Unreachable(str(error)) from None
        if answer.status != 0:
            message = f"the centre refused us with status 0x{answer.status:02X} (is the password right?)"
            raise Unreachable(message)
        self._timer = self._loop.call_later(ENQUIRE_SECONDS, self._look)

    async def leave(self) -> None:
        """Take leave and close."""
        if self.stands:
            try:
                await self._request(_UNBIND)
            except Ended:
                return
            self.close()
        await self._over.wait()

    def close(self, why: str = "we closed it") -> None:
        """Close without a word."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all that wait."""
        if self._timer is not None:
            self._timer.cancel()
        why = words_of_others(str(exc)) if exc else self._why
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(Ended(why))
        self._over.set()

    def data_received(self, data: bytes) -> None:
        """Take what came, whole messages of it; the rest waits for more."""
        self._is_asked = False
        came, at = self._came + data, 0
        while len(came) - at >= _HEAD.size:
            length, command, status, number = _HEAD.unpack_from(came, at)
            if not _HEAD.size <= length <= LARGEST:
                self.close("the centre does not speak SMPP")
                return
            if len(came) - at < length:
                break
            self._hear(command, status, number, came[at + _HEAD.size : at + length])
            at += length
        self._came = came[at:]

    def _hear(self, command: int, status: int, number: int, body: bytes) -> None:
        if command & _ANSWER:
            answer = self._waiting.pop(number, None)
            if answer is not None and not answer.done():
                answer.set_result(Answer(status, body.partition(b"\0")[0].decode("latin-1")))
        elif command in (_ENQUIRE, _UNBIND):
            self._say(_HEAD.pack(_HEAD.size, command | _ANSWER, 0, number))
            if command == _UNBIND:
                self._flush()
                self._why = "the centre unbound us"
                if self._transport is not None:
                    self._transport.close()
        else:
            self._say(_HEAD.pack(_HEAD.size, _ANSWER, _UNKNOWN_COMMAND, number))

    def _look(self) -> None:
        """Ask whether the session stands, and end it where nothing was heard since it was last asked."""
        if self._is_asked:
            self.close("the centre is silent")
            return
        self._is_asked = True
        number = self._next_number()
        self._say(_HEAD.pack(_HEAD.size, _ENQUIRE, 0, number))
        self._timer = self._loop.call_later(ENQUIRE_SECONDS, self._look)

    def _request(self, command: int, body: bytes = b"") -> asyncio.Future[Answer]:
        number = self._next_number()
        return self._ask(_HEAD.pack(_HEAD.size + len(body), command, 0, number) + body, number)

    def _ask(self, words: bytes, number: int) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = self._loop.create_future()
        if not self.stands:
            answer.set_exception(Ended(self._why))
            return answer
        self._waiting[number] = answer
        self._say(words)
        return answer

    def _say(self, words: bytes) -> None:
        if not self._leaving:
            self._loop.call_soon(self._flush)
        self._leaving.append(words)

    def _flush(self) -> None:
        words, self._leaving = b"".join(self._leaving), []
        if words and self._transport is not None:
            self._transport.write(words)

    def _next_number(self) -> int:
        self._number = self._number % _LAST_NUMBER + 1
        return self._number


async def bind(
    host: str, port: int, system_id: str, password: str, *, tls: ssl.SSLContext | None, seconds: float
) -> Transmitter:
    """Return a bound session; raises ``Unreachable`` with words that may be shown."""
    try:
        async with asyncio.timeout(seconds):
            _, session = await asyncio.get_running_loop().create_connection(Transmitter, host, port, ssl=tls)
            try:
                await session.bind(system_id, password)
            except BaseException:
                session.close()
                raise
            return session
    except TimeoutError:
        message = "the centre does not answer"
        raise Unreachable(message) from None
    except ConnectionError as error:  # asyncio's own words name the address alone
        raise Unreachable(os.strerror(error.errno) if error.errno else str(error)) from None
    except OSError as error:  # a certificate that does not fit is one too
        raise Unreachable(words_of_others(str(error))) from None
