"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of messaging."""

    dependencies = [("messaging", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        grants.may(
            "messaging_message",
            update=(
                "state",
                "reason",
                "decision",
                "attempts",
                "due_at",
                "claimed_by",
                "claimed_until",
                "message_id",
                "response",
                "changed_at",
            ),
        ),
        grants.may("messaging_statement"),
        grants.may("messaging_suppression"),
    ]
