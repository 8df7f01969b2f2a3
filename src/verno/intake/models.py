"""Tables of intake: the claim of each number, receipts with their lines and steps, returns, and imports' progress."""

from django.db import models


class ReceiptClaim(models.Model):
    """A number belongs to one receipt or return for ever; ``receipt_id`` is its id, ``holder_id`` who owns it now."""

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
    ``sought_kind`` and ``sought_hash`` keep whom the till named. Once claimed, a second row with the same id belongs to
    the member, and its ``lines_holder_id`` says under whom the lines lie. Only ``status`` ever changes: what a capture
    settled in part, what came back, lies in ``Step`` and ``Return``.

    ``spent`` is what points paid (``intake.types.Spent``), ``points_value`` their worth in minor units, ``given`` the
    points by unit where a cap gave fewer than the rules said. ``facts`` is what rules knew of the member, the place and
    the goods (``settling.remembering``), ``taken_off`` the sum of their discounts in minor units.
    """

    pk = models.CompositePrimaryKey("id", "holder_id")
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
    spent = models.JSONField(null=True)
    points_value = models.BigIntegerField(db_default=0)
    given = models.JSONField(null=True)
    hold_expires_at = models.DateTimeField(null=True)
    claim_code = models.TextField(null=True)
    lines_holder_id = models.UUIDField(null=True)
    approved_by = models.UUIDField(null=True)
    facts = models.JSONField(null=True)
    taken_off = models.BigIntegerField(db_default=0)

    class Meta:
        """Lines are summed into ``amount``; a member's receipts are read newest first."""

        db_table = "intake_receipt"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["held", "settled", "cancelled", "unmatched", "claimed"]),
                name="intake_receipt_status",
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0, points__gte=0), name="intake_receipt_floor"),
            models.CheckConstraint(
                condition=models.Q(points_value__gte=0, points_value__lte=models.F("amount")),
                name="intake_receipt_paid",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_off__gte=0, taken_off__lte=models.F("amount") - models.F("points_value")),
                name="intake_receipt_off",
            ),
            models.UniqueConstraint(
                fields=["program_id", "claim_code"],
                condition=models.Q(claim_code__isnull=False, lines_holder_id__isnull=True),
                name="intake_receipt_code",
            ),
        ]


class ReceiptLine(models.Model):
    """One line of a receipt. ``amount`` is its price after the till's own discounts, in minor units."""

    pk = models.CompositePrimaryKey("receipt_id", "holder_id", "line")
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


class Step(models.Model):
    """What became of a receipt after it was taken, with the answer that a replay gets for ever.

    ``slot`` admits one of its kind: ``resolve`` a capture or a cancel, ``claim``, ``activate/<event>``. ``kept`` are
    the captured quantities in thousandths by line (null: all), ``earned`` and ``spent`` points by unit.
    """

    pk = models.CompositePrimaryKey("holder_id", "receipt_id", "slot")
    holder_id = models.UUIDField()
    receipt_id = models.UUIDField()
    slot = models.TextField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    till = models.TextField(null=True)
    cashier = models.TextField(null=True)
    fiscal_number = models.TextField(null=True)
    member_id = models.UUIDField(null=True)
    kept = models.JSONField(null=True)
    points = models.BigIntegerField(db_default=0)
    points_value = models.BigIntegerField(db_default=0)
    earned = models.JSONField(null=True)
    spent = models.JSONField(null=True)
    verdict = models.JSONField(null=True)
    fingerprint = models.BinaryField()
    answer = models.TextField()

    class Meta:
        """One winner a slot."""

        db_table = "intake_step"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["capture", "cancel", "claim", "activate"]), name="intake_step_kind"
            ),
            models.CheckConstraint(condition=models.Q(points__gte=0, points_value__gte=0), name="intake_step_floor"),
        ]


class Return(models.Model):
    """A return of a sale, or the refusal of one that had been parked. Never changed.

    ``lines`` are thousandths by line, ``taken`` and ``put`` points by unit, ``refund`` money to give back.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    place_id = models.UUIDField()
    series = models.TextField()
    number = models.TextField()
    till = models.TextField(null=True)
    cashier = models.TextField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    status = models.TextField()
    original_id = models.UUIDField()
    lines = models.JSONField()
    refund = models.BigIntegerField()
    points_value = models.BigIntegerField()
    taken = models.JSONField()
    put = models.JSONField()
    answer = models.TextField()

    class Meta:
        """Found by the sale they return."""

        db_table = "intake_return"
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=["settled", "refused"]), name="intake_return_status"),
            models.CheckConstraint(condition=models.Q(refund__gte=0, points_value__gte=0), name="intake_return_floor"),
        ]
        indexes = [
            models.Index(fields=["original_id"], name="intake_return_original"),
            models.Index(fields=["id"], name="intake_return_by_id"),
        ]


class Parked(models.Model):
    """A return whose sale has not come yet; gone once it is applied."""

    pk = models.CompositePrimaryKey("program_id", "id")
    program_id = models.UUIDField()
    id = models.UUIDField()
    place_id = models.UUIDField()
    series = models.TextField()
    number = models.TextField()
    original_place_id = models.UUIDField()
    original_series = models.TextField()
    original_number = models.TextField()
    request = models.JSONField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    answer = models.TextField()

    class Meta:
        """Found by the number of the sale they wait for."""

        db_table = "intake_parked"
        indexes = [
            models.Index(
                fields=["original_place_id", "original_series", "original_number"],
                name="intake_parked_original",
            )
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
