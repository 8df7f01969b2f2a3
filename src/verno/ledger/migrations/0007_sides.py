"""What transfers and lots name is looked up once a statement instead of once a row."""

from django.db import migrations

SIDES = """
-- Whoever posts begins with accounts. Who has the transfers and then waits for the accounts would wait in a circle.
LOCK TABLE ledger_account IN EXCLUSIVE MODE;

-- The same promise as the foreign keys had, for a fifth of their price: a batch of 500 receipts asked 2,500 times for
-- the same handful of accounts (docs/adr/0013). What they refused is refused under the same names.
CREATE FUNCTION ledger_transfer_sides_exist() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE side text;
BEGIN
    SELECT s.side INTO side
    FROM (
        SELECT DISTINCT 'debit' AS side, debit_account_id AS id, program_id, unit_id FROM fresh
        UNION ALL
        SELECT DISTINCT 'credit', credit_account_id, program_id, unit_id FROM fresh
    ) s
    WHERE NOT EXISTS (
        SELECT FROM ledger_account a WHERE a.id = s.id AND a.program_id = s.program_id AND a.unit_id = s.unit_id
    )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a transfer''s % account is not there, or is not of its program and unit', side
            USING ERRCODE = 'foreign_key_violation', TABLE = 'ledger_transfer', CONSTRAINT = 'ledger_transfer_' || side;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_transfer_sides_exist AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfer_sides_exist();

CREATE FUNCTION ledger_lot_account_exists() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT holder_id, account_id FROM fresh) l
        WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.holder_id = l.holder_id AND a.id = l.account_id)
    ) THEN
        RAISE EXCEPTION 'a lot''s account is not there, or is not its holder''s'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'ledger_lot', CONSTRAINT = 'ledger_lot_account';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_lot_account_exists AFTER INSERT ON ledger_lot
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_lot_account_exists();

-- The other half of a foreign key: what is named stays. The application may do neither; this is for the owner's hand.
CREATE FUNCTION ledger_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % stays as it is: transfers and lots name it', OLD.id
        USING ERRCODE = 'foreign_key_violation';
END $$;
CREATE TRIGGER ledger_account_stays BEFORE DELETE OR UPDATE OF holder_id, id, program_id, unit_id ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_stays();

ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_debit, DROP CONSTRAINT ledger_transfer_credit;
ALTER TABLE ledger_lot DROP CONSTRAINT ledger_lot_account;
"""


class Migration(migrations.Migration):
    """Statement triggers in the place of row by row foreign keys; nothing is rewritten, each lock is a moment's."""

    dependencies = [("ledger", "0006_row_security")]

    operations = [migrations.RunSQL(SIDES, migrations.RunSQL.noop)]
