"""Guards that SQL alone can say: what the application may change, and whose rows it sees."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants and row security of progress."""

    dependencies = [("progress", "0001_initial"), ("kit", "0003_row_security"), ("members", "0006_kinds_and_badges")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE progress_bucket SET (fillfactor = 80);
            ALTER TABLE progress_tier SET (fillfactor = 80);
            ALTER TABLE progress_version
                ADD CONSTRAINT progress_version_track FOREIGN KEY (track_id) REFERENCES progress_track (id);
            """,
            migrations.RunSQL.noop,
        ),
        grants.may("progress_track", update=("removed_at",)),
        grants.may("progress_version", update=("filled_at", "effective_from")),
        grants.may("progress_bucket", update=("amount", "changed_at")),
        grants.may(
            "progress_tier",
            update=(
                *("holder_id", "buying_group", "version", "step", "since", "value", "times", "holds_until"),
                *("grace_until", "warned_for", "is_set", "due_on", "changed_at"),
            ),
        ),
        grants.may("progress_floor", update=("revoked_at",)),
        grants.may("progress_contract", update=("last",)),
        grants.guard("progress_track"),
        grants.guard("progress_version"),
        grants.guard("progress_bucket"),
        grants.guard("progress_tier"),
        grants.guard("progress_floor"),
        grants.guard("progress_contract"),
    ]
