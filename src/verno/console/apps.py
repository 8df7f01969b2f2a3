"""Django's registration of the package."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages of the staff."""

    name = "verno.console"
    label = "console"
