"""What a message costs on each channel, in minor units, as the program's settings say."""

from collections.abc import Mapping, Sequence

from verno.kit.db import Connection
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_PUSH, CHANNEL_SMS, CHANNEL_TELEGRAM
from verno.workspace import registry, settings
from verno.workspace.registry.kinds import Definition

PRICES: Mapping[str, Definition[int | None] | None] = {
    CHANNEL_EMAIL: registry.EMAIL_PRICE,
    CHANNEL_SMS: registry.SMS_SEGMENT_PRICE,
    CHANNEL_TELEGRAM: None,
    CHANNEL_PUSH: None,
}
"""Which setting holds a channel's price; what bots and browsers get costs nothing."""


def prices(conn: Connection, program_id: str) -> Mapping[str, int]:
    """Return the price of one message by channel, a text reckoned as one segment; a channel that has none is free."""
    known = settings.load(conn, program_id)
    return {
        channel: 0 if definition is None else known.value(definition) or 0 for channel, definition in PRICES.items()
    }


def unpriced(conn: Connection, program_id: str, channels: Sequence[str]) -> list[str]:
    """Return the settings that a cost limit over these channels lacks; a price of 0 is one.

    A text always costs something; letters may go over a relay of one's own, where something else has its price.
    """
    known = settings.load(conn, program_id)
    asked = {channel: definition for channel in channels if (definition := PRICES.get(channel)) is not None}
    lacking = {channel: one.key for channel, one in asked.items() if known.value(one) is None}
    if CHANNEL_SMS in lacking or len(lacking) == len(asked):
        return list(lacking.values())
    return []
