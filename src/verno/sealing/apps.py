"""Django's registration of the package."""

from django.apps import AppConfig


class SealingConfig(AppConfig):
    """Tables of sealing."""

    name = "verno.sealing"
    label = "sealing"
