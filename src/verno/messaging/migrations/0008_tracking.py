"""What readers do with letters."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """New tables, which the previous release does not ask."""

    dependencies = [("messaging", "0007_templates")]

    operations = [
        migrations.CreateModel(
            name="Click",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "message_id", "link", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("link", models.SmallIntegerField()),
                ("program_id", models.UUIDField()),
                ("url", models.TextField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.IntegerField()),
            ],
            options={"db_table": "messaging_click"},
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "message_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.IntegerField()),
            ],
            options={"db_table": "messaging_opening"},
        ),
        grants.may("messaging_click", update=("last_at", "times")),
        grants.may("messaging_opening", update=("last_at", "times")),
        grants.guard("messaging_click"),
        grants.guard("messaging_opening"),
    ]
