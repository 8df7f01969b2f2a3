"""The ledger's tables. Constraints that SQL alone can say (composite keys, grants) are in the migrations."""

from django.db import models
from django.db.models import F, Q

KINDS = [
    *("earn", "spend", "expire", "take_back", "put_back", "repay", "write_off", "adjust"),
    *("open", "send", "receive", "merge", "reinstate", "erase", "recover", "extend"),
]


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
    debt = models.BigIntegerField(db_default=0)
    next_change_at = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """Floors, and one account per holder, unit and kind."""

        db_table = "ledger_account"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "unit_id", "kind"], name="ledger_account_one"),
            models.UniqueConstraint(fields=["id", "program_id", "unit_id"], name="ledger_account_side"),
            models.CheckConstraint(
                condition=Q(available__gte=0, pending__gte=0, held__gte=0, debt__gte=0), name="ledger_account_floor"
            ),
            models.CheckConstraint(condition=Q(debt=0) | Q(available=0), name="ledger_account_debt_first"),
            models.CheckConstraint(
                condition=Q(kind="member")
                | Q(available=0, pending=0, held=0, debt=0, next_change_at=None, lapses_at=None),
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
    reverses_id = models.UUIDField(null=True)
    txid = models.BigIntegerField(db_default=0)

    class Meta:
        """Both sides are of the row's program and unit (a trigger in the migration, docs/adr/0013).

        ``txid`` is the database transaction that wrote the row: history is sealed in its order.
        """

        db_table = "ledger_transfer"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_transfer_amount"),
            models.CheckConstraint(condition=~Q(debit_account_id=F("credit_account_id")), name="ledger_transfer_sides"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="ledger_transfer_kind"),
        ]


class Lot(models.Model):
    """Points that live and die together. ``id`` is its source transfer's; ``transfer_id`` says the same, for 0.1."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    account_id = models.UUIDField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    held = models.BigIntegerField(db_default=0)
    active_from = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    awaits = models.TextField(null=True)
    restores_id = models.UUIDField(null=True)
    transfer_id = models.UUIDField()

    class Meta:
        """Open lots are found by a partial index, so closed ones cost nothing."""

        db_table = "ledger_lot"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")), name="ledger_lot_remaining"
            ),
            models.CheckConstraint(condition=Q(held__gte=0, held__lte=F("remaining")), name="ledger_lot_held"),
        ]
        indexes = [
            models.Index(fields=["holder_id", "account_id"], name="ledger_lot_open", condition=Q(remaining__gt=0)),
        ]


class LotMove(models.Model):
    """How much a transfer took out of a lot; into it, when the transfer credits the lot's account."""

    pk = models.CompositePrimaryKey("holder_id", "lot_id", "transfer_id")
    holder_id = models.UUIDField()
    lot_id = models.UUIDField()
    transfer_id = models.UUIDField()
    amount = models.BigIntegerField()

    class Meta:
        """Never changed, never deleted."""

        db_table = "ledger_lot_move"
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_lot_move_amount")]


class Hold(models.Model):
    """Points of one account set aside by one operation. A trigger keeps an ended hold as it is: one winner each."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    account_id = models.UUIDField()
    operation_id = models.UUIDField()
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(db_default=0)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(db_default="open")

    class Meta:
        """Open holds are found by a partial index."""

        db_table = "ledger_hold"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "account_id", "operation_id"], name="ledger_hold_one"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, captured__gte=0, captured__lte=F("amount")), name="ledger_hold_amount"
            ),
            models.CheckConstraint(
                condition=Q(state="captured") | Q(state__in=["open", "released", "lapsed"], captured=0),
                name="ledger_hold_state",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_id", "account_id"], name="ledger_hold_open", condition=Q(state="open")),
        ]


class HoldLot(models.Model):
    """How much of a lot a hold has set aside."""

    pk = models.CompositePrimaryKey("holder_id", "hold_id", "lot_id")
    holder_id = models.UUIDField()
    hold_id = models.UUIDField()
    lot_id = models.UUIDField()
    amount = models.BigIntegerField()

    class Meta:
        """Never changed, never deleted."""

        db_table = "ledger_hold_lot"
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_hold_lot_amount")]


class Day(models.Model):
    """A business date whose activations and expiries have been told."""

    pk = models.CompositePrimaryKey("program_id", "day")
    program_id = models.UUIDField()
    day = models.DateField()
    told_at = models.DateTimeField()

    class Meta:
        """One row a program and date."""

        db_table = "ledger_day"


class Pause(models.Model):
    """A span in which a unit's accounts do not lapse: from when it left the sliding model until after it came back.

    An account's end that falls into it is none. ``until_at`` null: the unit has not come back.
    """

    pk = models.CompositePrimaryKey("unit_id", "from_at")
    unit_id = models.UUIDField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    program_id = models.UUIDField()

    class Meta:
        """One row a leaving."""

        db_table = "ledger_pause"
