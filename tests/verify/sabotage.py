"""What an insider does before falsifying the books."""

UNLOCK = """
ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_floor, DROP CONSTRAINT ledger_account_program_plain,
    DROP CONSTRAINT ledger_account_debt_first;
ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_sides, DROP CONSTRAINT ledger_transfer_amount,
    DROP CONSTRAINT ledger_transfer_kind;
ALTER TABLE ledger_lot DROP CONSTRAINT ledger_lot_remaining, DROP CONSTRAINT ledger_lot_held;
DROP TRIGGER ledger_transfer_sides_exist ON ledger_transfer;
DROP TRIGGER ledger_lot_account_exists ON ledger_lot;
DROP TRIGGER ledger_account_stays ON ledger_account;
ALTER TABLE ledger_hold DROP CONSTRAINT ledger_hold_state;
ALTER TABLE ledger_hold DISABLE TRIGGER USER;
ALTER TABLE messaging_statement DROP CONSTRAINT messaging_statement_balances;
ALTER TABLE ledger_lot DISABLE TRIGGER USER;
ALTER TABLE intake_receipt DISABLE TRIGGER USER;
"""
"""An insider with the owner's password takes the locks off first."""
