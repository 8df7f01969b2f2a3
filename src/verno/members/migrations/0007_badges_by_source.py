"""What gave a badge becomes part of its key: whoever gave it takes back their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A handful of rows a member, so that the key is built at once.

    No release has given badges before it.
    """

    dependencies = [("members", "0006_kinds_and_badges")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_badge DROP CONSTRAINT members_badge_pkey, ADD PRIMARY KEY (holder_id, code, source)",
            "ALTER TABLE members_badge DROP CONSTRAINT members_badge_pkey, ADD PRIMARY KEY (holder_id, code)",
            state_operations=[
                migrations.AlterField(
                    "Badge",
                    "pk",
                    models.CompositePrimaryKey(
                        *("holder_id", "code", "source"), blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
    ]
