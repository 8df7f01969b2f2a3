"""A receipt may forget whose it was: what was known of the member goes, sums and status do not."""

from django.db import migrations

BEFORE = """
CREATE OR REPLACE TRIGGER intake_receipt_goes_on BEFORE UPDATE ON intake_receipt
    FOR EACH ROW
    WHEN (NOT (OLD.status = 'held' AND NEW.status IN ('settled', 'cancelled')
               OR OLD.status = 'unmatched' AND NEW.status = 'claimed'))
    EXECUTE FUNCTION intake_receipt_goes_on();
"""
AFTER = """
CREATE OR REPLACE TRIGGER intake_receipt_goes_on BEFORE UPDATE ON intake_receipt
    FOR EACH ROW
    WHEN (NOT (OLD.status = 'held' AND NEW.status IN ('settled', 'cancelled')
               OR OLD.status = 'unmatched' AND NEW.status = 'claimed'
               -- Erasure (privacy_forget): the application has no right to these columns.
               OR OLD.status = NEW.status AND (OLD.facts IS DISTINCT FROM NEW.facts
                                               OR OLD.sought_hash IS DISTINCT FROM NEW.sought_hash)))
    EXECUTE FUNCTION intake_receipt_goes_on();
"""


class Migration(migrations.Migration):
    """The trigger of a receipt's status lets an erasure through."""

    dependencies = [("intake", "0007_facts")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
