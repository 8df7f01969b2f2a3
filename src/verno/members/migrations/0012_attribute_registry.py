"""Attributes are declared with names, questions and choices, by hand or by an industry's pack."""

from django.db import migrations, models

EMPTY = models.Value({}, models.JSONField())


class Migration(migrations.Migration):
    """Columns without a value or with a constant one: the previous release reads and writes as before.

    It takes a choice and a list for texts.
    """

    dependencies = [("members", "0011_departures")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_attribute_type ADD COLUMN IF NOT EXISTS many boolean NOT NULL DEFAULT false,"
            " ADD COLUMN IF NOT EXISTS names jsonb NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS questions jsonb NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS choices jsonb,"
            " ADD COLUMN IF NOT EXISTS pack text,"
            " ADD COLUMN IF NOT EXISTS sensitive boolean NOT NULL DEFAULT false,"
            " ADD COLUMN IF NOT EXISTS archived_at timestamptz",
            "ALTER TABLE members_attribute_type DROP COLUMN many, DROP COLUMN names, DROP COLUMN questions,"
            " DROP COLUMN choices, DROP COLUMN pack, DROP COLUMN sensitive, DROP COLUMN archived_at",
            state_operations=[
                migrations.AddField("AttributeType", "many", models.BooleanField(db_default=False)),
                migrations.AddField("AttributeType", "names", models.JSONField(db_default=EMPTY)),
                migrations.AddField("AttributeType", "questions", models.JSONField(db_default=EMPTY)),
                migrations.AddField("AttributeType", "choices", models.JSONField(null=True)),
                migrations.AddField("AttributeType", "pack", models.TextField(null=True)),
                migrations.AddField("AttributeType", "sensitive", models.BooleanField(db_default=False)),
                migrations.AddField("AttributeType", "archived_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(
            "GRANT UPDATE (names, questions, choices, pack, sensitive, archived_at) ON members_attribute_type"
            " TO verno_app",
            "REVOKE UPDATE (names, questions, choices, pack, sensitive, archived_at) ON members_attribute_type"
            " FROM verno_app",
        ),
    ]
