"""Consents with their evidence, the texts that were shown, named topics, confirmed addresses."""

from django.db import migrations, models

from verno.kit import grants

COLUMNS = (
    ("text_id", "text", models.TextField(null=True)),
    ("text_sha256", "bytea", models.BinaryField(null=True)),
    ("locale", "text", models.TextField(null=True)),
    ("surface", "text", models.TextField(null=True)),
    ("actor", "text", models.TextField(null=True)),
    ("ip", "text", models.TextField(null=True)),
    ("agent", "text", models.TextField(null=True)),
    ("evidence_ref", "text", models.TextField(null=True)),
    ("country", "text", models.TextField(null=True)),
    ("valid_until", "timestamptz", models.DateTimeField(null=True)),
    ("address_hash", "bytea", models.BinaryField(null=True)),
)
ACTIONS = ["grant", "confirm", "withdraw", "expire", "import"]
EMPTY = models.Value({}, models.JSONField())

SAID = """
CREATE OR REPLACE FUNCTION members_said(who uuid, at timestamptz)
RETURNS TABLE (purpose text, topic text, channel text, state text, granted boolean, since timestamptz, method text,
               text_version text, class_name text)
LANGUAGE sql STABLE
AS $$
    -- Where a member stands on everything they were ever asked; the same reading as members/consent/state.py. Inlined
    -- into the statement that asks. Without ``at`` the future counts, and what ends does so by the database's clock.
    SELECT f.purpose, f.topic, f.channel, f.state,
           f.state = 'granted' OR (f.state IN ('unproven', 'unconfirmed') AND f.class_name <> 'marketing'),
           f.occurred_at, f.method, f.text_version, f.class_name
    FROM (
        SELECT d.*, CASE
            WHEN d.action = 'withdraw' THEN 'withdrawn'
            WHEN d.rank <= 1 THEN 'expired'
            WHEN d.rank = 2 THEN 'unproven'
            WHEN d.class_name = 'marketing' AND d.double_opt_in AND d.channel IN ('email', 'sms', 'voice')
                AND NOT EXISTS (
                    SELECT FROM members_identity i
                    WHERE i.holder_id = who AND i.kind = CASE d.channel WHEN 'email' THEN 'email' ELSE 'phone' END
                      AND i.verified_at IS NOT NULL
                ) AND NOT EXISTS (
                    SELECT FROM members_consent o
                    WHERE o.holder_id = who AND o.topic = d.topic AND o.channel = d.channel AND o.purpose = d.purpose
                      AND (d.ended IS NULL OR o.occurred_at > d.ended)
                      AND (members_said.at IS NULL OR o.occurred_at <= members_said.at)
                      AND (o.action = 'confirm'
                           OR (o.action = 'grant' AND o.method IN ('double-opt-in-link', 'sms-code')))
                      AND (o.address_hash IS NULL OR o.address_hash = (
                          SELECT i.value_hash FROM members_identity i
                          WHERE i.holder_id = who
                            AND i.kind = CASE d.channel WHEN 'email' THEN 'email' ELSE 'phone' END
                      ))
                ) THEN 'unconfirmed'
            ELSE 'granted' END AS state
        FROM (
            SELECT DISTINCT ON (r.topic, r.channel, r.purpose) r.*, coalesce(t.class_name, 'marketing') AS class_name,
                   coalesce(t.double_opt_in, true) AS double_opt_in
            FROM (
                SELECT w.*, CASE
                    WHEN w.action IN ('withdraw', 'expire') THEN 0
                    WHEN w.action = 'confirm' OR w.occurred_at <= w.ended OR w.occurred_at > members_said.at THEN -1
                    WHEN w.valid_until <= coalesce(members_said.at, statement_timestamp()) THEN 1
                    WHEN (CASE w.action WHEN 'import' THEN w.evidence_ref ELSE w.text_version END) IS NULL THEN 2
                    ELSE 3 END AS rank
                FROM (
                    SELECT c.*, max(c.occurred_at) FILTER (WHERE c.action IN ('withdraw', 'expire'))
                        OVER (PARTITION BY c.topic, c.channel, c.purpose) AS ended
                    FROM members_consent c
                    WHERE c.holder_id = who
                ) w
            ) r
            LEFT JOIN members_topic t ON t.program_id = r.program_id AND t.code = r.topic
            WHERE r.rank >= 0
            ORDER BY r.topic, r.channel, r.purpose, r.rank DESC, r.occurred_at DESC, r.action DESC, r.id DESC
        ) d
    ) f
$$;
REVOKE ALL ON FUNCTION members_said(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members_said(uuid, timestamptz) TO verno_app;
"""


