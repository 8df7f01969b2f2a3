"""What a return had let go can be recovered out of what another one puts back."""

from django.db import migrations, models

KINDS = [
    *("earn", "spend", "expire", "take_back", "put_back", "repay", "write_off", "adjust"),
    *("open", "send", "receive", "merge", "reinstate", "erase", "recover"),
]

NEW_KIND = f"""
-- Whoever has the old kinds has the new ones, so nothing needs to be read while everybody waits.
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_kind,
    ADD CONSTRAINT ledger_transfer_kind CHECK (kind IN ({", ".join(f"'{kind}'" for kind in KINDS)})) NOT VALID
"""

INDEXES = {
    # What is let go of a member: read whenever points are put back, and empty for nearly everybody.
    "ledger_transfer_let_go": "(holder_id, unit_id) WHERE kind = 'write_off' AND reverses_id IS NOT NULL",
    # By the write-off alone: after a merge that was undone, another member's story may tell of it.
    "ledger_transfer_recovers": "(reverses_id) WHERE kind = 'recover'",
}


def _index(name: str, on: str) -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
        migrations.RunSQL(f"CREATE INDEX CONCURRENTLY {name} ON ledger_transfer {on}", migrations.RunSQL.noop),
    ]


class Migration(migrations.Migration):
    """A kind of transfer and two small indexes; the previous release goes on meanwhile, and its write-offs stay so."""

    atomic = False  # the kinds are checked, and indexes built, beside the running house
    dependencies = [("ledger", "0007_sides")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(NEW_KIND, migrations.RunSQL.noop),
                migrations.RunSQL(
                    "ALTER TABLE ledger_transfer VALIDATE CONSTRAINT ledger_transfer_kind", migrations.RunSQL.noop
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint("Transfer", "ledger_transfer_kind"),
                migrations.AddConstraint(
                    "Transfer",
                    models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="ledger_transfer_kind"),
                ),
            ],
        ),
        *[step for name, on in INDEXES.items() for step in _index(name, on)],
    ]
