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
    ``context`` holds the template's figures, never an address. ``reference`` is the provider's own name for it,
    ``domain`` the mail provider that took it, if it is one of the large ones.
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
    domain = models.TextField(null=True)
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
                fields=["program_id"],
                name="messaging_message_parked",
                condition=models.Q(("state", "queued"), ("reason", "stopped")),
            ),
            models.Index(
                fields=["dedupe_key"],
                name="messaging_message_ill",
                condition=models.Q(state__in=["bounced", "complained", "rejected"]),
            ),
            models.Index(
                fields=["changed_at"],
                name="messaging_message_ill_lately",
                condition=models.Q(state__in=["bounced", "complained", "rejected"]),
            ),
            models.Index(
                fields=["program_id", "domain"],
                name="messaging_message_complaints",
                condition=models.Q(("state", "complained"), ("domain__isnull", False)),
            ),
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
    """An address that must not be written to, by keyed hash; survives the member's erasure.

    ``channel`` may end in ``/erased``: somebody who had the address was erased, or left by the list of another system,
    and advertising needs a newer word.
    """

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
    """An advertisement's turn at a member, reserved when it is claimed; caps count these.

    ``warmed_for``, ``warmed_on``: in which domain's day of a warm-up it has a place.
    """

    pk = models.CompositePrimaryKey("holder_id", "message_id")
    holder_id = models.UUIDField()
    message_id = models.UUIDField()
    program_id = models.UUIDField()
    channel = models.TextField()
    at = models.DateTimeField()
    warmed_for = models.TextField(null=True)
    warmed_on = models.DateField(null=True)

    class Meta:
        """Goes when its message did not leave, and when no cap looks so far back."""

        db_table = "messaging_turn"
        indexes = [models.Index(fields=["at"], name="messaging_turn_at")]


class Stop(models.Model):
    """A switch: messages of a program are held back while it is there (``all``, ``marketing``, ``channel:sms``).

    ``domain:gmail.com`` holds back what is in bulk for a mail provider; its row stays when its time is over, so that
    what led to it is not counted again. ``until``: NULL while somebody has to let it go.
    """

    pk = models.CompositePrimaryKey("program_id", "what")
    program_id = models.UUIDField()
    what = models.TextField()
    at = models.DateTimeField()
    by = models.TextField()
    until = models.DateTimeField(null=True)
    why = models.TextField(db_default="")
    detail = models.TextField(db_default="")

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


class Pace(models.Model):
    """When a provider, or one address at it, may next be asked: each message booked moves the moment on."""

    key = models.TextField(primary_key=True)
    free_at = models.DateTimeField()

    class Meta:
        """A row a channel; rows of addresses are dropped once their moment is over."""

        db_table = "messaging_pace"


class Warming(models.Model):
    """A day on which a new mail domain is warmed up: how much advertising may leave, and how much has."""

    pk = models.CompositePrimaryKey("domain", "day")
    domain = models.TextField()
    day = models.DateField()
    most = models.IntegerField()
    taken = models.IntegerField()

    class Meta:
        """Of no program: receivers know the domain alone. Some dozen rows."""

        db_table = "messaging_warming"


class TemplateVersion(models.Model):
    """A published version of a template: what was written, and the compiled sources that messages are sent from."""

    pk = models.CompositePrimaryKey("program_id", "code", "version")
    program_id = models.UUIDField()
    code = models.TextField()
    version = models.IntegerField()
    body = models.JSONField()
    compiled = models.JSONField()
    because = models.TextField(null=True)
    published_at = models.DateTimeField()
    published_by = models.TextField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        """Never changed: the application may only say that it is retired."""

        db_table = "messaging_template"


class TemplateDraft(models.Model):
    """The one draft of a template's code, under the version that it will be published as."""

    pk = models.CompositePrimaryKey("program_id", "code")
    program_id = models.UUIDField()
    code = models.TextField()
    version = models.IntegerField()
    body = models.JSONField()
    compiled = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    changed_at = models.DateTimeField()

    class Meta:
        """Goes when it is published."""

        db_table = "messaging_template_draft"


