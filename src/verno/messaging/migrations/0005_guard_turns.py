"""Each statement of the application sees one program's turns and switches."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of the new tables."""

    atomic = False  # each table is locked alone
    dependencies = [("messaging", "0004_lanes")]

    operations = [grants.guard("messaging_turn"), grants.guard("messaging_stop")]
