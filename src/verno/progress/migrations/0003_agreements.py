"""Contracts change by further rows, steps set by staff have reasons, a recount says how far it is."""

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
            ALTER TABLE progress_version ADD COLUMN recounted integer NOT NULL DEFAULT 0;
            GRANT UPDATE (recounted) ON progress_version TO verno_app;
            """,
            "ALTER TABLE progress_contract DROP CONSTRAINT progress_contract_pkey, DROP COLUMN revision,"
            " ADD PRIMARY KEY (owner_id, track_id, first), ALTER COLUMN share SET NOT NULL;"
            " ALTER TABLE progress_floor DROP COLUMN reason; ALTER TABLE progress_version DROP COLUMN recounted",
            state_operations=[
                migrations.AddField("Version", "recounted", models.IntegerField(db_default=0)),
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
