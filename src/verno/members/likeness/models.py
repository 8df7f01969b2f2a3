"""Tables of likely duplicates."""

from django.db import models


class Duplicate(models.Model):
    """Two members who may be one, ``one_id`` the smaller; ``reasons`` are codes. Said to be two, it stays said."""

    pk = models.CompositePrimaryKey("one_id", "other_id")
    one_id = models.UUIDField()
    other_id = models.UUIDField()
    program_id = models.UUIDField()
    score = models.SmallIntegerField()
    reasons = models.JSONField()
    found_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.TextField(null=True)

    class Meta:
        """A few rows for a hundred members."""

        db_table = "members_duplicate"
        constraints = [
            models.CheckConstraint(condition=models.Q(one_id__lt=models.F("other_id")), name="members_duplicate_once"),
        ]
        indexes = [
            models.Index(fields=["other_id"], name="members_duplicate_other"),
            models.Index(
                models.F("program_id"),
                models.F("score").desc(),
                models.F("one_id"),
                condition=models.Q(dismissed_at__isnull=True),
                name="members_duplicate_open",
            ),
        ]


class Compared(models.Model):
    """How far the finder of duplicates has looked: the last member in the order of their changes."""

    program_id = models.UUIDField(primary_key=True)
    changed_at = models.DateTimeField()
    id = models.UUIDField()

    class Meta:
        """One row a program."""

        db_table = "members_compared"
