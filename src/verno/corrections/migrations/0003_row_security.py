"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of corrections; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("corrections", "0002_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("corrections_correction"),
        grants.guard("corrections_merge"),
        grants.guard("corrections_merge_move"),
        grants.guard("corrections_opening"),
        grants.guard("corrections_own_account"),
    ]
