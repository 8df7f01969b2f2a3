"""Receipts keep what rules knew of the member, the place and the goods, and how much rules took off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Both have a default: the previous release writes on."""

    dependencies = [("intake", "0006_keys_by_time")]

    operations = [
        migrations.AddField("Receipt", "facts", models.JSONField(null=True)),
        migrations.AddField("Receipt", "taken_off", models.BigIntegerField(db_default=0)),
        migrations.AddConstraint(
            "Receipt",
            models.CheckConstraint(
                condition=models.Q(taken_off__gte=0, taken_off__lte=models.F("amount") - models.F("points_value")),
                name="intake_receipt_off",
            ),
        ),
    ]
