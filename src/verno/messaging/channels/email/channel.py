"""E-mail as a channel: letters in MIME, signed, over SMTP to the relay."""

from datetime import datetime

from verno.kit import config
from verno.messaging.channels.email import dkim, return_path, smtp
from verno.messaging.channels.email.dkim import Signer
from verno.messaging.channels.email.smtp import Envelope, Settings
from verno.messaging.channels.port import Unwritable
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.messaging.types import CHANNEL_EMAIL


class Email:
    """The relay of the installation."""

    code = CHANNEL_EMAIL
    per_second: int | None = None
    address_seconds = 0.0
    is_one_provider = True

    def __init__(self, settings: Settings, signer: Signer | None = None) -> None:
        """Take the relay's settings, and who signs for our domain; nothing is opened yet."""
        self._settings = settings
        self._signer = signer

    @property
    def lines(self) -> int:
        """Return how many connections carry letters."""
        return self._settings.connections

    @property
    def answer_seconds(self) -> float:
        """Return how long the relay may think after the final dot."""
        return self._settings.data_timeout

    def line(self) -> smtp.Line:
        """Return a connection, to be opened."""
        return smtp.Line(self._settings)

    def parts(self, parcel: Envelope) -> int:  # noqa: ARG002 a channel's signature
        """Return one: nobody cuts it."""
        return 1

    def write(self, content: Content, address: str, *, now: datetime) -> Envelope:
        """Write the letter to one address."""
        try:
            recipient = smtp.ascii_address(address)
        except UnicodeError:
            message = "the address cannot be written in ASCII"
            raise Unwritable(message) from None
        letter = compose.mail(content, recipient, now=now)
        if self._signer is not None:
            letter = self._signer.sign(letter, now=now)
        sender, mailbox = config.mail_from(), config.bounce_address()
        if mailbox is None:
            return Envelope(sender, recipient, letter)
        token = return_path.token(content.message_id)
        return Envelope(return_path.address(mailbox, token), recipient, letter, content.message_id, token)


def relay() -> Email | None:
    """Return the relay that ``VERNO_SMTP_URL`` names, or None: mail then waits."""
    url = config.smtp_url()
    return Email(smtp.settings(url), dkim.ours()) if url else None
