"""Texts over SMPP 3.4: one bound session for all lines, and an honest answer for every way a submit can end."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import smpp34

from verno.kit.errors import VernoError
from verno.messaging.channels.port import (
    Accepted,
    Outcome,
    Refused,
    Temporary,
    Unknown,
    Unreachable,
)
from verno.messaging.channels.sms import segments, transmitter
from verno.messaging.channels.sms.segments import Alphabet
from verno.messaging.channels.sms.texts import Text
from verno.messaging.channels.sms.transmitter import Answer, Ended, Transmitter

PORT = 2775
BIND_SECONDS = 15.0
LEAVE_SECONDS = 2.0
WAITS = {0x58: 5, 0x14: 60}
"""Seconds to wait where the centre says that we are too fast, or that its queue is full."""
_LATER = frozenset({0x04, 0x08, 0x0A, 0x0D, 0x45, 0x64, *WAITS})
"""Refusals of the moment, or of our own sender name, which say nothing of the number (SMPP 3.4, 5.1.3)."""
_NO_SUCH_NUMBER = 0x0B
_PART_TRIES = 10
_JOINED = 0x40
"""The class of a part: its text begins with a header."""
_CODING = {Alphabet.GSM7: 0, Alphabet.UCS2: 8}
_LETTERS, _INTERNATIONAL, _SHORT = (5, 0), (1, 1), (3, 0)
"""Kinds of a sender: type of number and numbering plan."""
_SHORT_NUMBER = 6


class Settings(msgspec.Struct, frozen=True):
    """The message centre. ``window``: texts that may be under way unanswered; ``sender``: a name, or a number."""

    host: str
    port: int
    system_id: str
    password: str
    sender: str
    tls: bool = False
    window: int = 10
    per_second: int | None = None
    answer_seconds: float = 60.0

    def __repr__(self) -> str:
        """Name the centre only: settings end up in logs and tracebacks, passwords must not."""
        return f"<SMPP {self.host}:{self.port}>"


def settings(url: str, sender: str) -> Settings:
    """Read ``smpp://user:password@host:port?window=10&per_second=30``, or ``smpps://`` for TLS.

    Raises ``VernoError`` with a sentence that does not repeat the address, which holds a password.
    """
    try:
        parts = urlsplit(url)
        numbers = {name: int(value) for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query))}
        port = parts.port or PORT
    except ValueError:
        parts, numbers, port = urlsplit(""), {}, PORT
    good = parts.scheme in ("smpp", "smpps") and parts.hostname and parts.username
    if not good or not numbers.keys() <= {"window", "per_second"} or min(numbers.values(), default=1) < 1:
        message = "VERNO_SMS_URL must look like smpp://user:password@host:port?window=10&per_second=30"
        raise VernoError(message)
    return Settings(
        host=parts.hostname or "",
        port=port,
        system_id=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender,
        tls=parts.scheme == "smpps",
        window=numbers.get("window", 10),
        per_second=numbers.get("per_second"),
    )


class Session:
    """The bound session that all lines of a run share; the last one to leave unbinds it."""

    def __init__(self, chosen: Settings) -> None:
        """Prepare; nothing is bound yet."""
        self.settings = chosen
        self.users = 0
        self._bound: Transmitter | None = None
        self._binding = asyncio.Lock()
        self.places = asyncio.Semaphore(chosen.window)
        """Those of the window: whoever waits for one has sent nothing yet, and no answer is late."""

    async def standing(self) -> Transmitter:
        """Return the session, bound anew where it has ended; raises ``Unreachable``."""
        if self._bound is not None and self._bound.stands:
            return self._bound
        async with self._binding:
            if self._bound is None or not self._bound.stands:
                self._bound = await self._bind()
            return self._bound

    async def _bind(self) -> Transmitter:
        chosen = self.settings
        tls = ssl.create_default_context() if chosen.tls else None
        return await transmitter.bind(
            chosen.host, chosen.port, chosen.system_id, chosen.password, tls=tls, seconds=BIND_SECONDS
        )

    async def leave(self) -> None:
        """Unbind, briefly, when nobody is left."""
        self.users -= 1
        if self.users == 0 and self._bound is not None:
            gone, self._bound = self._bound, None
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await gone.leave()
            gone.close()


class Line:
    """A place in the session's window."""

    def __init__(self, session: Session) -> None:
        """Take part in the session; nothing is bound yet."""
        self._session = session
        self._chosen = session.settings
        session.users += 1

    async def open(self) -> None:
        """Bind unless bound; raises ``Unreachable``."""
        await self._session.standing()

    async def offer(self, parcel: Text) -> Outcome | None:  # noqa: ARG002 a line's signature
        """Say nothing: SMPP asks nothing beforehand."""
        return None

    async def hand_over(self, parcel: Text) -> Outcome:
        """Submit the text, part after part. Once a part is taken, the rest is either taken too or nobody knows."""
        total = parcel.plan.segments
        outcome = await self._submit(parcel, 0)
        for number in range(1, total):
            if not isinstance(outcome, Accepted):
                break
            outcome = await self._submit(parcel, number)
            for _ in range(_PART_TRIES):
                if not isinstance(outcome, Temporary) or outcome.retry_after is None:
                    break
                await asyncio.sleep(1)
                outcome = await self._submit(parcel, number)
            if isinstance(outcome, Temporary | Refused):
                return Unknown(
                    timed_out=False, response=f"{number} of {total} parts were taken, then {outcome.response}"
                )
        return outcome

    async def _submit(self, parcel: Text, number: int) -> Outcome:
        """Submit one part. The last one asks for a receipt, which then speaks for the text."""
        total = parcel.plan.segments
        body = segments.encode(parcel.plan.parts[number], parcel.plan.alphabet)
        if total > 1:
            body = segments.header(int(parcel.id[-2:], 16), total, number + 1) + body
        try:
            await self._take_place()
        except TimeoutError:
            return Temporary("the window stayed full")
        try:
            return await self._answer(await self._session.standing(), partial(self._pdu, parcel, number, body))
        except Unreachable as error:
            return Temporary(str(error))
        finally:
            self._session.places.release()

    def _pdu(self, parcel: Text, part: int, body: bytes, number: int) -> smpp34.SubmitSm:
        ton, npi = _sender_kind(self._chosen.sender)
        total = parcel.plan.segments
        return smpp34.SubmitSm(
            self._chosen.sender.removeprefix("+"),
            parcel.recipient,
            body,
            source_addr_ton=ton,
            source_addr_npi=npi,
            dest_addr_ton=_INTERNATIONAL[0],
            dest_addr_npi=_INTERNATIONAL[1],
            esm_class=_JOINED if total > 1 else 0,
            data_coding=_CODING[parcel.plan.alphabet],
            registered_delivery=1 if part == total - 1 else 0,
            sequence_number=number,
        )

    async def _take_place(self) -> None:
        """Wait for a place in the window; raises ``TimeoutError``."""
        places = self._session.places
        if not places.locked():
            await places.acquire()
            return
        # Not for longer: whoever outstays the lease of the hand-over is given up for lost, and would yet leave.
        async with asyncio.timeout(self._chosen.answer_seconds):
            await places.acquire()

    async def _answer(self, centre: Transmitter, write: Callable[[int], smpp34.SubmitSm]) -> Outcome:
        try:
            async with asyncio.timeout(self._chosen.answer_seconds):
                return _outcome(await centre.submit(write))
        except TimeoutError:
            return Unknown(timed_out=True, response="no answer")
        except Ended as error:
            return Unknown(timed_out=False, response=f"the session ended: {error}")
        except ValueError as error:
            return Refused(f"it cannot be coded: {error}")

    async def reset(self) -> None:
        """Do nothing: nothing was offered."""

    async def close(self) -> None:
        """Leave the session."""
        await self._session.leave()


def _outcome(answer: Answer) -> Outcome:
    status = answer.status
    if status == 0:
        return Accepted("taken", answer.name or None)
    response = f"status 0x{status:02X}"
    if status in _LATER:
        return Temporary(response, WAITS.get(status))
    return Refused(response, gone=status == _NO_SUCH_NUMBER)


def _sender_kind(sender: str) -> tuple[int, int]:
    number = sender.removeprefix("+")
    if not number.isdecimal():
        return _LETTERS
    return _SHORT if len(number) <= _SHORT_NUMBER else _INTERNATIONAL
