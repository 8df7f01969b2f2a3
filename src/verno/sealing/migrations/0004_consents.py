"""Consents are sealed as transfers are, in a chain of their own."""

from django.db import migrations, models

from verno.kit import grants

PLAIN_BYTES = """
ALTER TABLE sealing_consent_block ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN leaves SET STORAGE EXTERNAL,
    ALTER COLUMN evidence SET STORAGE EXTERNAL
"""


class Migration(migrations.Migration):
    """A table that the previous release knows nothing of: what it writes is sealed by this one."""

    dependencies = [("sealing", "0003_row_security"), ("members", "0022_sealed_consents")]

    operations = [
        migrations.CreateModel(
            name="ConsentBlock",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("number", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
                ("count", models.IntegerField()),
                ("last_txid", models.BigIntegerField()),
                ("last_id", models.UUIDField()),
                ("ids", models.BinaryField()),
                ("leaves", models.BinaryField()),
                ("root", models.BinaryField()),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                ("evidence", models.BinaryField()),
            ],
            options={"db_table": "sealing_consent_block"},
        ),
        migrations.RunSQL(PLAIN_BYTES, migrations.RunSQL.noop),
        grants.may("sealing_consent_block"),
        grants.guard("sealing_consent_block"),
    ]
