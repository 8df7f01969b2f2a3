"""SMS as a channel: over SMPP to a message centre, or over HTTP to a gateway."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from verno.kit import config
from verno.messaging.channels.http import Calls, Line
from verno.messaging.channels.port import Hear, Unreachable
from verno.messaging.channels.sms import gateway, receiving, smpp, texts
from verno.messaging.channels.sms.smpp import Session, Settings
from verno.messaging.channels.sms.texts import Text
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.outbound.client import Client

log = logging.getLogger(__name__)

LINES = 64
"""Lines of a session, each with a text at most: what a killed worker may leave uncertain."""


class Smpp:
    """A message centre."""

    code = texts.CODE
    address_seconds = 0.0
    is_one_provider = True

    def __init__(self, settings: Settings) -> None:
        """Take the centre's settings; nothing is bound yet."""
        self._settings = settings
        self._session: Session | None = None

    @property
    def lines(self) -> int:
        """Return how many texts share a commit; those beyond the window wait in the session for their place."""
        return max(self._settings.window, LINES)

    @property
    def answer_seconds(self) -> float:
        """Return how long a text may take: each part waits for its place in the window, and for its answer."""
        return 2 * self._settings.answer_seconds * texts.MOST_SEGMENTS

    @property
    def per_second(self) -> int | None:
        """Return what the contract with the operator allows."""
        return self._settings.per_second

    def line(self) -> smpp.Line:
        """Return a place in the run's session, which begins with its first line and ends with its last."""
        if self._session is None or self._session.users == 0:
            self._session = Session(self._settings)
        return smpp.Line(self._session)

    def parts(self, parcel: Text) -> int:
        """Return the segments: each is a message to the operator."""
        return parcel.plan.segments

    def write(self, content: Content, address: str, *, now: datetime) -> Text:  # noqa: ARG002 a channel's signature
        """Write the text to one number."""
        return _write(content, address)


class Gateway:
    """An HTTP gateway."""

    code = texts.CODE
    address_seconds = 0.0
    is_one_provider = True
    lines = 16
    answer_seconds = gateway.SECONDS

    def __init__(self, settings: gateway.Settings) -> None:
        """Take the gateway's settings; nothing is opened yet."""
        self._settings = settings
        self._calls = Calls(Client(plain_http=settings.url.startswith("http://")))

    @property
    def per_second(self) -> int | None:
        """Return what the contract with the gateway allows."""
        return self._settings.per_second

    def line(self) -> Line[Text]:
        """Return a slot for calls."""
        return Line(self._calls, partial(gateway.send, self._settings))

    def parts(self, parcel: Text) -> int:
        """Return the segments: each is a message to the operator."""
        return parcel.plan.segments

    def write(self, content: Content, address: str, *, now: datetime) -> Text:  # noqa: ARG002 a channel's signature
        """Write the text to one number."""
        return _write(content, address)


def provider() -> Smpp | Gateway | None:
    """Return what ``VERNO_SMS_URL`` names, or None: texts then wait."""
    url = config.sms_url()
    if not url:
        return None
    if url.startswith(("http://", "https://")):
        return Gateway(gateway.settings(url, config.sms_from()))
    return Smpp(smpp.settings(url, config.sms_from()))


def _write(content: Content, address: str) -> Text:
    return texts.write(content.message_id, compose.text(content), address)


def listen(hear: Hear, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Hand on receipts and answers from the message centre; 0 where texts go through a gateway, or nowhere."""
    url = config.sms_url()
    if not url or url.startswith(("http://", "https://")):
        return 0
    try:
        return receiving.step(smpp.settings(url, config.sms_from()), hear, now=now, stopping=stopping)
    except Unreachable as error:
        log.warning("the message centre does not answer: %s", error)
        return 0
