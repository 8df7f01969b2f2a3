"""Devices: chats and browsers that members are reached by; links that were used; what members write."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Small tables that stay empty until somebody links a chat or a browser, or writes."""

    dependencies = [("members", "0016_company_contacts")]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        *("program_id", "kind", "value_hash"),
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("value_hash", models.BinaryField()),
                ("holder_id", models.UUIDField()),
                ("sealed", models.BinaryField()),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_device",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["telegram", "push"])), name="members_device_kind"
                    )
                ],
                "indexes": [models.Index(fields=["holder_id", "kind"], name="members_device_holder")],
            },
        ),
        migrations.CreateModel(
            name="UsedLink",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "token_hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("token_hash", models.BinaryField()),
                ("until", models.DateTimeField()),
            ],
            options={"db_table": "members_used_link"},
        ),
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("channel", models.TextField()),
                ("sealed", models.BinaryField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_word",
                "indexes": [models.Index(fields=["program_id", "-at"], name="members_word_newest")],
            },
        ),
        grants.may("members_device", update=("holder_id", "sealed", "added_at"), delete=True),
        grants.may("members_used_link", delete=True),
        grants.guard("members_device"),
        grants.guard("members_used_link"),
        grants.may("members_word", delete=True),
        grants.guard("members_word"),
    ]
