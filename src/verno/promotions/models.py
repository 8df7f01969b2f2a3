"""Tables of promotions: what was published, drafts on their way, what is paused, and what budgets have given."""

from django.db import models
from django.db.models import Q


class Rulebook(models.Model):
    """One published set of rules; a receipt is settled by the rulebook of its own moment. Never changed.

    ``withdrawn_at`` is set on one that was taken back before it held: no receipt is judged by it from then on.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    version = models.IntegerField()
    body = models.JSONField()
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField()
    title = models.TextField(db_default="")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """Versions count from 1."""

        db_table = "promotions_rulebook"
        constraints = [models.UniqueConstraint(fields=["program_id", "version"], name="promotions_rulebook_version")]


class Draft(models.Model):
    """A rulebook on its way. ``author``, ``editors``, ``reviewer`` are hands as ``kind:id``.

    ``editors`` are all who changed the body: none of them reviews it. ``revision`` counts the body's changes;
    ``result`` is what the last replay made of it, and ``above_budget`` that it went above a budget.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    number = models.IntegerField()
    title = models.TextField()
    body = models.JSONField()
    based_on = models.IntegerField(null=True)
    author = models.TextField()
    editors = models.JSONField()
    revision = models.IntegerField()
    state = models.TextField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submitted_by = models.TextField(null=True)
    submitted_at = models.DateTimeField(null=True)
    reviewer = models.TextField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    comment = models.TextField(null=True)
    publish_at = models.DateTimeField(null=True)
    version = models.IntegerField(null=True)
    result = models.JSONField(null=True)
    above_budget = models.BooleanField(db_default=False)
    approved_above_budget = models.BooleanField(db_default=False)

    class Meta:
        """Numbers count from 1."""

        db_table = "promotions_draft"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "number"], name="promotions_draft_number"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "approved", "rejected", "published", "withdrawn"]),
                name="promotions_draft_state",
            ),
        ]


class Pause(models.Model):
    """A rule, or all of a promotion, that somebody stopped; ended by ``resumed_at``."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    kind = models.TextField()
    code = models.TextField()
    paused_at = models.DateTimeField()
    paused_by = models.TextField()
    resumed_at = models.DateTimeField(null=True)
    resumed_by = models.TextField(null=True)

    class Meta:
        """One pause of a thing at a time."""

        db_table = "promotions_pause"
        constraints = [
            models.UniqueConstraint(
                fields=["program_id", "kind", "code"],
                condition=Q(resumed_at__isnull=True),
                name="promotions_pause_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=["rule", "promotion"]), name="promotions_pause_kind"),
        ]


class BudgetCounter(models.Model):
    """What one budget of a rule has given in one period: to all, or to a member. Whoever counts holds this row's lock.

    ``budget`` is ``counts:whose:period``. ``used`` is settled, ``held`` reserved: the sums of the uses' amounts without
    and with an ``until``. ``told`` is the last per cent that was alerted.
    """

    pk = models.CompositePrimaryKey("program_id", "rule", "budget", "subject", "bucket")
    program_id = models.UUIDField()
    rule = models.TextField()
    budget = models.TextField()
    subject = models.TextField()
    bucket = models.DateField()
    used = models.BigIntegerField()
    held = models.BigIntegerField()
    told = models.SmallIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        """Found by its key."""

        db_table = "promotions_budget_counter"
        constraints = [
            models.CheckConstraint(condition=Q(used__gte=0, held__gte=0), name="promotions_budget_counter_floor")
        ]
        indexes = [
            models.Index(fields=["bucket"], name="promotions_budget_counter_old", condition=Q(bucket__gt="1970-01-01"))
        ]


class BudgetUse(models.Model):
    """What one receipt took of one budget. Changed only under the lock of its counter.

    ``until`` set: a reservation, which counts while now < ``until``. ``amount`` 0: freed, or lapsed.
    """

    pk = models.CompositePrimaryKey("operation_id", "rule", "budget", "subject", "bucket")
    operation_id = models.UUIDField()
    rule = models.TextField()
    budget = models.TextField()
    subject = models.TextField()
    bucket = models.DateField()
    program_id = models.UUIDField()
    amount = models.BigIntegerField()
    until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        """Found by receipt; reservations also by counter."""

        db_table = "promotions_budget_use"
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="promotions_budget_use_floor")]
        indexes = [
            models.Index(
                fields=["program_id", "rule", "budget", "subject", "bucket", "until"],
                condition=Q(until__isnull=False),
                name="promotions_budget_use_held",
            )
        ]
