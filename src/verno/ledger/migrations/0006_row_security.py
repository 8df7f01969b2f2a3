"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of ledger; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("ledger", "0005_days"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("ledger_account"),
        grants.guard("ledger_operation"),
        grants.guard("ledger_transfer"),
        grants.guard("ledger_hold"),
        grants.guard("ledger_day"),
    ]
