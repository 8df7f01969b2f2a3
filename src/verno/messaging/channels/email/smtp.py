"""Mail over SMTP: one long-lived connection a line, and an honest answer for every way a hand-over can end."""

import asyncio
import ipaddress
import re
import socket
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
import msgspec

from verno.kit.errors import VernoError
from verno.messaging.channels.port import (
    Accepted,
    Outcome,
    Refused,
    Temporary,
    Unknown,
    Unreachable,
    without_addresses,
    words_of_others,
)

OK, NOT_YET, GO_ON, NOT_GIVEN, PERMANENT = 200, 300, 354, 400, 500
CONNECTIONS, MOST_CONNECTIONS = 24, 200
"""Letters under way at once: as many as relays let one client have, and what nobody's would."""
_DOT = re.compile(rb"(?m)^\.")
"""A line that begins with a dot gets one more, since a dot alone ends the letter."""
_NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(?:1|2|10)\b")
"""Enhanced status codes (RFC 3463, 7505) that say the address itself is dead."""


class Settings(msgspec.Struct, frozen=True):
    """The relay, and how long it may think, in seconds (RFC 5321, 4.5.3.2).

    ``data_timeout`` covers the final dot: a server that is slow to say yes must not be asked twice.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    connections: int = CONNECTIONS
    connect_timeout: float = 30.0
    command_timeout: float = 300.0
    data_timeout: float = 600.0

    def __repr__(self) -> str:
        """Name the server only: settings end up in logs and tracebacks, passwords must not."""
        return f"<SMTP {self.host}:{self.port}>"


def settings(url: str) -> Settings:
    """Read ``smtp://user:password@host:port?connections=24`` (STARTTLS where offered), or ``smtps://`` (TLS at once).

    Raises ``VernoError`` with a sentence that does not repeat the address, which holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        connections = int(asked.pop("connections", CONNECTIONS))
    except ValueError:
        parts, port, asked, connections = urlsplit(""), None, {}, CONNECTIONS
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or asked or not 1 <= connections <= MOST_CONNECTIONS:
        message = "VERNO_SMTP_URL must look like smtp://user:password@host:port?connections=24 or smtps://…"
        raise VernoError(message)
    tls = parts.scheme == "smtps"
    return Settings(
        host=parts.hostname,
        port=port or (465 if tls else 25),
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
        connections=connections,
    )


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A letter on its way: sender and recipient in ASCII, and the letter's bytes, each line ended by CRLF.

    ``reference`` is the name that bounces will tell it by; ``envelope_id`` asks servers to repeat it in them.
    """

    sender: str
    recipient: str
    letter: bytes
    reference: str | None = None
    envelope_id: str | None = None


class Line:
    """One connection to the relay, opened when needed and kept."""

    def __init__(self, chosen: Settings) -> None:
        """Prepare; nothing is opened yet."""
        secure = chosen.tls or (chosen.username is not None and not _loopback(chosen.host))
        self._settings = chosen
        self._smtp = aiosmtplib.SMTP(
            hostname=chosen.host,
            port=chosen.port,
            username=chosen.username,
            password=chosen.password,
            use_tls=chosen.tls,
            # A password leaves only through TLS with a checked certificate; without one, TLS is taken where offered.
            start_tls=None if chosen.tls or not secure else True,
            validate_certs=secure,
            local_hostname=socket.gethostname(),
            timeout=chosen.command_timeout,
        )

    async def open(self) -> None:
        """Connect unless connected; raises ``Unreachable``."""
        if self._smtp.is_connected:
            return
        try:
            await self._smtp.connect(timeout=self._settings.connect_timeout)
            await self._greet()
        except (aiosmtplib.SMTPException, OSError) as error:
            self._smtp.close()
            raise Unreachable(_text(error)) from None

    async def _greet(self) -> None:
        """Say who we are, where TLS has made the server forget it."""
        if self._smtp.is_ehlo_or_helo_needed:
            try:
                await self._smtp.ehlo()
            except aiosmtplib.SMTPHeloError:
                await self._smtp.helo()

    async def offer(self, parcel: Envelope) -> Outcome | None:
        """Name sender and recipient; None when the server is ready for the letter."""
        try:
            await self._name_sender(parcel)
            await self._name_recipient(parcel)
        except aiosmtplib.SMTPRecipientRefused as error:
            await self.reset()
            return _definite(error.code, _text(error))
        except aiosmtplib.SMTPResponseException as error:
            # A server that does not like the sender says nothing about the recipient.
            await self.reset()
            return Temporary(_text(error))
        except aiosmtplib.SMTPTimeoutError as error:
            return Temporary(_text(error))
        except (aiosmtplib.SMTPException, OSError, Unreachable) as error:
            self._smtp.close()
            return Temporary(_text(error))
        return None

    async def _name_sender(self, parcel: Envelope) -> None:
        """Begin a letter; again on a new connection where the server closed this one, idle or after so many letters."""
        try:
            await self._say_sender(parcel)
        except aiosmtplib.SMTPTimeoutError:
            raise
        except (aiosmtplib.SMTPException, OSError):
            if self._smtp.is_connected:
                raise
            await self.open()
            await self._say_sender(parcel)

    async def _say_sender(self, parcel: Envelope) -> None:
        # The library's own verb parses each address anew, as if it came from a person: a thirtieth of a letter.
        words = f"FROM:<{parcel.sender}>".encode("ascii")
        answer = await self._smtp.execute_command(b"MAIL", words, *self._wishes(parcel))
        if not OK <= answer.code < NOT_YET:
            raise aiosmtplib.SMTPSenderRefused(answer.code, answer.message, parcel.sender)

    async def _name_recipient(self, parcel: Envelope) -> None:
        words = f"TO:<{parcel.recipient}>".encode("ascii")
        answer = await self._smtp.execute_command(b"RCPT", words, *self._wishes(parcel, recipient=True))
        if not OK <= answer.code < NOT_YET:
            raise aiosmtplib.SMTPRecipientRefused(answer.code, answer.message, parcel.recipient)

    def _wishes(self, parcel: Envelope, *, recipient: bool = False) -> list[bytes]:
        """Return what to ask of a server that knows reports of delivery (RFC 3461): failures only, headers only."""
        if parcel.envelope_id is None or not self._smtp.supports_extension("dsn"):
            return []
        return [b"NOTIFY=FAILURE"] if recipient else [f"ENVID={parcel.envelope_id}".encode(), b"RET=HDRS"]

    async def hand_over(self, parcel: Envelope) -> Outcome:
        """Send the letter. From its first byte on, only a clear answer of the server counts as one."""
        try:
            answer = await self._smtp.execute_command(b"DATA", timeout=self._settings.data_timeout)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._smtp.close()
            return Temporary(_text(error))
        if answer.code != GO_ON:
            await self.reset()
            return _definite(answer.code, _said(answer))
        try:
            answer = await self._say_letter(parcel.letter)
        except (aiosmtplib.SMTPTimeoutError, TimeoutError) as error:
            self._smtp.close()
            return Unknown(timed_out=True, response=_text(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._smtp.close()
            return Unknown(timed_out=False, response=_text(error))
        return _end_of(answer, parcel)

    async def _say_letter(self, letter: bytes) -> aiosmtplib.SMTPResponse:
        """Send a letter's bytes and its final dot; returns what the server says.

        The library's own verb asks for leave and sends in one go, and does not tell which of the two went wrong.
        """
        protocol = self._smtp.protocol
        if protocol is None:
            message = "Connection lost"
            raise aiosmtplib.SMTPServerDisconnected(message)
        protocol.write(_DOT.sub(b"..", letter) + b".\r\n")
        return await protocol.read_response(timeout=self._settings.data_timeout)

    async def reset(self) -> None:
        """Forget the letter under way; a server that cannot even do that is left."""
        try:
            if self._smtp.is_connected:
                await self._smtp.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._smtp.close()

    async def close(self) -> None:
        """Say goodbye, briefly."""
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if self._smtp.is_connected:
                async with asyncio.timeout(2):
                    await self._smtp.quit()
        self._smtp.close()


def ascii_address(address: str) -> str:
    """Return the address with its domain in IDNA; raises ``UnicodeError`` for a mailbox name beyond ASCII."""
    name, _, domain = address.rpartition("@")
    return f"{name.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def _end_of(answer: aiosmtplib.SMTPResponse, parcel: Envelope) -> Outcome:
    """Return what an answer to a letter means: any of the two hundreds takes it (RFC 5321, 4.2.1)."""
    if OK <= answer.code < NOT_YET:
        return Accepted(_said(answer), parcel.reference)
    if answer.code < NOT_GIVEN:
        return Unknown(timed_out=False, response=_said(answer))
    return _definite(answer.code, _said(answer))


def _definite(code: int, response: str) -> Outcome:
    if code < PERMANENT:
        return Temporary(response)
    return Refused(response, gone=names_dead_address(response))


def names_dead_address(response: str) -> bool:
    """Tell whether a server's words say that the address takes no mail at all."""
    return _NO_SUCH_ADDRESS.search(response) is not None


def _text(error: Exception) -> str:
    code = getattr(error, "code", None)
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return words_of_others(without_addresses(f"{code} {message}" if code else str(message)))


def _said(answer: aiosmtplib.SMTPResponse) -> str:
    return words_of_others(without_addresses(f"{answer.code} {answer.message}"))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
