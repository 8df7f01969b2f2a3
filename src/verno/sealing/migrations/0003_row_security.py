"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of sealing; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("sealing", "0002_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("sealing_block"),
        grants.guard("sealing_head"),
        grants.guard("sealing_snapshot"),
        grants.guard("sealing_notice"),
    ]
