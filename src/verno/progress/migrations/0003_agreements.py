"""A contract is changed and taken back by a further row; a step that staff sets has a reason."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Tables that no release has written to yet."""

    dependencies = [("progress", "0002_guards")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE progress_contract
                DROP CONSTRAINT progress_contract_pkey,
                ADD COLUMN revision integer NOT NULL DEFAULT 1,
                ADD PRIMARY KEY (owner_id, track_id, first, revision),
                ALTER COLUMN share DROP NOT NULL;
            ALTER TABLE progress_contract ALTER COLUMN revision DROP DEFAULT;
            REVOKE UPDATE (last) ON progress_contract FROM verno_app;
            ALTER TABLE progress_floor ADD COLUMN reason text;
            """,
            "ALTER TABLE progress_contract DROP CONSTRAINT progress_contract_pkey, DROP COLUMN revision,"
            " ADD PRIMARY KEY (owner_id, track_id, first), ALTER COLUMN share SET NOT NULL;"
            " ALTER TABLE progress_floor DROP COLUMN reason",
            state_operations=[
                migrations.AddField("Floor", "reason", models.TextField(null=True)),
                migrations.AddField("Contract", "revision", models.IntegerField(default=1), preserve_default=False),
                migrations.AlterField("Contract", "share", models.IntegerField(null=True)),
                migrations.AlterField(
                    "Contract",
                    "pk",
                    models.CompositePrimaryKey(
                        *("owner_id", "track_id", "first", "revision"),
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
    ]
