"""Django's registration of the package."""

from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """Tables of promotions."""

    name = "verno.promotions"
    label = "promotions"
