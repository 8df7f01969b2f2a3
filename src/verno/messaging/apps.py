"""Django's registration of the package."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Tables of messaging."""

    name = "verno.messaging"
    label = "messaging"
