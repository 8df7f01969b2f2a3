"""How often members wish to be written to."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A table that stays empty until the first wish."""

    dependencies = [("members", "0007_badges_by_source")]

    operations = [
        migrations.CreateModel(
            name="Wish",
            fields=[
                ("holder_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("most_per", models.SmallIntegerField(null=True)),
                ("paused_until", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "members_wish",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("most_per__isnull", True), ("most_per__gt", 0), _connector="OR"),
                        name="members_wish_most_per",
                    )
                ],
            },
        ),
        grants.may("members_wish", update=("most_per", "paused_until", "changed_at"), delete=True),
        grants.guard("members_wish"),
    ]
