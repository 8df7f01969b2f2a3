"""A real SMTP server on loopback (aiosmtpd) that behaves as the recipient's name asks, and remembers what it took."""

import asyncio
import ssl
import threading
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

SLOW = 30.0
"""Longer than any time-out of a test."""
TRICKLE = 0.01
"""Between two bytes of an answer: to half a second of patience what six seconds are to five minutes."""
TAKEN_IN_RUSSIAN = "250 2.0.0 принято\x00 \x1b[31mсразу".encode()
REFUSED_IN_RUSSIAN = "554 5.6.0 не возьмём: ".encode() + b"\xff\x00"
"""Words that no column of a database takes as they are."""


class Postman:
    """The server in a thread of its own. ``stored`` is the truth: what a recipient would find in the mailbox."""

    def __init__(self, delay: float = 0.0, tls: ssl.SSLContext | None = None, *, reads: bool = True) -> None:
        """``reads``: keep what letters say; without it who got one is all that is kept."""
        self.reads = reads
        self.tls = tls
        self.over_tls: list[bool] = []
        self.stored: list[tuple[str, bytes]] = []
        self.greeting_421 = False
        self.sessions = 0
        self.delay = delay
        self.every: int | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stopped = asyncio.Event()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def addresses(self) -> Counter[str]:
        """How often each recipient has the letter."""
        return Counter(recipient for recipient, _ in self.stored)

    def letter(self, recipient: str) -> EmailMessage:
        """The letter of one recipient."""
        (data,) = [data for to, data in self.stored if to == recipient]
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._session, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    def _session(self) -> SMTP:
        self.sessions += 1
        if self.greeting_421:
            return _Busy(self, hostname="postman", loop=self._loop)
        return Asked(self, hostname="postman", loop=self._loop, enable_SMTPUTF8=False, tls_context=self.tls)

    def _hang_up(self, server: SMTP, last_words: bytes = b"") -> None:
        transport = server.transport
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(last_words)
        transport.close()

    async def _letter_by_letter(self, server: SMTP, words: str) -> str:
        """Say all but the last sign of an answer slowly; returns the last one."""
        transport = server.transport
        assert isinstance(transport, asyncio.WriteTransport)
        for sign in words[:-1]:
            transport.write(sign.encode())
            await asyncio.sleep(TRICKLE)
        return words[-1]

    async def handle_MAIL(  # noqa: N802 theirs
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        count = session.letters = getattr(session, "letters", 0) + 1  # type: ignore[attr-defined]
        if self.every is not None and count > self.every:
            self._hang_up(server, b"421 4.7.0 enough for one connection\r\n")
            return "421 4.7.0 enough"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 theirs
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("rcpt-"):
            wanted = _name(address).removeprefix("rcpt-")
            if wanted == "hang":
                await asyncio.sleep(SLOW)
            if wanted == "drop":
                self._hang_up(server)
                return "421 gone"
            unknown = f"550 5.1.1 <{address}>: User unknown"
            return {"4": "450 4.2.1 later", "5": "550 5.7.1 no", "unknown": unknown}[wanted]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str | bytes:  # noqa: N802
        (address,) = envelope.rcpt_tos
        wanted = _name(address)
        self.over_tls.append(session.ssl is not None)
        if self.delay:
            await asyncio.sleep(self.delay)
        answers: dict[str, str | bytes] = {
            "data-4": "451 4.3.0 later",
            "data-5": "554 5.6.0 no",
            "8bit-5": REFUSED_IN_RUSSIAN,
        }
        answer = answers.get(wanted)
        if answer is not None:
            return answer
        if wanted != "drop":
            self.stored.append((address, (envelope.original_content or b"") if self.reads else b""))
        if wanted in ("drop", "store-drop"):
            self._hang_up(server)
        if wanted == "hang":
            await asyncio.sleep(SLOW)
        if wanted == "trickle":
            return await self._letter_by_letter(server, "250 2.0.0 at last")
        taken: dict[str, str | bytes] = {
            "8bit": TAKEN_IN_RUSSIAN,
            "252": "252 2.0.0 taken, we shall see",
            "data-3": "354 go on",
        }
        return taken.get(wanted, "250 OK")


def _name(address: str) -> str:
    """Return how a recipient behaves: the mailbox's name, without what tells alike ones apart (drop+7@example.com)."""
    return address.split("@", maxsplit=1)[0].split("+", maxsplit=1)[0]


class Asked(SMTP):
    """Behaves as a recipient's name asks at DATA too, before a byte of the letter has come."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 theirs
        """Answer that the letter may come, or do not."""
        recipients = self.envelope.rcpt_tos if self.envelope is not None else []
        wanted = _name(recipients[0]) if recipients else ""
        transport = self.transport
        assert isinstance(transport, asyncio.WriteTransport)
        match wanted:
            case "ask-4":
                await self.push("451 4.3.0 not now")
            case "ask-5":
                await self.push("554 5.6.0 not you")
            case "ask-hang":
                await asyncio.sleep(SLOW)
            case "ask-drop":
                transport.close()
            case _:
                await super().smtp_DATA(arg)


class _Busy(SMTP):
    """Greets with 421."""

    async def _handle_client(self) -> None:
        await self.push("421 4.3.2 come back later")
        transport = self.transport
        assert transport is not None
        transport.close()
