"""Requests to be forgotten."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """One small table."""

    initial = True
    dependencies = [("kit", "0003_row_security")]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("holder_id", models.UUIDField()),
                (
                    "holders",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("state", models.TextField()),
                ("requested_at", models.DateTimeField()),
                ("requested_by", models.TextField()),
                ("due_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("done_by", models.TextField(null=True)),
                ("certificate", models.TextField(null=True)),
            ],
            options={"db_table": "privacy_erasure"},
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(fields=["program_id", "-requested_at", "-id"], name="privacy_erasure_story"),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "requested")),
                fields=("program_id", "holder_id"),
                name="privacy_erasure_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["requested", "done", "cancelled"])), name="privacy_erasure_state"
            ),
        ),
    ]
