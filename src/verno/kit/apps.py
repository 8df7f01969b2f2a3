"""Django's registration of the package."""

from django.apps import AppConfig


class KitConfig(AppConfig):
    """The foundation's tables: outbox, cursors, heartbeats."""

    name = "verno.kit"
    label = "kit"
