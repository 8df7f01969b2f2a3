"""Guards that SQL alone can say: what the application may change, and whose rows it sees."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants and row security of the Replay Lab."""

    dependencies = [("replay", "0001_initial"), ("kit", "0003_row_security")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE replay_loss
                ADD CONSTRAINT replay_loss_run FOREIGN KEY (run_id) REFERENCES replay_run (id) ON DELETE CASCADE;
            """,
            migrations.RunSQL.noop,
        ),
        grants.may(
            "replay_run",
            update=("state", "done", "total", "worker", "seen_at", "finished_at", "problems", "result", "kept"),
            delete=True,
        ),
        grants.may("replay_loss", delete=True),
        grants.guard("replay_run"),
        grants.guard("replay_loss"),
    ]
