"""Which business dates have been told."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """The table of told dates, and an index that finds what was recorded lately."""

    dependencies = [("ledger", "0004_guards")]

    operations = [
        migrations.CreateModel(
            name="Day",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("day", models.DateField()),
                ("told_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_day"},
        ),
        migrations.RunSQL(
            "CREATE INDEX ledger_transfer_recorded ON ledger_transfer USING brin (recorded_at)"
            " WITH (pages_per_range = 32, autosummarize)",
            "DROP INDEX ledger_transfer_recorded",
        ),
        grants.may("ledger_day"),
    ]
