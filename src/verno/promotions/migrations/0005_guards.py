"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants

DRAFT = (
    "title",
    "body",
    "based_on",
    "editors",
    "revision",
    "state",
    "changed_at",
    "submitted_by",
    "submitted_at",
    "reviewer",
    "reviewed_at",
    "comment",
    "publish_at",
    "version",
    "result",
    "above_budget",
    "approved_above_budget",
)


class Migration(migrations.Migration):
    """Grants of versions, pauses and budgets."""

    dependencies = [("promotions", "0004_versions")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE promotions_budget_counter SET (fillfactor = 70)",
            migrations.RunSQL.noop,
        ),
        grants.may("promotions_rulebook", update=("withdrawn_at",)),
        grants.may("promotions_draft", update=DRAFT),
        grants.may("promotions_pause", update=("resumed_at", "resumed_by")),
        grants.may("promotions_budget_counter", update=("used", "held", "told", "changed_at")),
        grants.may("promotions_budget_use", update=("amount", "until")),
    ]
