"""Goods may have a cost, for margins."""

from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Nobody has one yet."""

    dependencies = [("catalogue", "0003_row_security")]

    operations = [
        migrations.AddField("Goods", "cost", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "Goods", models.CheckConstraint(condition=models.Q(cost__gte=0), name="catalogue_goods_cost")
        ),
        grants.may("catalogue_goods", update=("name", "category", "attributes", "cost")),
    ]
