"""Drafts, pauses, budgets; titles and withdrawals of rulebooks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Tables; the previous release goes on writing rulebooks without a title."""

    dependencies = [
        ("promotions", "0003_row_security"),
    ]

    operations = [
        migrations.AddField(
            model_name="rulebook",
            name="title",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="rulebook",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="BudgetCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "rule",
                        "budget",
                        "subject",
                        "bucket",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("rule", models.TextField()),
                ("budget", models.TextField()),
                ("subject", models.TextField()),
                ("bucket", models.DateField()),
                ("used", models.BigIntegerField()),
                ("held", models.BigIntegerField()),
                ("told", models.SmallIntegerField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "promotions_budget_counter",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("held__gte", 0), ("used__gte", 0)), name="promotions_budget_counter_floor"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetUse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "operation_id",
                        "rule",
                        "budget",
                        "subject",
                        "bucket",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("operation_id", models.UUIDField()),
                ("rule", models.TextField()),
                ("budget", models.TextField()),
                ("subject", models.TextField()),
                ("bucket", models.DateField()),
                ("program_id", models.UUIDField()),
                ("amount", models.BigIntegerField()),
                ("until", models.DateTimeField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "promotions_budget_use",
                "indexes": [
                    models.Index(
                        condition=models.Q(("until__isnull", False)),
                        fields=["program_id", "rule", "budget", "subject", "bucket", "until"],
                        name="promotions_budget_use_held",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="promotions_budget_use_floor")
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("title", models.TextField()),
                ("body", models.JSONField()),
                ("based_on", models.IntegerField(null=True)),
                ("author", models.TextField()),
                ("editors", models.JSONField()),
                ("revision", models.IntegerField()),
                ("state", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("submitted_by", models.TextField(null=True)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("reviewer", models.TextField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("comment", models.TextField(null=True)),
                ("publish_at", models.DateTimeField(null=True)),
                ("version", models.IntegerField(null=True)),
                ("result", models.JSONField(null=True)),
                ("above_budget", models.BooleanField(db_default=False)),
                ("approved_above_budget", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "promotions_draft",
                "constraints": [
                    models.UniqueConstraint(fields=("program_id", "number"), name="promotions_draft_number"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "submitted", "approved", "rejected", "published", "withdrawn"])
                        ),
                        name="promotions_draft_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("code", models.TextField()),
                ("paused_at", models.DateTimeField()),
                ("paused_by", models.TextField()),
                ("resumed_at", models.DateTimeField(null=True)),
                ("resumed_by", models.TextField(null=True)),
            ],
            options={
                "db_table": "promotions_pause",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resumed_at__isnull", True)),
                        fields=("program_id", "kind", "code"),
                        name="promotions_pause_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["rule", "promotion"])), name="promotions_pause_kind"
                    ),
                ],
            },
        ),
    ]
