"""One-time codes, and how often they are sent and tried."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Two small tables that stay empty until the first code."""

    dependencies = [("members", "0009_consent_records")]

    operations = [
        migrations.CreateModel(
            name="Otp",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        *("holder_id", "kind", "purpose"), blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("purpose", models.TextField()),
                ("program_id", models.UUIDField()),
                ("code_hash", models.BinaryField()),
                ("address_hash", models.BinaryField()),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("tries", models.SmallIntegerField()),
            ],
            options={"db_table": "members_otp"},
        ),
        migrations.CreateModel(
            name="OtpCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        *("program_id", "hour", "what_hash"),
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("hour", models.DateTimeField()),
                ("what_hash", models.BinaryField()),
                ("used", models.IntegerField()),
            ],
            options={"db_table": "members_otp_count"},
        ),
        grants.may("members_otp", update=("code_hash", "address_hash", "sent_at", "expires_at", "tries"), delete=True),
        grants.may("members_otp_count", update=("used",), delete=True),
        grants.guard("members_otp"),
        grants.guard("members_otp_count"),
    ]
