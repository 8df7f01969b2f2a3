"""What a message costs on each channel, in minor units, as the program's settings say."""

from collections.abc import Mapping

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
