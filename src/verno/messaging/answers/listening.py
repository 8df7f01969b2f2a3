"""The bot's ear. At an https address Telegram calls our door; elsewhere the worker asks it again and again."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from verno.kit import config
from verno.kit.errors import VernoError
from verno.messaging.answers import chats
from verno.messaging.channels.port import Accepted
from verno.messaging.channels.telegram import updates
from verno.messaging.channels.telegram.api import Bot
from verno.outbound.client import Client

log = logging.getLogger(__name__)

WAIT_SECONDS = 5
"""How long Telegram holds a question that it has no answer to; the worker stops as late as that."""
CONFLICT = "409"
"""Another worker asks already: one is enough."""


def step(*, now: datetime, stopping: Callable[[], bool]) -> int:
    """Hear what happens in chats; returns how many updates there were. 0 where there is no bot."""
    token = config.telegram_token()
    if token is None:
        return 0
    bot = Bot(config.telegram_url(), token)
    try:
        if config.public_url().startswith("https://"):
            return _tell(bot, f"{config.public_url()}/hooks/telegram")
        return asyncio.run(_ask(bot, now, stopping))
    except VernoError as error:
        log.warning("Telegram: %s", error)
        return 0


@lru_cache(maxsize=8)
def _tell(bot: Bot, url: str) -> int:
    """Say once where to call. What was refused is not remembered, and is said again."""

    async def work() -> object:
        async with Client(plain_http=bot.url.startswith("http://")) as client:
            return await bot.set_webhook(client, url, updates.secret())

    outcome = asyncio.run(work())
    if not isinstance(outcome, Accepted):
        message = f"it does not take our address: {getattr(outcome, 'response', '')}"
        raise VernoError(message)
    return 0


async def _ask(bot: Bot, now: datetime, stopping: Callable[[], bool]) -> int:
    """Ask for updates until none come. One that could not be obeyed is not confirmed, and comes again."""
    total = 0
    last: int | None = None
    async with Client(plain_http=bot.url.startswith("http://")) as client:
        while True:
            found = await bot.updates(client, last, wait=WAIT_SECONDS)
            if not isinstance(found, list):
                await _refused(bot, client, getattr(found, "response", ""))
                return total
            for raw in found:
                last = updates.number(bytes(raw)) or last
                said = await asyncio.to_thread(chats.take, updates.read(bytes(raw), now=now))
                if said is not None:
                    await bot.say(client, said.chat_id, said.text)
            total += len(found)
            if not found or stopping():
                if last is not None:
                    await bot.updates(client, last, wait=0)
                return total


async def _refused(bot: Bot, client: Client, response: str) -> None:
    if "webhook" in response:
        # Set when there was an https address; Telegram answers no questions meanwhile.
        await bot.drop_webhook(client)
    elif not response.startswith(CONFLICT):
        message = f"it does not answer: {response}"
        raise VernoError(message)
