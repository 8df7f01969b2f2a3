"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of limits."""

    dependencies = [("limits", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE limits_counter SET (fillfactor = 70);
            ALTER TABLE limits_alert
                ADD CONSTRAINT limits_alert_limit FOREIGN KEY (limit_id) REFERENCES limits_limit (id);
            -- Rows come in the order of their recording: a few pages of index tell where the old ones lie.
            CREATE INDEX limits_use_recorded ON limits_use USING brin (recorded_at);
            """,
            migrations.RunSQL.noop,
        ),
        grants.may("limits_limit", update=("most", "hard", "changed_at", "removed_at")),
        grants.may("limits_counter", update=("used", "held", "alerted", "changed_at"), delete=True),
        grants.may("limits_use", update=("amount", "until"), delete=True),
        grants.may("limits_alert"),
    ]
