"""What is worse than a rest takes its place."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """One right more."""

    dependencies = [("messaging", "0014_parked")]

    operations = [grants.may("messaging_suppression", insert=False, update=("reason", "source", "created_at"))]
