"""Templates that programs write: published versions, which nobody changes any more, and one draft of each code."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """New tables; the previous release knows no message that names them, and rejects one as not renderable."""

    dependencies = [("messaging", "0006_early_receipts")]

    operations = [
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "code", "version", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("code", models.TextField()),
                ("version", models.IntegerField()),
                ("body", models.JSONField()),
                ("compiled", models.JSONField()),
                ("because", models.TextField(null=True)),
                ("published_at", models.DateTimeField()),
                ("published_by", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "messaging_template"},
        ),
        migrations.CreateModel(
            name="TemplateDraft",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "code", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program_id", models.UUIDField()),
                ("code", models.TextField()),
                ("version", models.IntegerField()),
                ("body", models.JSONField()),
                ("compiled", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={"db_table": "messaging_template_draft"},
        ),
        grants.may("messaging_template", update=("retired_at",)),
        grants.may(
            "messaging_template_draft",
            update=("version", "body", "compiled", "created_at", "created_by", "changed_at"),
            delete=True,
        ),
        grants.guard("messaging_template"),
        grants.guard("messaging_template_draft"),
    ]
