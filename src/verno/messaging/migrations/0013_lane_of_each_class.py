"""A lane of each class: the index gives what is due in its own order, so that no claim sorts a crowd."""

from django.db import migrations


class Migration(migrations.Migration):
    """The previous release goes on claiming by its own statement, more slowly."""

    dependencies = [("messaging", "0012_pace")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX messaging_message_lane",
            "CREATE INDEX messaging_message_lane ON messaging_message"
            " ((class_name IN ('security', 'transactional')), channel, due_at)"
            " WHERE state IN ('queued', 'deferred', 'claimed')",
        ),
        migrations.RunSQL(
            "CREATE INDEX messaging_message_lane ON messaging_message (channel, class_name, due_at)"
            " WHERE state IN ('queued', 'deferred')",
            "DROP INDEX messaging_message_lane",
        ),
    ]
