"""What those answered to whom a member's data had been passed on."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """One small table that is only ever added to."""

    dependencies = [("privacy", "0006_handouts")]

    operations = [
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.UUIDField()),
                ("erasure_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("by", models.TextField()),
                ("processor", models.TextField()),
                ("words", models.TextField()),
            ],
            options={"db_table": "privacy_answer"},
        ),
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(fields=["erasure_id", "at"], name="privacy_answer_of"),
        ),
        grants.may("privacy_answer"),
        grants.guard("privacy_answer"),
    ]