class Click(models.Model):
    """A reader followed a link of a message: which one, when first and last, how often."""

    pk = models.CompositePrimaryKey("holder_id", "message_id", "link")
    holder_id = models.UUIDField()
    message_id = models.UUIDField()
    link = models.SmallIntegerField()
    program_id = models.UUIDField()
    url = models.TextField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.IntegerField()

    class Meta:
        """Counted by mail programs that fetch links, too."""

        db_table = "messaging_click"


class Opening(models.Model):
    """Somebody's mail program fetched a message's pixel: unreliable, since many never do and some always."""

    pk = models.CompositePrimaryKey("holder_id", "message_id")
    holder_id = models.UUIDField()
    message_id = models.UUIDField()
    program_id = models.UUIDField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.IntegerField()

    class Meta:
        """One row a message."""

        db_table = "messaging_opening"


class Broadcast(models.Model):
    """One message to many. ``wanted`` is what its newest version asks for; past the draft it never changes.

    ``minute`` and ``minute_used`` are the rate's tokens, ``cost`` what was spent of a limit, all shared by the workers.
    ``open_wave`` says how much of the audience may be planned: 0 the sample, 1 the rest too. ``swept_to``: how far
    what was queued has been taken back after a cancel.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    name = models.TextField()
    state = models.TextField()
    version = models.IntegerField()
    wanted = models.JSONField()
    priority = models.SmallIntegerField(db_default=0)
    created_at = models.DateTimeField()
    created_by = models.TextField()
    changed_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.TextField(null=True)
    launched_at = models.DateTimeField(null=True)
    launched_by = models.TextField(null=True)
    starts_at = models.DateTimeField(null=True)
    frozen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(null=True)
    audience = models.IntegerField(null=True)
    unknown = models.IntegerField(null=True)
    winner = models.JSONField(null=True)
    open_wave = models.SmallIntegerField(db_default=1)
    minute = models.DateTimeField(null=True)
    minute_used = models.IntegerField(db_default=0)
    cost = models.BigIntegerField(db_default=0)
    looked_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    swept_to = models.UUIDField(null=True)

    class Meta:
        """A few hundred rows a program; the worker asks for those that are under way."""

        db_table = "messaging_broadcast"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "scheduled", "running", "paused", "finished", "cancelled"]),
                name="messaging_broadcast_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "cancelled"])
                | models.Q(approved_by__isnull=False, launched_by__isnull=False),
                name="messaging_broadcast_by_people",
            ),
        ]
        indexes = [models.Index(fields=["program_id", "state"], name="messaging_broadcast_by_state")]


class BroadcastVersion(models.Model):
    """One edit of a draft (append-only): what was asked for, by whom."""

    pk = models.CompositePrimaryKey("broadcast_id", "version")
    broadcast_id = models.UUIDField()
    version = models.IntegerField()
    program_id = models.UUIDField()
    wanted = models.JSONField()
    at = models.DateTimeField()
    by = models.TextField()

    class Meta:
        """A few rows a broadcast."""

        db_table = "messaging_broadcast_version"


class Recipient(models.Model):
    """One member of a broadcast's audience, frozen at its start; whoever joins later is not among them.

    ``bucket`` (0 to 9,999) is the member's place in the draw for the holdout. ``step`` is the channel that comes next,
    ``messages`` how many were planned. ``reason``: why no channel took the member; of whom was reached before the last
    channel, why the next one would not have.
    """

    pk = models.CompositePrimaryKey("broadcast_id", "holder_id")
    broadcast_id = models.UUIDField()
    holder_id = models.UUIDField()
    program_id = models.UUIDField()
    bucket = models.SmallIntegerField()
    variant = models.TextField(null=True)
    wave = models.SmallIntegerField()
    state = models.TextField()
    reason = models.TextField(null=True)
    step = models.SmallIntegerField(db_default=0)
    messages = models.SmallIntegerField(db_default=0)
    send_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """The rows are the planner's queue: taken by their time with SKIP LOCKED."""

        db_table = "messaging_recipient"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["waiting", "planned", "reached", "withheld", "unaffordable", "cancelled", "holdout"]
                ),
                name="messaging_recipient_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["broadcast_id", "wave", "send_at", "holder_id"],
                name="messaging_recipient_due",
                condition=models.Q(state="waiting"),
            ),
        ]
