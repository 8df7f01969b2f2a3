"""Districts, where members are (sealed), and the store that is home to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from verno.kit import grants

EMPTY = models.Value({}, models.JSONField())


class Migration(migrations.Migration):
    """Tables that stay empty until somebody draws a district, and a column without a value."""

    dependencies = [("members", "0012_attribute_registry")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_member ADD COLUMN IF NOT EXISTS home_place text;"
            " GRANT UPDATE (home_place) ON members_member TO verno_app",
            "ALTER TABLE members_member DROP COLUMN home_place",
            state_operations=[migrations.AddField("Member", "home_place", models.TextField(null=True))],
        ),
        migrations.CreateModel(
            name="District",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "code", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("code", models.TextField()),
                ("kind", models.TextField()),
                ("names", models.JSONField(db_default=EMPTY)),
                ("polygon", models.JSONField(null=True)),
                ("entries", ArrayField(models.TextField())),
                ("archived_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_district",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["polygon", "list"])), name="members_district_kind"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Location",
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
                ("sealed", models.BinaryField()),
                ("districts", ArrayField(models.TextField())),
                ("sorted_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_location",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["home", "work", "visited"])), name="members_location_kind"
                    )
                ],
                "indexes": [models.Index(fields=["program_id", "sorted_at"], name="members_location_sorted")],
            },
        ),
        grants.may("members_district", update=("kind", "names", "polygon", "entries", "archived_at", "changed_at")),
        grants.may("members_location", update=("sealed", "districts", "sorted_at"), delete=True),
        grants.guard("members_district"),
        grants.guard("members_location"),
    ]
