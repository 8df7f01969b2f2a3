"""Django's registration of the package."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Tables of imports."""

    name = "verno.imports"
    label = "imports"
