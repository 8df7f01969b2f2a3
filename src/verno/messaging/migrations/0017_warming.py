"""A new mail domain is warmed up: days are counted, and turns remember in which day they have a place."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """A few rows of no program; the previous release takes turns without places."""

    dependencies = [("messaging", "0016_providers")]

    operations = [
        migrations.CreateModel(
            name="Warming",
            fields=[
                ("pk", models.CompositePrimaryKey("domain", "day", primary_key=True, serialize=False)),
                ("domain", models.TextField()),
                ("day", models.DateField()),
                ("most", models.IntegerField()),
                ("taken", models.IntegerField()),
            ],
            options={"db_table": "messaging_warming"},
        ),
        migrations.AddField(model_name="turn", name="warmed_for", field=models.TextField(null=True)),
        migrations.AddField(model_name="turn", name="warmed_on", field=models.DateField(null=True)),
        grants.may("messaging_warming", update=("taken",)),
        grants.may("messaging_turn", insert=False, update=("warmed_for", "warmed_on")),
    ]
