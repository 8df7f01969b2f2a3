"""The application's role, and the outbox's order."""

from django.db import migrations

from verno.kit import grants

OUTBOX_ORDER = """
ALTER TABLE kit_event
    ALTER COLUMN xid TYPE xid8 USING xid::text::xid8,
    ALTER COLUMN xid SET DEFAULT pg_current_xact_id(),
    ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY,
    ALTER COLUMN body TYPE json;  -- written once and handed on whole: nothing to build, nothing to index
ALTER TABLE kit_cursor
    ALTER COLUMN xid DROP DEFAULT,
    ALTER COLUMN xid TYPE xid8 USING xid::text::xid8;
"""


class Migration(migrations.Migration):
    """The role that the application runs as, and 64-bit transaction ids in the outbox."""

    dependencies = [("kit", "0001_initial")]

    operations = [
        migrations.RunSQL(grants.MAKE_ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(OUTBOX_ORDER, migrations.RunSQL.noop),
        grants.may("kit_event"),
        grants.may("kit_cursor", update=("xid", "position", "moved_at")),
        grants.may("kit_heartbeat", update=("at",)),
    ]
