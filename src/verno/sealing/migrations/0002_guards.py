"""Guards that SQL alone can say: blocks, heads and notices are only added; leaves are noise, not worth compressing."""

from django.db import migrations

from verno.kit import grants

PLAIN_BYTES = """
ALTER TABLE sealing_block ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN leaves SET STORAGE EXTERNAL;
ALTER TABLE sealing_snapshot ALTER COLUMN accounts SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    """Grants of sealing."""

    dependencies = [("sealing", "0001_initial"), ("kit", "0002_guards"), ("ledger", "0004_guards")]

    operations = [
        migrations.RunSQL(PLAIN_BYTES, migrations.RunSQL.noop),
        grants.may("sealing_block"),
        grants.may("sealing_head"),
        grants.may("sealing_snapshot", delete=True),
        grants.may("sealing_notice"),
    ]
