"""Points can get a later end."""

from django.db import migrations, models

KINDS = [
    *("earn", "spend", "expire", "take_back", "put_back", "repay", "write_off", "adjust"),
    *("open", "send", "receive", "merge", "reinstate", "erase", "recover", "extend"),
]

NEW_KIND = f"""
-- Whoever has the old kinds has the new ones, so nothing needs to be read while everybody waits.
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_kind,
    ADD CONSTRAINT ledger_transfer_kind CHECK (kind IN ({", ".join(f"'{kind}'" for kind in KINDS)})) NOT VALID
"""


class Migration(migrations.Migration):
    """A kind of transfer; the previous release goes on meanwhile, and reads such lots as any others."""

    atomic = False  # the kinds are checked beside the running house
    dependencies = [("ledger", "0009_pauses")]

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
    ]
