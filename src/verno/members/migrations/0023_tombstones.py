"""Hashes of addresses whose members were erased: a welcome gift is given once."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A small table that stays empty until somebody is erased."""

    dependencies = [("members", "0022_sealed_consents")]

    operations = [
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "value_hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("value_hash", models.BinaryField()),
                ("until", models.DateTimeField()),
            ],
            options={"db_table": "members_tombstone"},
        ),
        grants.may("members_tombstone", update=("until",), delete=True),
        grants.guard("members_tombstone"),
    ]
