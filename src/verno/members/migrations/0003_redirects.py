"""Redirects of merged members, and the contacts that went along."""

from django.db import migrations, models

from verno.kit import grants

SEARCH = """
CREATE OR REPLACE FUNCTION members_search(program uuid, words text, most integer)
RETURNS TABLE (id uuid, likeness real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    -- One door for trigram search: under row security an index on personal words cannot be used. Who was merged is
    -- found as the survivor, once.
    SELECT coalesce(d.survivor_id, m.id), max(word_similarity(lower(words), lower(m.name)))
    FROM members_member m
    LEFT JOIN members_redirect d ON d.holder_id = m.id
    WHERE m.program_id = program AND lower(words) <% lower(m.name)
    GROUP BY 1
    ORDER BY 2 DESC, min(m.name), 1
    LIMIT most
$$;
"""


class Migration(migrations.Migration):
    """Two tables that stay empty until the first merge."""

    dependencies = [("members", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="Redirect",
            fields=[
                ("holder_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("into_id", models.UUIDField()),
                ("survivor_id", models.UUIDField()),
                ("merged_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_redirect",
                "indexes": [
                    models.Index(fields=["into_id"], name="members_redirect_into"),
                    models.Index(fields=["survivor_id"], name="members_redirect_survivor"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("holder_id", models.F("into_id")), _negated=True)
                        & models.Q(("holder_id", models.F("survivor_id")), _negated=True),
                        name="members_redirect_elsewhere",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MovedIdentity",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "kind", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("program_id", models.UUIDField()),
                ("value_hash", models.BinaryField()),
                ("sealed", models.BinaryField()),
            ],
            options={"db_table": "members_moved_identity"},
        ),
        grants.may("members_redirect", update=("survivor_id",), delete=True),
        grants.may("members_moved_identity", delete=True),
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
    ]