class Migration(migrations.Migration):
    """Columns without a value or with a constant one: the previous release reads and writes as before.

    It goes on taking the newest record for the last word, and no other than a grant for a yes. The check is widened
    beside the running house.
    """

    atomic = False
    dependencies = [("members", "0008_wishes")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_consent ADD COLUMN IF NOT EXISTS purpose text NOT NULL DEFAULT 'advertising', "
            + ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind, _ in COLUMNS),
            "ALTER TABLE members_consent DROP COLUMN purpose, "
            + ", ".join(f"DROP COLUMN {name}" for name, _, _ in COLUMNS),
            state_operations=[
                migrations.AddField("Consent", "purpose", models.TextField(db_default="advertising")),
                *[migrations.AddField("Consent", name, field) for name, _, field in COLUMNS],
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE members_consent DROP CONSTRAINT IF EXISTS members_consent_action,"
            " ADD CONSTRAINT members_consent_action"
            " CHECK (action IN ('grant', 'confirm', 'withdraw', 'expire', 'import')) NOT VALID",
            migrations.RunSQL.noop,
            state_operations=[
                migrations.RemoveConstraint("Consent", "members_consent_action"),
                migrations.AddConstraint(
                    "Consent",
                    models.CheckConstraint(condition=models.Q(("action__in", ACTIONS)), name="members_consent_action"),
                ),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE members_consent VALIDATE CONSTRAINT members_consent_action", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "ALTER TABLE members_topic ADD COLUMN IF NOT EXISTS names jsonb NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS descriptions jsonb NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS is_default boolean NOT NULL DEFAULT false,"
            " ADD COLUMN IF NOT EXISTS double_opt_in boolean NOT NULL DEFAULT true,"
            " ADD COLUMN IF NOT EXISTS archived_at timestamptz",
            "ALTER TABLE members_topic DROP COLUMN names, DROP COLUMN descriptions, DROP COLUMN is_default,"
            " DROP COLUMN double_opt_in, DROP COLUMN archived_at",
            state_operations=[
                migrations.AddField("Topic", "names", models.JSONField(db_default=EMPTY)),
                migrations.AddField("Topic", "descriptions", models.JSONField(db_default=EMPTY)),
                migrations.AddField("Topic", "is_default", models.BooleanField(db_default=False)),
                migrations.AddField("Topic", "double_opt_in", models.BooleanField(db_default=True)),
                migrations.AddField("Topic", "archived_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE members_identity ADD COLUMN IF NOT EXISTS verified_at timestamptz,"
            " ADD COLUMN IF NOT EXISTS verified_by text",
            "ALTER TABLE members_identity DROP COLUMN verified_at, DROP COLUMN verified_by",
            state_operations=[
                migrations.AddField("Identity", "verified_at", models.DateTimeField(null=True)),
                migrations.AddField("Identity", "verified_by", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        *("program_id", "text_id", "version", "locale"),
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("text_id", models.TextField()),
                ("version", models.IntegerField()),
                ("locale", models.TextField()),
                ("purpose", models.TextField()),
                ("body", models.TextField()),
                ("sha256", models.BinaryField()),
                ("published_at", models.DateTimeField()),
                ("published_by", models.TextField()),
            ],
            options={"db_table": "members_consent_text"},
        ),
        migrations.RunSQL(
            "GRANT UPDATE (names, descriptions, is_default, double_opt_in, archived_at) ON members_topic TO verno_app;"
            "GRANT UPDATE (verified_at, verified_by) ON members_identity TO verno_app",
            "REVOKE UPDATE (names, descriptions, is_default, double_opt_in, archived_at) ON members_topic"
            " FROM verno_app;"
            "REVOKE UPDATE (verified_at, verified_by) ON members_identity FROM verno_app",
        ),
        grants.may("members_consent_text"),
        grants.guard("members_consent_text"),
        migrations.RunSQL(SAID, "DROP FUNCTION IF EXISTS members_said(uuid, timestamptz)"),
    ]
