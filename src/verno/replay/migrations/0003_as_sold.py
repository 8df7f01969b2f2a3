"""Runs say whether what came back of receipts is taken out: those from before there was a choice did not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a default, so that a server of the version before goes on starting runs as it does them."""

    dependencies = [("replay", "0002_guards")]

    operations = [
        migrations.AddField(model_name="run", name="as_sold", field=models.BooleanField(db_default=True)),
    ]
