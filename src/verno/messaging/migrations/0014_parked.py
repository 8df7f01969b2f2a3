"""What switches hold back is found by itself, however much else waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index that is empty most of the time."""

    dependencies = [("messaging", "0013_lane_of_each_class")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "queued"), ("reason", "stopped")),
                fields=["program_id"],
                name="messaging_message_parked",
            ),
        ),
    ]
