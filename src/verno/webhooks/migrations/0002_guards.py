"""Guards that SQL alone can say: what the application may change, and whose rows it sees."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants and row security of webhooks."""

    dependencies = [("webhooks", "0001_initial"), ("kit", "0003_row_security")]

    operations = [
        grants.may(
            "webhooks_endpoint",
            update=(
                "url",
                "description",
                "types",
                "state",
                "reason",
                "secret",
                "old_secret",
                "old_secret_until",
                "failing_since",
                "quiet_until",
                "changed_at",
            ),
            delete=True,
        ),
        grants.may(
            "webhooks_delivery",
            update=("state", "attempts", "due_at", "claimed_by", "status", "response", "changed_at"),
            delete=True,
        ),
        grants.may("webhooks_source", update=("secret",), delete=True),
        grants.may("webhooks_incoming", update=("state",), delete=True),
        grants.guard("webhooks_endpoint"),
        grants.guard("webhooks_delivery"),
        grants.guard("webhooks_source"),
        grants.guard("webhooks_incoming"),
    ]
