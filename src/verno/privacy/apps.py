"""Django's registration of the package."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Tables of privacy."""

    name = "verno.privacy"
    label = "privacy"
