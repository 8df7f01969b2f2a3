"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of intake; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("intake", "0004_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("intake_step"),
        grants.guard("intake_return"),
        grants.guard("intake_parked"),
        grants.guard("intake_import_run"),
    ]
