"""A mail provider may be given a rest, for a time or until somebody ends it; what went ill is found by its moment.

And the short links of texts find their message by the end of its id.
"""

from django.db import migrations, models

from verno.kit import grants

ILL = ["bounced", "complained", "rejected"]


class Migration(migrations.Migration):
    """Columns that may be empty, an index of few rows, and one of texts from stored templates alone."""

    dependencies = [("messaging", "0015_rests")]

    operations = [
        migrations.AddField(model_name="stop", name="until", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="stop", name="why", field=models.TextField(db_default="")),
        migrations.AddField(model_name="stop", name="detail", field=models.TextField(db_default="")),
        grants.may("messaging_stop", insert=False, update=("at", "by", "until", "why", "detail")),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ILL)), fields=["changed_at"], name="messaging_message_ill_lately"
            ),
        ),
        migrations.RunSQL(
            "CREATE INDEX messaging_message_texted ON messaging_message (substr(uuid_send(id), 9))"
            " WHERE channel <> 'email' AND position('@' IN template) > 0",
            "DROP INDEX messaging_message_texted",
        ),
    ]
