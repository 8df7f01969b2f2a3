"""Django's registration of the package."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Tables of catalogue."""

    name = "verno.catalogue"
    label = "catalogue"
