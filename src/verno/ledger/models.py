"""The ledger's tables. Constraints that SQL alone can say (composite keys, grants) are in the migrations."""

from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """Points of one unit of one holder; program accounts have no cached balance and are never locked."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    unit_id = models.UUIDField()
    kind = models.TextField()
    available = models.BigIntegerField(db_default=0)
    pending = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    next_change_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """Floors, and one account per holder, unit and kind."""

        db_table = "ledger_account"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "unit_id", "kind"], name="ledger_account_one"),
            models.UniqueConstraint(fields=["id", "program_id", "unit_id"], name="ledger_account_side"),
            models.CheckConstraint(
                condition=Q(available__gte=0, pending__gte=0, held__gte=0), name="ledger_account_floor"
            ),
            models.CheckConstraint(
                condition=Q(kind="member") | Q(available=0, pending=0, held=0, next_change_at=None),
                name="ledger_account_program_plain",
            ),
        ]
        indexes = [
            models.Index(
                fields=["program_id", "next_change_at"],
                name="ledger_account_due",
                condition=Q(next_change_at__isnull=False),
            ),
        ]


class Operation(models.Model):
    """The claim of an operation's key: for ever, in the transaction of its effect."""

    pk = models.CompositePrimaryKey("program_id", "key")
    program_id = models.UUIDField()
    key = models.TextField()
    id = models.UUIDField()
    holder_id = models.UUIDField()
    fingerprint = models.BinaryField()

    class Meta:
        """Narrow and unpartitioned."""

        db_table = "ledger_operation"


class Transfer(models.Model):
    """A debit and a credit in one row; never changed, never deleted."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    unit_id = models.UUIDField()
    debit_account_id = models.UUIDField()
    credit_account_id = models.UUIDField()
    amount = models.BigIntegerField()
    kind = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    operation_id = models.UUIDField(null=True)

    class Meta:
        """Both sides are of the row's program and unit (composite foreign keys in the migration)."""

        db_table = "ledger_transfer"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_transfer_amount"),
            models.CheckConstraint(condition=~Q(debit_account_id=F("credit_account_id")), name="ledger_transfer_sides"),
            models.CheckConstraint(condition=Q(kind__in=["earn", "spend", "expire"]), name="ledger_transfer_kind"),
        ]


class Lot(models.Model):
    """Points that live and die together; only ``remaining`` ever changes, and only downwards by moves."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    account_id = models.UUIDField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    active_from = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    transfer_id = models.UUIDField()

    class Meta:
        """Open lots are found by a partial index, so closed ones cost nothing."""

        db_table = "ledger_lot"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")), name="ledger_lot_remaining"
            ),
        ]
        indexes = [
            models.Index(fields=["holder_id", "account_id"], name="ledger_lot_open", condition=Q(remaining__gt=0)),
        ]


class LotMove(models.Model):
    """How much of a lot a transfer took."""

    pk = models.CompositePrimaryKey("holder_id", "lot_id", "transfer_id")
    holder_id = models.UUIDField()
    lot_id = models.UUIDField()
    transfer_id = models.UUIDField()
    amount = models.BigIntegerField()

    class Meta:
        """Never changed, never deleted."""

        db_table = "ledger_lot_move"
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_lot_move_amount")]
