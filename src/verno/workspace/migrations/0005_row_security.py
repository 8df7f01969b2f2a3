"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of workspace; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("workspace", "0004_access"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("workspace_unit"),
        grants.guard("workspace_place"),
        grants.guard("workspace_setting"),
        grants.guard("workspace_audit"),
    ]
