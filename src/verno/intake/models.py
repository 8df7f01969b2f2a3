"""Tables of intake: the claim of each receipt's number, the receipt, its lines, and the progress of imports."""

from django.db import models


class ReceiptClaim(models.Model):
    """A receipt's number belongs to one receipt for ever."""

    pk = models.CompositePrimaryKey("program_id", "place_id", "series", "number")
    program_id = models.UUIDField()
    place_id = models.UUIDField()
    series = models.TextField()
    number = models.TextField()
    holder_id = models.UUIDField()
    receipt_id = models.UUIDField()
    fingerprint = models.BinaryField()

    class Meta:
        """Narrow and unpartitioned."""

        db_table = "intake_receipt_claim"


class Receipt(models.Model):
    """A sale. ``verdict`` holds the rules that fired with their numbers, ``answer`` the bytes that were answered.

    ``holder_id`` is the member's, or the place's anonymous holder while the receipt is ``unmatched``; then
    ``sought_kind`` and ``sought_hash`` keep whom the till named.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    place_id = models.UUIDField()
    till_id = models.UUIDField(null=True)
    series = models.TextField()
    number = models.TextField()
    fiscal_number = models.TextField(null=True)
    cashier = models.TextField(null=True)
    channel = models.TextField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    status = models.TextField()
    amount = models.BigIntegerField()
    discount = models.BigIntegerField()
    line_count = models.IntegerField()
    points = models.BigIntegerField()
    payments = models.JSONField(null=True)
    attributes = models.JSONField(null=True)
    sought_kind = models.TextField(null=True)
    sought_hash = models.BinaryField(null=True)
    rulebook_id = models.UUIDField(null=True)
    verdict = models.JSONField(null=True)
    answer = models.TextField()

    class Meta:
        """Lines are summed into ``amount``; a member's receipts are read newest first."""

        db_table = "intake_receipt"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["settled", "unmatched"]), name="intake_receipt_status"
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0, points__gte=0), name="intake_receipt_floor"),
        ]


class ReceiptLine(models.Model):
    """One line of a receipt. ``amount`` is its price after the till's own discounts, in minor units."""

    pk = models.CompositePrimaryKey("holder_id", "receipt_id", "line")
    holder_id = models.UUIDField()
    receipt_id = models.UUIDField()
    line = models.SmallIntegerField()
    goods_id = models.UUIDField()
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    amount = models.BigIntegerField()
    discount = models.BigIntegerField()
    attributes = models.JSONField(null=True)

    class Meta:
        """Written by COPY with their receipt."""

        db_table = "intake_receipt_line"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=0, amount__gte=0, discount__gte=0), name="intake_line_floor"
            ),
        ]


class ImportRun(models.Model):
    """How far the import of one file has come; a second run of the same file goes on from there."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    kind = models.TextField()
    file_sha256 = models.TextField()
    file_name = models.TextField()
    rows_done = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """One row a file and kind."""

        db_table = "intake_import_run"
        constraints = [models.UniqueConstraint(fields=["program_id", "kind", "file_sha256"], name="intake_import_once")]
