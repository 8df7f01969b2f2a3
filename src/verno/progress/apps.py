"""Django's registration of the package."""

from django.apps import AppConfig


class ProgressConfig(AppConfig):
    """Tables of progress."""

    name = "verno.progress"
    label = "progress"
