"""Tables of promotions."""

from django.db import models


class Rulebook(models.Model):
    """One published set of rules; a receipt is settled by the rulebook of its own moment. Never changed."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    version = models.IntegerField()
    body = models.JSONField()
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField()

    class Meta:
        """Versions count from 1."""

        db_table = "promotions_rulebook"
        constraints = [models.UniqueConstraint(fields=["program_id", "version"], name="promotions_rulebook_version")]
