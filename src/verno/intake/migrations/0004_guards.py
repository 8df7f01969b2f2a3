"""What of a sale may change afterwards: its status, forward only, and whose its number is once it is claimed."""

from django.db import migrations

from verno.kit import grants

ONWARD = """
CREATE FUNCTION intake_receipt_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'receipt % is % and does not become %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER intake_receipt_goes_on BEFORE UPDATE ON intake_receipt
    FOR EACH ROW
    WHEN (NOT (OLD.status = 'held' AND NEW.status IN ('settled', 'cancelled')
               OR OLD.status = 'unmatched' AND NEW.status = 'claimed'))
    EXECUTE FUNCTION intake_receipt_goes_on();
"""


class Migration(migrations.Migration):
    """Grants and the trigger of a receipt's status."""

    dependencies = [("intake", "0003_steps_and_returns"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(ONWARD, migrations.RunSQL.noop),
        grants.may("intake_receipt", update=("status",)),
        grants.may("intake_receipt_claim", update=("holder_id",)),
        grants.may("intake_step"),
        grants.may("intake_return"),
        grants.may("intake_parked", delete=True),
    ]
