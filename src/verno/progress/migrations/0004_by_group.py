"""Where a buying group stands, found by its name: conditions on members ask it of each of its companies."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A row a group and track, built beside the running house."""

    atomic = False
    dependencies = [("progress", "0003_agreements")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS progress_tier_group", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY progress_tier_group ON progress_tier (track_id, buying_group)"
            " WHERE buying_group IS NOT NULL",
            "DROP INDEX CONCURRENTLY IF EXISTS progress_tier_group",
            state_operations=[
                migrations.AddIndex(
                    "Tier",
                    models.Index(
                        condition=models.Q(("buying_group__isnull", False)),
                        fields=["track_id", "buying_group"],
                        name="progress_tier_group",
                    ),
                ),
            ],
        ),
    ]
