"""Columns and tables of what follows a sale: spending, holds, steps, returns, claims."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only adds; the previous release reads and writes what it knows."""

    dependencies = [
        ("intake", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Parked",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("place_id", models.UUIDField()),
                ("series", models.TextField()),
                ("number", models.TextField()),
                ("original_place_id", models.UUIDField()),
                ("original_series", models.TextField()),
                ("original_number", models.TextField()),
                ("request", models.JSONField()),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("answer", models.TextField()),
            ],
            options={
                "db_table": "intake_parked",
            },
        ),
        migrations.CreateModel(
            name="Return",
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
                ("place_id", models.UUIDField()),
                ("series", models.TextField()),
                ("number", models.TextField()),
                ("till", models.TextField(null=True)),
                ("cashier", models.TextField(null=True)),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("status", models.TextField()),
                ("original_id", models.UUIDField()),
                ("lines", models.JSONField()),
                ("refund", models.BigIntegerField()),
                ("points_value", models.BigIntegerField()),
                ("taken", models.JSONField()),
                ("put", models.JSONField()),
                ("answer", models.TextField()),
            ],
            options={
                "db_table": "intake_return",
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "receipt_id", "slot", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("receipt_id", models.UUIDField()),
                ("slot", models.TextField()),
                ("id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("till", models.TextField(null=True)),
                ("cashier", models.TextField(null=True)),
                ("fiscal_number", models.TextField(null=True)),
                ("member_id", models.UUIDField(null=True)),
                ("kept", models.JSONField(null=True)),
                ("points", models.BigIntegerField(db_default=0)),
                ("points_value", models.BigIntegerField(db_default=0)),
                ("earned", models.JSONField(null=True)),
                ("spent", models.JSONField(null=True)),
                ("verdict", models.JSONField(null=True)),
                ("fingerprint", models.BinaryField()),
                ("answer", models.TextField()),
            ],
            options={
                "db_table": "intake_step",
            },
        ),
        migrations.RemoveConstraint(
            model_name="receipt",
            name="intake_receipt_status",
        ),
        migrations.AddField(
            model_name="receipt",
            name="approved_by",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="receipt",
            name="claim_code",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="receipt",
            name="given",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="receipt",
            name="hold_expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="receipt",
            name="lines_holder_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="receipt",
            name="points_value",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="receipt",
            name="spent",
            field=models.JSONField(null=True),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                condition=models.Q(("status", "held")),
                fields=["program_id", "hold_expires_at"],
                name="intake_receipt_held",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["held", "settled", "cancelled", "unmatched", "claimed"])),
                name="intake_receipt_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("points_value__gte", 0), ("points_value__lte", models.F("amount"))),
                name="intake_receipt_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claim_code__isnull", False), ("lines_holder_id__isnull", True)),
                fields=("program_id", "claim_code"),
                name="intake_receipt_code",
            ),
        ),
        migrations.AddIndex(
            model_name="parked",
            index=models.Index(
                fields=["original_place_id", "original_series", "original_number"],
                name="intake_parked_original",
            ),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(fields=["original_id"], name="intake_return_original"),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(fields=["id"], name="intake_return_by_id"),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["settled", "refused"])), name="intake_return_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(("points_value__gte", 0), ("refund__gte", 0)), name="intake_return_floor"
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["capture", "cancel", "claim", "activate"])), name="intake_step_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", 0), ("points_value__gte", 0)), name="intake_step_floor"
            ),
        ),
    ]
