"""How often a worker has taken an upload up: one that ends the worker each time is given up."""

from django.db import migrations, models

from verno.kit.db import APPLICATION


class Migration(migrations.Migration):
    """A column with a constant default: the release before goes on as it did."""

    dependencies = [("imports", "0001_initial")]

    operations = [
        migrations.AddField("upload", "claims", models.IntegerField(default=0, db_default=0)),
        migrations.RunSQL(f"GRANT UPDATE (claims) ON imports_upload TO {APPLICATION}", migrations.RunSQL.noop),
    ]
