"""Consents have an order to be sealed in, and a salt that goes with the evidence when a member is erased."""

from django.db import migrations, models

BRIN = "ON members_consent USING brin (txid) WITH (pages_per_range = 16, autosummarize)"
SALTED = """
UPDATE members_consent c SET salt = gen_random_uuid()
WHERE c.salt IS NULL AND (
    EXISTS (SELECT FROM members_member m WHERE m.id = c.holder_id)
    OR EXISTS (SELECT FROM members_company_contact k WHERE k.id = c.holder_id)
)
"""
"""Of whoever is erased there is no evidence left to hash."""


class Migration(migrations.Migration):
    """Columns with a default of the database's own: the previous release writes records as before.

    Records of before have the txid 0 and come first.
    """

    atomic = False
    dependencies = [("members", "0021_after_a_complaint")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_consent ADD COLUMN IF NOT EXISTS txid bigint NOT NULL DEFAULT 0,"
            " ADD COLUMN IF NOT EXISTS salt uuid;"
            "ALTER TABLE members_consent ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint,"
            " ALTER COLUMN salt SET DEFAULT gen_random_uuid()",
            "ALTER TABLE members_consent DROP COLUMN txid, DROP COLUMN salt",
            state_operations=[
                migrations.AddField("Consent", "txid", models.BigIntegerField(db_default=0)),
                migrations.AddField("Consent", "salt", models.UUIDField(null=True)),
            ],
        ),
        migrations.RunSQL(SALTED, migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS members_consent_sealing", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"CREATE INDEX CONCURRENTLY members_consent_sealing {BRIN}",
            "DROP INDEX CONCURRENTLY IF EXISTS members_consent_sealing",
        ),
    ]
