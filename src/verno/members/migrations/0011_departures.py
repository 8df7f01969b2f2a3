"""Who left when: withdrawals by program and time, for the report of reasons."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A small index, built beside the running house."""

    atomic = False
    dependencies = [("members", "0010_otp")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS members_consent_left", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY members_consent_left ON members_consent (program_id, occurred_at)"
            " WHERE action = 'withdraw'",
            "DROP INDEX CONCURRENTLY IF EXISTS members_consent_left",
            state_operations=[
                migrations.AddIndex(
                    "Consent",
                    models.Index(
                        condition=models.Q(("action", "withdraw")),
                        fields=["program_id", "occurred_at"],
                        name="members_consent_left",
                    ),
                ),
            ],
        ),
    ]
