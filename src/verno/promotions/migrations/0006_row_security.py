"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of versions, pauses and budgets."""

    atomic = False  # each table is locked alone
    dependencies = [("promotions", "0005_guards"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("promotions_draft"),
        grants.guard("promotions_pause"),
        grants.guard("promotions_budget_counter"),
        grants.guard("promotions_budget_use"),
    ]
