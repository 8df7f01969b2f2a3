"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of catalogue."""

    dependencies = [("catalogue", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        grants.may("catalogue_goods", update=("name", "category", "attributes")),
    ]
