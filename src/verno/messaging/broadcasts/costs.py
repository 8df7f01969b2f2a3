"""What a message costs on each channel, in minor units, as the program's settings say."""

from collections.abc import Mapping

from verno.kit.db import Connection
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_SMS
from verno.workspace import registry, settings

PRICES = {CHANNEL_EMAIL: registry.EMAIL_PRICE, CHANNEL_SMS: registry.SMS_SEGMENT_PRICE}


def prices(conn: Connection, program_id: str) -> Mapping[str, int]:
    """Return the price of one message by channel, a text reckoned as one segment; a channel that has none is free."""
    known = settings.load(conn, program_id)
    return {channel: known.value(definition) or 0 for channel, definition in PRICES.items()}
