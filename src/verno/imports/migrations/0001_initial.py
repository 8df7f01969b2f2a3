"""Files of members that were uploaded."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """One table with its guard."""

    initial = True
    dependencies = [("kit", "0003_row_security")]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("name", models.TextField()),
                ("size", models.BigIntegerField()),
                ("sealed", models.BinaryField(null=True)),
                ("columns", models.JSONField(default=dict)),
                ("state", models.TextField()),
                ("rows", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(null=True)),
                ("report", models.JSONField(null=True)),
                ("problem", models.TextField(null=True)),
                ("errors", models.BinaryField(null=True)),
                ("changes", models.BinaryField(null=True)),
                ("uploaded_by", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "imports_upload",
                "indexes": [models.Index(fields=["program_id", "-created_at"], name="imports_upload_story")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "to-check",
                                    "checking",
                                    "checked",
                                    "to-import",
                                    "importing",
                                    "done",
                                    "failed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="imports_upload_state",
                    )
                ],
            },
        ),
        grants.may(
            "imports_upload",
            update=(
                *("sealed", "columns", "state", "rows", "total", "report", "problem", "errors", "changes"),
                *("changed_at", "claimed_until"),
            ),
            delete=True,
        ),
        grants.guard("imports_upload"),
    ]
