"""Django's registration of the package."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Tables of reports."""

    name = "verno.reports"
    label = "reports"
