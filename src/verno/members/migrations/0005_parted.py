"""Members who were one and are two again, and everybody whose points a receipt may have moved."""

from django.db import migrations, models

from verno.kit import grants

FAMILY = """
CREATE FUNCTION members_family(who uuid)
RETURNS TABLE (holder_id uuid, now_id uuid)
LANGUAGE sql STABLE
AS $$
    -- All whom merges, standing or undone, tie to a member, themselves among them, each with whom they are now.
    WITH RECURSIVE family (id) AS (
        SELECT who
        UNION
        SELECT t.id
        FROM family f
        CROSS JOIN LATERAL (
            SELECT d.into_id FROM members_redirect d WHERE d.holder_id = f.id
            UNION ALL SELECT d.holder_id FROM members_redirect d WHERE d.into_id = f.id
            UNION ALL SELECT p.into_id FROM members_parted p WHERE p.holder_id = f.id
            UNION ALL SELECT p.holder_id FROM members_parted p WHERE p.into_id = f.id
        ) t (id)
    )
    SELECT f.id, coalesce((SELECT d.survivor_id FROM members_redirect d WHERE d.holder_id = f.id), f.id) FROM family f
$$;
REVOKE ALL ON FUNCTION members_family(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members_family(uuid) TO verno_app;
"""


class Migration(migrations.Migration):
    """A table that stays empty until the first merge is undone; those undone before are added by corrections."""

    dependencies = [("members", "0004_row_security")]

    operations = [
        migrations.CreateModel(
            name="Parted",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "into_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("into_id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("parted_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_parted",
                "indexes": [models.Index(fields=["into_id"], name="members_parted_into")],
            },
        ),
        grants.may("members_parted"),
        grants.guard("members_parted"),
        migrations.RunSQL(FAMILY, "DROP FUNCTION members_family(uuid)"),
    ]
