"""Tables of reports: figures kept up by a reader of the outbox."""

from django.db import models


class MonthFigures(models.Model):
    """One month's receipts and points of a program, counted from the outbox exactly once per event."""

    pk = models.CompositePrimaryKey("program_id", "month")
    program_id = models.UUIDField()
    month = models.DateField()
    receipts = models.BigIntegerField(default=0)
    unmatched = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    points = models.BigIntegerField(default=0)

    class Meta:
        """Months are local to the program."""

        db_table = "reports_month"
