"""Django's registration of the package."""

from django.apps import AppConfig


class LimitsConfig(AppConfig):
    """Tables of limits."""

    name = "verno.limits"
    label = "limits"
