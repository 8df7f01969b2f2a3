"""A contact that a merge moves stays confirmed, there and back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns of a small table; contacts moved before have none."""

    dependencies = [("members", "0017_channel_identities")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_moved_identity ADD COLUMN IF NOT EXISTS verified_at timestamptz,"
            " ADD COLUMN IF NOT EXISTS verified_by text",
            "ALTER TABLE members_moved_identity DROP COLUMN verified_at, DROP COLUMN verified_by",
            state_operations=[
                migrations.AddField("MovedIdentity", "verified_at", models.DateTimeField(null=True)),
                migrations.AddField("MovedIdentity", "verified_by", models.TextField(null=True)),
            ],
        ),
    ]
