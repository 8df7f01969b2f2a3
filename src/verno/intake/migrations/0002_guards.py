"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of intake."""

    dependencies = [("intake", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX intake_receipt_by_id ON intake_receipt (id);
            CREATE INDEX intake_receipt_story ON intake_receipt (holder_id, at, id);
            """,
            migrations.RunSQL.noop,
        ),
        grants.may("intake_receipt_claim"),
        grants.may("intake_receipt"),
        grants.may("intake_receipt_line"),
        grants.may("intake_import_run", update=("rows_done", "accepted", "refused", "finished_at", "file_name")),
    ]
