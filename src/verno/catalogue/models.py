"""Tables of the catalogue."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Goods(models.Model):
    """What is sold. ``category`` is the path from the department down; goods first met in a receipt have none.

    ``cost`` is what one costs the owner, in minor units.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    sku = models.TextField()
    name = models.TextField()
    category = ArrayField(models.TextField(), default=list)
    attributes = models.JSONField(default=dict)
    cost = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        """One row a stock-keeping unit and program."""

        db_table = "catalogue_goods"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "sku"], name="catalogue_goods_sku"),
            models.CheckConstraint(condition=models.Q(cost__gte=0), name="catalogue_goods_cost"),
        ]
