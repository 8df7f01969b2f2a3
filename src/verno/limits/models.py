"""Tables of limits: the limits, what is used of each, by whom, and what was told."""

from django.db import models
from django.db.models import Q


class Limit(models.Model):
    """A limit that an owner set. A removed one stays, since counters and alerts name it."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    subject = models.TextField()
    measure = models.TextField()
    unit = models.TextField(null=True)
    window = models.TextField()
    most = models.BigIntegerField()
    hard = models.BooleanField()
    place = models.TextField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        """A handful of rows a program."""

        db_table = "limits_limit"
        constraints = [
            models.CheckConstraint(
                condition=Q(subject__in=["member", "card", "cashier", "till", "place", "program"]),
                name="limits_limit_subject",
            ),
            models.CheckConstraint(
                condition=Q(measure="receipts", unit__isnull=True)
                | Q(measure__in=["earned", "spent", "adjusted"], unit__isnull=False),
                name="limits_limit_measure",
            ),
            models.CheckConstraint(condition=Q(window__in=["hour", "day"]), name="limits_limit_window"),
            models.CheckConstraint(condition=Q(most__gte=0), name="limits_limit_most"),
        ]


class Counter(models.Model):
    """What one subject has used of one limit in one hour or day. Whoever counts holds this row's lock.

    ``used`` is settled, ``held`` reserved: the sums of the uses' amounts without and with an ``until``.
    """

    pk = models.CompositePrimaryKey("limit_id", "subject", "bucket")
    limit_id = models.UUIDField()
    subject = models.TextField()
    bucket = models.DateTimeField()
    program_id = models.UUIDField()
    used = models.BigIntegerField()
    held = models.BigIntegerField()
    alerted = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        """Found by its key; old ones by their bucket."""

        db_table = "limits_counter"
        constraints = [models.CheckConstraint(condition=Q(used__gte=0, held__gte=0), name="limits_counter_floor")]
        indexes = [models.Index(fields=["bucket"], name="limits_counter_bucket")]


class Use(models.Model):
    """What one operation counts for one limit. Changed only under the lock of its counter.

    ``until`` set: a reservation, which counts while now < ``until``. ``amount`` 0: freed, or lapsed.
    """

    pk = models.CompositePrimaryKey("operation_id", "limit_id", "subject", "bucket")
    operation_id = models.UUIDField()
    limit_id = models.UUIDField()
    subject = models.TextField()
    bucket = models.DateTimeField()
    program_id = models.UUIDField()
    amount = models.BigIntegerField()
    until = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Found by operation; reservations also by counter, those that end first in front."""

        db_table = "limits_use"
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="limits_use_floor")]
        indexes = [
            models.Index(
                fields=["limit_id", "subject", "bucket", "until"],
                condition=Q(until__isnull=False),
                name="limits_use_held",
            )
        ]


class Alert(models.Model):
    """A soft limit was exceeded: once a subject and bucket. Never changed."""

    pk = models.CompositePrimaryKey("limit_id", "subject", "bucket")
    limit_id = models.UUIDField()
    subject = models.TextField()
    bucket = models.DateTimeField()
    id = models.UUIDField(unique=True)
    program_id = models.UUIDField()
    operation_id = models.UUIDField()
    holder_id = models.UUIDField(null=True)
    place = models.TextField(null=True)
    used = models.BigIntegerField()
    most = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Read newest first."""

        db_table = "limits_alert"
        indexes = [models.Index(fields=["program_id", "recorded_at", "id"], name="limits_alert_story")]
