"""How fast providers may be asked, shared by all workers; addresses that come back are written to again."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A handful of rows of no program, and one right more."""

    dependencies = [("messaging", "0011_guard_disputes")]

    operations = [
        migrations.CreateModel(
            name="Pace",
            fields=[("key", models.TextField(primary_key=True, serialize=False)), ("free_at", models.DateTimeField())],
            options={"db_table": "messaging_pace"},
        ),
        grants.may("messaging_pace", update=("free_at",), delete=True),
        grants.may("messaging_suppression", delete=True),
    ]
