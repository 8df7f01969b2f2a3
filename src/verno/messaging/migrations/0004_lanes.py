"""Lanes, turns and switches; what providers call a message, and until when it is wanted."""

from django.db import migrations, models

from verno.kit import grants

STATES = [
    *("queued", "claimed", "handing_over", "accepted", "rejected", "deferred", "uncertain", "withheld"),
    *("delivered", "opened", "clicked", "bounced", "complained"),
]
LANE = "(class_name IN ('security', 'transactional'))"


class Migration(migrations.Migration):
    """The previous release goes on claiming by its own statement, more slowly, and knows no new state."""

    dependencies = [("messaging", "0003_row_security")]

    operations = [
        migrations.AddField(model_name="message", name="reference", field=models.TextField(null=True)),
        migrations.AddField(model_name="message", name="valid_until", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="message", name="urgent", field=models.BooleanField(db_default=False)),
        migrations.RemoveConstraint(model_name="message", name="messaging_message_state"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", STATES)), name="messaging_message_state"
            ),
        ),
        migrations.RemoveIndex(model_name="message", name="messaging_message_due"),
        migrations.RunSQL(
            f"CREATE INDEX messaging_message_lane ON messaging_message ({LANE}, channel, due_at)"
            " WHERE state IN ('queued', 'deferred', 'claimed')",
            "DROP INDEX messaging_message_lane",
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ["claimed", "handing_over"])),
                fields=["claimed_until"],
                name="messaging_message_leases",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("reference__isnull", False)),
                fields=["channel", "reference"],
                name="messaging_message_reference",
            ),
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "message_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("channel", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_turn",
                "indexes": [models.Index(fields=["at"], name="messaging_turn_at")],
            },
        ),
        migrations.CreateModel(
            name="Stop",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "what", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("what", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.TextField()),
            ],
            options={"db_table": "messaging_stop"},
        ),
        grants.may("messaging_message", insert=False, update=("reference",)),
        grants.may("messaging_turn", update=("at",), delete=True),
        grants.may("messaging_stop", delete=True),
    ]
