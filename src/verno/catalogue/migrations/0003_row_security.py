"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of catalogue; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("catalogue", "0002_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("catalogue_goods"),
    ]
