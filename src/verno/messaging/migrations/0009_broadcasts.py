"""Broadcasts, their versions, and their frozen audiences."""

from django.db import migrations, models

from verno.kit import grants

STATES = ["draft", "scheduled", "running", "paused", "finished", "cancelled"]
ENDS = ["waiting", "planned", "reached", "withheld", "unaffordable", "cancelled", "holdout"]
ILL = ["bounced", "complained", "rejected"]


class Migration(migrations.Migration):
    """New tables, guarded from the start: nobody waits for their locks."""

    dependencies = [("messaging", "0008_tracking")]

    operations = [
        migrations.CreateModel(
            name="Broadcast",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("name", models.TextField()),
                ("state", models.TextField()),
                ("version", models.IntegerField()),
                ("wanted", models.JSONField()),
                ("priority", models.SmallIntegerField(db_default=0)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
                ("changed_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("approved_by", models.TextField(null=True)),
                ("launched_at", models.DateTimeField(null=True)),
                ("launched_by", models.TextField(null=True)),
                ("starts_at", models.DateTimeField(null=True)),
                ("frozen_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(null=True)),
                ("audience", models.IntegerField(null=True)),
                ("unknown", models.IntegerField(null=True)),
                ("winner", models.JSONField(null=True)),
                ("open_wave", models.SmallIntegerField(db_default=1)),
                ("minute", models.DateTimeField(null=True)),
                ("minute_used", models.IntegerField(db_default=0)),
                ("cost", models.BigIntegerField(db_default=0)),
                ("looked_at", models.DateTimeField(null=True)),
                ("released_at", models.DateTimeField(null=True)),
                ("swept_to", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "messaging_broadcast",
                "indexes": [models.Index(fields=["program_id", "state"], name="messaging_broadcast_by_state")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__in", STATES)), name="messaging_broadcast_state"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "cancelled"]),
                            models.Q(("approved_by__isnull", False), ("launched_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="messaging_broadcast_by_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BroadcastVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "broadcast_id", "version", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("broadcast_id", models.UUIDField()),
                ("version", models.IntegerField()),
                ("program_id", models.UUIDField()),
                ("wanted", models.JSONField()),
                ("at", models.DateTimeField()),
                ("by", models.TextField()),
            ],
            options={"db_table": "messaging_broadcast_version"},
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "broadcast_id", "holder_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("broadcast_id", models.UUIDField()),
                ("holder_id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("bucket", models.SmallIntegerField()),
                ("variant", models.TextField(null=True)),
                ("wave", models.SmallIntegerField()),
                ("state", models.TextField()),
                ("reason", models.TextField(null=True)),
                ("step", models.SmallIntegerField(db_default=0)),
                ("messages", models.SmallIntegerField(db_default=0)),
                ("send_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_recipient",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["broadcast_id", "wave", "send_at", "holder_id"],
                        name="messaging_recipient_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__in", ENDS)), name="messaging_recipient_state")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ILL)), fields=["dedupe_key"], name="messaging_message_ill"
            ),
        ),
        migrations.AddField(model_name="message", name="domain", field=models.TextField(null=True)),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "complained"), ("domain__isnull", False)),
                fields=["program_id", "domain"],
                name="messaging_message_complaints",
            ),
        ),
        grants.may("messaging_message", insert=False, update=("domain",)),
        grants.may(
            "messaging_broadcast",
            update=(
                "name",
                "state",
                "version",
                "wanted",
                "priority",
                "changed_at",
                "approved_at",
                "approved_by",
                "launched_at",
                "launched_by",
                "starts_at",
                "frozen_at",
                "ended_at",
                "reason",
                "audience",
                "unknown",
                "winner",
                "open_wave",
                "minute",
                "minute_used",
                "cost",
                "looked_at",
                "released_at",
                "swept_to",
            ),
        ),
        grants.may("messaging_broadcast_version"),
        grants.may(
            "messaging_recipient",
            update=("variant", "state", "reason", "step", "messages", "send_at", "changed_at"),
        ),
        grants.guard("messaging_broadcast"),
        grants.guard("messaging_broadcast_version"),
        grants.guard("messaging_recipient"),
    ]
