"""Django's registration of the package."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Accounts, transfers, lots."""

    name = "verno.ledger"
    label = "ledger"
