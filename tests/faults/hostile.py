"""A mail server at its worst: it looks at the recipient, at how many sessions it had, and at how many letters."""

import asyncio
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.effort import either
from tests.messaging.postman import SLOW, Postman

BY_RECIPIENT = (
    "store-drop", "drop", "hang", "data-3", "data-4", "data-5", "ask-4", "ask-5", "ask-hang", "ask-drop",
    "rcpt-4", "rcpt-5", "rcpt-hang", "rcpt-drop", "trickle",
)  # fmt: skip
AMBIGUOUS = frozenset({"store-drop", "drop", "hang", "data-3"})
"""Of these nobody can know whether the letter arrived."""
LETTERS = either(quick=12, long=50)
"""Of a connection; the next one gets 421."""
MUTE, FOREIGN = either(quick=(9, 11), long=(101, 103))
"""Each so manieth session is never greeted, or breaks when TLS is to begin: that takes a line away from its sender."""
MAILS: Final = {31: "451 4.3.0 later", 37: "550 5.7.1 nobody of yours", 41: "hang", 43: "drop"}
"""What each so manieth MAIL is answered."""


class Hostile(Postman):
    """Behaves as the recipient's name asks, and badly besides. ``hostility`` counts what it did of the latter."""

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(delay)
        self.every = LETTERS
        self.mails = 0
        self.hostility: dict[str, int] = {}

    def note(self, what: str) -> None:
        self.hostility[what] = self.hostility.get(what, 0) + 1

    def _session(self) -> SMTP:
        number = self.sessions + 1
        for each, kind in ((MUTE, _Mute), (FOREIGN, _Foreign)):
            if number % each == 0:
                self.sessions = number
                self.note(kind.__name__)
                return kind(self, hostname="postman", loop=self._loop, enable_SMTPUTF8=False)
        return super()._session()

    async def handle_MAIL(  # noqa: N802 theirs
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.mails += 1
        for each, answer in MAILS.items():
            if self.mails % each == 0:
                self.note(answer)
                if answer == "hang":
                    await asyncio.sleep(SLOW)
                if answer in ("hang", "drop"):
                    self._hang_up(server)
                    return "421 gone"
                return answer
        answer = await super().handle_MAIL(server, session, envelope, address, options)
        if answer.startswith("421"):
            self.note("421")
        return answer


class _Mute(SMTP):
    """Takes the connection, and says nothing."""

    async def _handle_client(self) -> None:
        try:
            await asyncio.sleep(SLOW)
        finally:
            transport = self.transport
            assert transport is not None
            transport.close()


class _Foreign(SMTP):
    """Offers TLS, and speaks something else when it is to begin."""

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 theirs
        assert self.session is not None
        self.session.host_name = hostname
        await self.push("250-postman\r\n250 STARTTLS")

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 theirs
        await self.push("220 begin")
        transport = self.transport
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"this is no handshake\r\n")
        transport.close()
