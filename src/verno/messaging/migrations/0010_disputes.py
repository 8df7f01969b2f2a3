"""Disputes of movements; how often a message has brought down what carried it."""

from django.db import migrations, models

from verno.kit import grants

DISPUTE_STATES = ["open", "looking", "upheld", "rejected"]


class Migration(migrations.Migration):
    """The previous release opens no disputes, and goes on counting claims its own way."""

    dependencies = [("messaging", "0009_broadcasts")]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("holder_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("occasion", models.TextField()),
                ("told", models.TextField()),
                ("moves", models.JSONField()),
                ("receipt_id", models.UUIDField(null=True)),
                ("number", models.TextField(null=True)),
                ("place", models.TextField(null=True)),
                ("till", models.TextField(null=True)),
                ("cashier", models.TextField(null=True)),
                ("happened_at", models.DateTimeField(null=True)),
                ("state", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("deadline", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.TextField(null=True)),
                ("words", models.BinaryField(null=True)),
                ("answer", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "messaging_dispute",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "looking"])),
                        fields=["program_id", "deadline"],
                        name="messaging_dispute_waiting",
                    ),
                    models.Index(fields=["program_id", "opened_at"], name="messaging_dispute_opened"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("holder_id", "occasion"), name="messaging_dispute_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", DISPUTE_STATES)), name="messaging_dispute_state"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="message", name="lapsed", field=models.SmallIntegerField(db_default=0, default=0)
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("lapsed__gt", 0), ("state__in", ["queued", "deferred", "claimed"])),
                fields=["channel", "due_at"],
                name="messaging_message_suspects",
            ),
        ),
        migrations.RunSQL(
            "CREATE INDEX messaging_message_notice ON messaging_message (right(replace(id::text, '-', ''), 16))"
            " WHERE template = 'notice'",
            "DROP INDEX messaging_message_notice",
        ),
        grants.may("messaging_dispute", update=("state", "decided_at", "decided_by", "answer")),
        grants.may("messaging_message", insert=False, update=("lapsed",)),
    ]
