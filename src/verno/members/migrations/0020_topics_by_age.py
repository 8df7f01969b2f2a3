"""Topics that are for members of some age alone: advertising of alcohol and the like."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column of a small table; topics that are there are for everybody."""

    dependencies = [("members", "0019_whole_classes")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_topic ADD COLUMN IF NOT EXISTS min_age smallint CHECK (min_age BETWEEN 1 AND 99);"
            " GRANT UPDATE (min_age) ON members_topic TO verno_app",
            "ALTER TABLE members_topic DROP COLUMN min_age",
            state_operations=[migrations.AddField("Topic", "min_age", models.SmallIntegerField(null=True))],
        ),
    ]
