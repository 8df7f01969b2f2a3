"""Django's registration of the package."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Tables of intake."""

    name = "verno.intake"
    label = "intake"
