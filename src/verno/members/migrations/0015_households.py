"""Households: who belongs together, and the codes that invite."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Three tables that stay empty until the first household."""

    dependencies = [("members", "0014_duplicates")]

    operations = [
        migrations.CreateModel(
            name="Household",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "members_household"},
        ),
        migrations.CreateModel(
            name="Housemate",
            fields=[
                ("holder_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("household_id", models.UUIDField()),
                ("role", models.TextField()),
                ("joined_at", models.DateTimeField()),
                ("left_at", models.DateTimeField(null=True)),
                ("free_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "members_housemate",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["head", "adult", "child"])), name="members_housemate_role"
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("left_at__isnull", True)),
                        fields=["household_id"],
                        name="members_housemate_now",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HouseholdInvitation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "code_hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("code_hash", models.BinaryField()),
                ("household_id", models.UUIDField()),
                ("role", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_household_invitation",
                "indexes": [models.Index(fields=["household_id"], name="members_invitation_of")],
            },
        ),
        grants.may("members_household", update=("closed_at",)),
        grants.guard("members_household"),
        grants.may(
            "members_housemate", update=("household_id", "role", "joined_at", "left_at", "free_at"), delete=True
        ),
        grants.guard("members_housemate"),
        grants.may("members_household_invitation", delete=True),
        grants.guard("members_household_invitation"),
    ]
