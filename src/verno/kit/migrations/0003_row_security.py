"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of kit; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(grants.MAKE_GUARDED_ROLE, migrations.RunSQL.noop),
        grants.guard("kit_event"),
    ]
