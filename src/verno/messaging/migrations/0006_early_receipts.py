"""Receipts that come before we know what they are of."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A table of no program: who sent the message is known only when it is found."""

    dependencies = [("messaging", "0005_guard_turns")]

    operations = [
        migrations.CreateModel(
            name="EarlyReceipt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "channel", "reference", "outcome", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("channel", models.TextField()),
                ("reference", models.TextField()),
                ("outcome", models.TextField()),
                ("at", models.DateTimeField()),
                ("response", models.TextField()),
                ("gone", models.BooleanField()),
            ],
            options={"db_table": "messaging_early_receipt"},
        ),
        grants.may("messaging_early_receipt", delete=True),
    ]
