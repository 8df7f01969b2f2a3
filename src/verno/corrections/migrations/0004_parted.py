"""Merges that were undone before anybody noted who had been one."""

from django.db import migrations

PARTED = """
INSERT INTO members_parted (holder_id, into_id, program_id, parted_at)
SELECT holder_id, into_id, program_id, max(undone_at)
FROM corrections_merge
WHERE undone_at IS NOT NULL
GROUP BY holder_id, into_id, program_id
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    """Fill what members keep from now on."""

    dependencies = [("corrections", "0003_row_security"), ("members", "0005_parted")]

    operations = [migrations.RunSQL(PARTED, migrations.RunSQL.noop)]
