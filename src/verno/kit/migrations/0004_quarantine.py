"""Nothing leaves the house after a restore until somebody releases it."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """The table; the application may release, and nothing else."""

    dependencies = [("kit", "0003_row_security")]

    operations = [
        migrations.CreateModel(
            name="Quarantine",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("restored_to", models.DateTimeField()),
                ("released_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "kit_quarantine"},
        ),
        grants.may("kit_quarantine", insert=False, update=("released_at",)),
    ]
