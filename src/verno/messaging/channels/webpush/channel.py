"""Web push as a channel: a member's address is the subscription of a browser, as JSON."""

from collections.abc import Sequence
from datetime import datetime

from verno.kit import config
from verno.members.devices.types import MOST, DeviceKind
from verno.messaging.channels.http import Calls, Line
from verno.messaging.channels.webpush import CODE, pushes
from verno.messaging.channels.webpush.pushes import Notice, Push, Vapid
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.messaging.preferences.links import Person, preferences_url
from verno.messaging.tracking import links as tracking
from verno.outbound.client import Client
from verno.outbound.guard import Network

MOST_BODY = 300
"""Characters of a notice; no device shows more."""


class WebPush:
    """Browsers' push services, whichever a subscription names."""

    code = CODE
    lines = 32
    answer_seconds = pushes.SECONDS * MOST[DeviceKind.PUSH]
    """A member's browsers get it one after the other."""
    per_second: int | None = None
    address_seconds = 0.0
    is_one_provider = False

    def __init__(self, vapid: Vapid, *, allowed: Sequence[Network] = (), plain_http: bool = False) -> None:
        """Take our signature. Endpoints are written by browsers, so only public ones are called, and ``allowed``."""
        self._vapid = vapid
        self._calls = Calls(Client(public_only=True, allowed=allowed, plain_http=plain_http))

    def line(self) -> Line[Push]:
        """Return a slot for calls."""
        return Line(self._calls, pushes.send)

    def parts(self, parcel: Push) -> int:  # noqa: ARG002 a channel's signature
        """Return one: nobody cuts it."""
        return 1

    def write(self, content: Content, address: str, *, now: datetime) -> Push:
        """Seal the message for one browser; a second copy of it takes the place of the first."""
        notice = notice_of(content)
        topic = content.message_id.replace("-", "")
        to, ttl = pushes.subscription(address), _ttl(content, now)
        return pushes.seal(to, notice, vapid=self._vapid, now=now, topic=topic, ttl=ttl)


def notice_of(content: Content) -> Notice:
    """Return what the browser shows. It is tapped as a whole, which opens the first tracked link of its words."""
    letter = compose.letter(content)
    tracked = tracking.first_in(letter.text)
    page = tracked or preferences_url(Person(content.program_id, content.holder_id))
    text = letter.text.replace(tracked, "") if tracked else letter.text
    return Notice(letter.subject, _short(text), page, content.message_id)


def browsers() -> WebPush:
    """Return the channel; it needs no provider and no setting."""
    networks = config.push_networks()
    return WebPush(Vapid(config.mail_from()), allowed=networks, plain_http=bool(networks))


def _ttl(content: Content, now: datetime) -> int:
    """Return how long the push service may keep it: nobody is woken tomorrow by what was wanted until tonight."""
    if content.valid_until is None:
        return pushes.TTL_SECONDS
    left = int((content.valid_until - now).total_seconds())
    return max(0, min(left, pushes.TTL_SECONDS))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_BODY else f"{text[: MOST_BODY - 1].rstrip()}…"
