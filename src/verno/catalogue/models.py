"""Tables of the catalogue."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Goods(models.Model):
    """What is sold. ``category`` is the path from the department down; goods first met in a receipt have none."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    sku = models.TextField()
    name = models.TextField()
    category = ArrayField(models.TextField(), default=list)
    attributes = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        """One row a stock-keeping unit and program."""

        db_table = "catalogue_goods"
        constraints = [models.UniqueConstraint(fields=["program_id", "sku"], name="catalogue_goods_sku")]
