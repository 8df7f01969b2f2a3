"""Telegram as a channel: a bot's messages to chats that were opened with it."""

import html
from datetime import datetime

from verno.kit import config
from verno.messaging.channels.http import Calls, Line
from verno.messaging.channels.port import Unwritable
from verno.messaging.channels.telegram import CODE, api
from verno.messaging.channels.telegram.api import Bot, Message
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.outbound.client import Client


class Telegram:
    """The bot of the installation."""

    code = CODE
    lines = 16
    answer_seconds = api.SECONDS
    per_second: int | None = 25
    """Telegram allows a bot some 30 messages a second over all chats."""
    address_seconds = 1.0
    """And some one a second to one chat."""
    is_one_provider = True

    def __init__(self, bot: Bot) -> None:
        """Take the bot; nothing is opened yet."""
        self._bot = bot
        self._calls = Calls(Client(plain_http=bot.url.startswith("http://")))

    def line(self) -> Line[Message]:
        """Return a slot for calls."""
        return Line(self._calls, self._bot.send)

    def parts(self, parcel: Message) -> int:  # noqa: ARG002 a channel's signature
        """Return one: nobody cuts it."""
        return 1

    def write(self, content: Content, address: str, *, now: datetime) -> Message:  # noqa: ARG002 a channel's signature
        """Write the message to one chat."""
        return message(compose.text(content), address)


def message(text: str, address: str) -> Message:
    """Put a plain text into Telegram's form; raises ``Unwritable``."""
    try:
        chat_id = int(address)
    except ValueError:
        reason = "the chat is not a number"
        raise Unwritable(reason) from None
    text = text.strip()
    length = len(text.encode("utf-16-le")) // 2
    if length > api.MOST_TEXT:
        reason = f"the text has {length} characters, the limit is {api.MOST_TEXT}"
        raise Unwritable(reason)
    return Message(chat_id, html.escape(text, quote=False))


def bot() -> Telegram | None:
    """Return the bot that ``VERNO_TELEGRAM_TOKEN`` names, or None: its messages then wait."""
    token = config.telegram_token()
    return Telegram(Bot(config.telegram_url(), token)) if token else None
