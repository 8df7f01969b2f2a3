"""Django's registration of the package."""

from django.apps import AppConfig


class CorrectionsConfig(AppConfig):
    """Tables of corrections."""

    name = "verno.corrections"
    label = "corrections"
