"""Django's registration of the package."""

from django.apps import AppConfig


class ReplayConfig(AppConfig):
    """Tables of the Replay Lab."""

    name = "verno.replay"
    label = "replay"
