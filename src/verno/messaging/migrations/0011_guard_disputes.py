"""Each statement of the application sees one program's disputes."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of the new table."""

    atomic = False  # the table is locked alone
    dependencies = [("messaging", "0010_disputes")]

    operations = [grants.guard("messaging_dispute")]
