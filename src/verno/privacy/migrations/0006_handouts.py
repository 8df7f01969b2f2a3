"""Links by which members fetch what is held of them."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """One small table."""

    dependencies = [("privacy", "0005_salts")]

    operations = [
        migrations.CreateModel(
            name="Handout",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("holder_id", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
                ("until", models.DateTimeField()),
                ("sent_to", models.TextField()),
                ("code_to", models.TextField()),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "privacy_handout"},
        ),
        migrations.AddIndex(
            model_name="handout",
            index=models.Index(fields=["holder_id", "-created_at"], name="privacy_handout_of"),
        ),
        grants.may("privacy_handout", update=("until", "used_at")),
        grants.guard("privacy_handout"),
    ]
