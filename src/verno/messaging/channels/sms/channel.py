"""SMS as a channel over SMPP."""

from datetime import datetime

from verno.messaging.channels.sms import smpp, texts
from verno.messaging.channels.sms.smpp import Session, Settings
from verno.messaging.channels.sms.texts import Text
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content


class Smpp:
    """A message centre."""

    code = texts.CODE

    def __init__(self, settings: Settings) -> None:
        """Take the centre's settings; nothing is bound yet."""
        self._settings = settings
        self._session: Session | None = None

    @property
    def lines(self) -> int:
        """Return how many texts may be under way unanswered."""
        return self._settings.window

    @property
    def answer_seconds(self) -> float:
        """Return how long the centre may think over a text, its parts and their waits included."""
        return self._settings.answer_seconds * texts.MOST_SEGMENTS

    @property
    def per_second(self) -> int | None:
        """Return what the contract with the operator allows."""
        return self._settings.per_second

    def line(self) -> smpp.Line:
        """Return a place in the run's session, which begins with its first line and ends with its last."""
        if self._session is None or self._session.users == 0:
            self._session = Session(self._settings)
        return smpp.Line(self._session)

    def write(self, content: Content, address: str, *, now: datetime) -> Text:  # noqa: ARG002 a channel's signature
        """Write the text to one number."""
        return texts.write(content.message_id, compose.letter(content).text, address)
