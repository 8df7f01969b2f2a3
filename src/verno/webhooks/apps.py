"""Django's registration of the package."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Tables of webhooks."""

    name = "verno.webhooks"
    label = "webhooks"
