"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of reports."""

    dependencies = [("reports", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        grants.may("reports_month", update=("receipts", "unmatched", "amount", "points")),
    ]
