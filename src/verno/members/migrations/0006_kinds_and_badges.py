"""Members are persons or companies, may buy as a group, and have badges."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Columns with a default and a new table: the previous release reads and writes as before.

    The check and the index are built beside the running house.
    """

    atomic = False
    dependencies = [("members", "0005_parted")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_member ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'person',"
            " ADD COLUMN IF NOT EXISTS buying_group text",
            "ALTER TABLE members_member DROP COLUMN kind, DROP COLUMN buying_group",
            state_operations=[
                migrations.AddField("Member", "kind", models.TextField(db_default="person")),
                migrations.AddField("Member", "buying_group", models.TextField(null=True)),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE members_member DROP CONSTRAINT IF EXISTS members_kind,"
            " ADD CONSTRAINT members_kind CHECK (kind IN ('person', 'company')) NOT VALID",
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AddConstraint(
                    "Member",
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["person", "company"])), name="members_kind"
                    ),
                ),
            ],
        ),
        migrations.RunSQL("ALTER TABLE members_member VALIDATE CONSTRAINT members_kind", migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS members_by_group", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY members_by_group ON members_member (program_id, buying_group)"
            " WHERE buying_group IS NOT NULL",
            "DROP INDEX CONCURRENTLY IF EXISTS members_by_group",
            state_operations=[
                migrations.AddIndex(
                    "Member",
                    models.Index(
                        condition=models.Q(("buying_group__isnull", False)),
                        fields=["program_id", "buying_group"],
                        name="members_by_group",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Badge",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "code", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("code", models.TextField()),
                ("program_id", models.UUIDField()),
                ("given_at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("source", models.TextField()),
            ],
            options={"db_table": "members_badge"},
        ),
        migrations.RunSQL(
            "GRANT UPDATE (kind, buying_group) ON members_member TO verno_app",
            "REVOKE UPDATE (kind, buying_group) ON members_member FROM verno_app",
        ),
        grants.may("members_badge", update=("given_at", "until", "source")),
        grants.guard("members_badge"),
    ]
