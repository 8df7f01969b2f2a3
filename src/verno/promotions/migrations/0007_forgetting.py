"""What budgets counted in periods long over may be dropped."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Rights to delete, and how the old ones are found; indexes are built beside the running house."""

    atomic = False
    dependencies = [("promotions", "0006_row_security")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS promotions_budget_counter_old", migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE INDEX CONCURRENTLY promotions_budget_counter_old ON promotions_budget_counter (bucket)"
                    " WHERE bucket > '1970-01-01'",
                    migrations.RunSQL.noop,
                )
            ],
            state_operations=[
                migrations.AddIndex(
                    "BudgetCounter",
                    models.Index(
                        fields=["bucket"],
                        name="promotions_budget_counter_old",
                        condition=models.Q(bucket__gt="1970-01-01"),
                    ),
                )
            ],
        ),
        # Rows come in the order of their recording: a few pages of index tell where the old ones lie.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS promotions_budget_use_recorded", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY promotions_budget_use_recorded"
            " ON promotions_budget_use USING brin (recorded_at)",
            migrations.RunSQL.noop,
        ),
        grants.may("promotions_budget_counter", insert=False, delete=True),
        grants.may("promotions_budget_use", insert=False, delete=True),
    ]
