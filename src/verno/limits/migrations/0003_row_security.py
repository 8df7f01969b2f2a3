"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of limits; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("limits", "0002_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("limits_limit"),
        grants.guard("limits_counter"),
        grants.guard("limits_use"),
        grants.guard("limits_alert"),
    ]
