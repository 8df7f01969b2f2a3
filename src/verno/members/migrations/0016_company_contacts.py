"""Who speaks for a company."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A table that stays empty until the first contact."""

    dependencies = [("members", "0015_households")]

    operations = [
        migrations.CreateModel(
            name="CompanyContact",
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
                ("role", models.TextField()),
                ("member_id", models.UUIDField(null=True)),
                ("email_hash", models.BinaryField(null=True)),
                ("phone_hash", models.BinaryField(null=True)),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_company_contact",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["decision-maker", "accountant", "other"])),
                        name="members_contact_role",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("email_hash__isnull", False)),
                        fields=["program_id", "email_hash"],
                        name="members_contact_email",
                    ),
                    models.Index(
                        condition=models.Q(("phone_hash__isnull", False)),
                        fields=["program_id", "phone_hash"],
                        name="members_contact_phone",
                    ),
                ],
            },
        ),
        grants.may(
            "members_company_contact",
            update=("role", "member_id", "email_hash", "phone_hash", "sealed", "changed_at"),
            delete=True,
        ),
        grants.guard("members_company_contact"),
    ]
