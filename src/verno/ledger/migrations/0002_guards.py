"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants, foreign keys of ledger."""

    dependencies = [("ledger", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE ledger_account SET (fillfactor = 70);
            ALTER TABLE ledger_transfer
                ADD CONSTRAINT ledger_transfer_debit FOREIGN KEY (debit_account_id, program_id, unit_id)
                    REFERENCES ledger_account (id, program_id, unit_id),
                ADD CONSTRAINT ledger_transfer_credit FOREIGN KEY (credit_account_id, program_id, unit_id)
                    REFERENCES ledger_account (id, program_id, unit_id);
            ALTER TABLE ledger_lot
                ADD CONSTRAINT ledger_lot_account FOREIGN KEY (holder_id, account_id)
                    REFERENCES ledger_account (holder_id, id);
            CREATE INDEX ledger_transfer_story ON ledger_transfer (holder_id, at, id);
            CREATE FUNCTION ledger_lots_at(holder uuid, account uuid, moment timestamptz)
            RETURNS TABLE (available bigint, pending bigint)
            LANGUAGE sql STABLE
            AS $$
                -- The one reading of lots past an account's next_change_at; no moment means nothing to read.
                SELECT coalesce(sum(remaining) FILTER (
                           WHERE active_from <= moment AND (expires_at IS NULL OR expires_at > moment)), 0)::bigint,
                       coalesce(sum(remaining) FILTER (
                           WHERE active_from > moment AND (expires_at IS NULL OR expires_at > moment)), 0)::bigint
                FROM ledger_lot
                WHERE moment IS NOT NULL AND holder_id = holder AND account_id = account AND remaining > 0
            $$;
            """,
            migrations.RunSQL.noop,
        ),
        grants.may("ledger_account", update=("available", "pending", "held", "next_change_at", "changed_at")),
        grants.may("ledger_operation"),
        grants.may("ledger_transfer"),
        grants.may("ledger_lot", update=("remaining",)),
        grants.may("ledger_lot_move"),
    ]
