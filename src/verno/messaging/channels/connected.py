"""Which channels lead anywhere: the worker sends on no other, and messages wait."""

from collections.abc import Callable, Mapping

from verno.kit import config
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_SMS, CHANNEL_TELEGRAM

PROVIDERS: Mapping[str, Callable[[], str | None]] = {
    CHANNEL_EMAIL: config.smtp_url,
    CHANNEL_SMS: config.sms_url,
    CHANNEL_TELEGRAM: config.telegram_token,
}
"""What has to be set before a channel has a provider. Browsers need none: the key (VAPID) follows from the secret."""


def is_connected(channel: str) -> bool:
    """Tell whether this installation has somebody to hand messages of a channel to."""
    provider = PROVIDERS.get(channel)
    return provider is None or provider() is not None
