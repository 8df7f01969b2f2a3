"""The count of failed sign-ins."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Table and grants of the console."""

    initial = True

    dependencies = [("kit", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="SignInCount",
            fields=[
                ("account_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("failures", models.IntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={"db_table": "console_sign_in_count"},
        ),
        grants.may("console_sign_in_count", update=("failures", "last_at"), delete=True),
    ]
