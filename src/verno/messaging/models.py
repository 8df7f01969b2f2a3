"""Tables of messaging."""

from django.db import models

STATES = [
    *("queued", "claimed", "handing_over", "accepted", "rejected", "deferred", "uncertain", "withheld"),
    *("delivered", "opened", "clicked", "bounced", "complained"),
]
DISPUTE_STATES = ["open", "looking", "upheld", "rejected"]


class Message(models.Model):
    """One message to one member over one channel, with its state and the decision behind it.

    ``dedupe_key`` names the occasion (``statement/2026-10``): one message per member, channel and occasion.
    ``context`` holds the template's figures, never an address. ``reference`` is the provider's own name for it.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    channel = models.TextField()
    topic = models.TextField()
    class_name = models.TextField()
    template = models.TextField()
    locale = models.TextField()
    context = models.JSONField()
    dedupe_key = models.TextField()
    state = models.TextField()
    reason = models.TextField(null=True)
    decision = models.JSONField()
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_by = models.TextField(null=True)
    claimed_until = models.DateTimeField(null=True)
    message_id = models.TextField(null=True)
    response = models.TextField(null=True)
    reference = models.TextField(null=True)
    valid_until = models.DateTimeField(null=True)
    urgent = models.BooleanField(db_default=False)
    lapsed = models.SmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """The rows are the queue: claimed by due time with SKIP LOCKED. The index of lanes is in the migration."""

        db_table = "messaging_message"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "dedupe_key", "channel"], name="messaging_message_once"),
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="messaging_message_state"),
        ]
        indexes = [
            models.Index(
                fields=["claimed_until"],
                name="messaging_message_leases",
                condition=models.Q(state__in=["claimed", "handing_over"]),
            ),
            models.Index(
                fields=["channel", "reference"],
                name="messaging_message_reference",
                condition=models.Q(reference__isnull=False),
            ),
            models.Index(fields=["program_id", "state"], name="messaging_message_by_state"),
            models.Index(
                fields=["channel", "due_at"],
                name="messaging_message_suspects",
                condition=models.Q(lapsed__gt=0, state__in=["queued", "deferred", "claimed"]),
            ),
        ]


class Statement(models.Model):
    """The figures of one member's monthly points statement, as they were told; opening is the last closing."""

    pk = models.CompositePrimaryKey("holder_id", "unit_id", "month")
    holder_id = models.UUIDField()
    unit_id = models.UUIDField()
    month = models.DateField()
    program_id = models.UUIDField()
    opening = models.BigIntegerField()
    earlier = models.BigIntegerField()
    earned = models.BigIntegerField()
    spent = models.BigIntegerField()
    expired = models.BigIntegerField()
    closing = models.BigIntegerField()
    expiring = models.JSONField()
    cut_at = models.DateTimeField()

    class Meta:
        """Figures balance by constraint; the hourly job asks whether a program's month is there."""

        db_table = "messaging_statement"
        indexes = [models.Index(fields=["program_id", "month"], name="messaging_statement_month")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    closing=models.F("opening")
                    + models.F("earlier")
                    + models.F("earned")
                    - models.F("spent")
                    - models.F("expired")
                ),
                name="messaging_statement_balances",
            ),
        ]


class Suppression(models.Model):
    """An address that must not be written to, by keyed hash; survives the member's erasure."""

    pk = models.CompositePrimaryKey("program_id", "channel", "address_hash")
    program_id = models.UUIDField()
    channel = models.TextField()
    address_hash = models.BinaryField()
    reason = models.TextField()
    source = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        """Checked last, before the hand-over."""

        db_table = "messaging_suppression"


class Turn(models.Model):
    """An advertisement's turn at a member, reserved when it is claimed; caps count these."""

    pk = models.CompositePrimaryKey("holder_id", "message_id")
    holder_id = models.UUIDField()
    message_id = models.UUIDField()
    program_id = models.UUIDField()
    channel = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Goes when its message did not leave, and when no cap looks so far back."""

        db_table = "messaging_turn"
        indexes = [models.Index(fields=["at"], name="messaging_turn_at")]


class Stop(models.Model):
    """A switch: messages of a program are held back while it is there (``all``, ``marketing``, ``channel:sms``)."""

    pk = models.CompositePrimaryKey("program_id", "what")
    program_id = models.UUIDField()
    what = models.TextField()
    at = models.DateTimeField()
    by = models.TextField()

    class Meta:
        """Read at every claim and hand-over."""

        db_table = "messaging_stop"


class Dispute(models.Model):
    """What a member says was not them: one a member and occasion. Words and answer are sealed with the member's key."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    holder_id = models.UUIDField()
    message_id = models.UUIDField()
    occasion = models.TextField()
    told = models.TextField()
    moves = models.JSONField()
    receipt_id = models.UUIDField(null=True)
    number = models.TextField(null=True)
    place = models.TextField(null=True)
    till = models.TextField(null=True)
    cashier = models.TextField(null=True)
    happened_at = models.DateTimeField(null=True)
    state = models.TextField()
    opened_at = models.DateTimeField()
    deadline = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.TextField(null=True)
    words = models.BinaryField(null=True)
    answer = models.BinaryField(null=True)

    class Meta:
        """What waits is listed by its deadline, the rest by when it was opened."""

        db_table = "messaging_dispute"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "occasion"], name="messaging_dispute_once"),
            models.CheckConstraint(condition=models.Q(state__in=DISPUTE_STATES), name="messaging_dispute_state"),
        ]
        indexes = [
            models.Index(
                fields=["program_id", "deadline"],
                name="messaging_dispute_waiting",
                condition=models.Q(state__in=["open", "looking"]),
            ),
            models.Index(fields=["program_id", "opened_at"], name="messaging_dispute_opened"),
        ]


class EarlyReceipt(models.Model):
    """A provider's word about a message of which we do not know yet; tried again for a day, of no program till then."""

    pk = models.CompositePrimaryKey("channel", "reference", "outcome")
    channel = models.TextField()
    reference = models.TextField()
    outcome = models.TextField()
    at = models.DateTimeField()
    response = models.TextField()
    gone = models.BooleanField()

    class Meta:
        """Nearly always empty."""

        db_table = "messaging_early_receipt"
