"""Tables of progress: tracks and their versions, days' counts, where somebody stood last, steps set, contracts."""

from django.db import models
from django.db.models import Q


class Track(models.Model):
    """A track's name. A removed one stays, with all that was counted."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    code = models.TextField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        """A handful of rows a program."""

        db_table = "progress_track"
        constraints = [models.UniqueConstraint(fields=["program_id", "code"], name="progress_track_code")]


class Version(models.Model):
    """What a track is from a date on. Never changed, but for how far its recount is."""

    pk = models.CompositePrimaryKey("track_id", "version")
    track_id = models.UUIDField()
    version = models.IntegerField()
    program_id = models.UUIDField()
    counter_id = models.UUIDField()
    body = models.JSONField()
    rule = models.JSONField()
    effective_from = models.DateField()
    counts_from = models.DateField(null=True)
    filled_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField()
    recounted = models.IntegerField(db_default=0)

    class Meta:
        """Versions count from 1."""

        db_table = "progress_version"


class Bucket(models.Model):
    """What was counted for one holder in one day. Under the holder of the receipt, whoever that one is now."""

    pk = models.CompositePrimaryKey("holder_id", "counter_id", "day")
    holder_id = models.UUIDField()
    counter_id = models.UUIDField()
    day = models.DateField()
    program_id = models.UUIDField()
    amount = models.BigIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        """Read by holder."""

        db_table = "progress_bucket"


class Tier(models.Model):
    """Where an owner stood when somebody looked last: a member, or a buying group. Whoever counts holds its lock.

    ``due_on`` is the next day on which time alone may change it, ``warned_for`` the end of the term that was warned of,
    ``version`` the one it was judged by. The truth are the days' counts; this is what was told.
    """

    pk = models.CompositePrimaryKey("owner_id", "track_id")
    owner_id = models.UUIDField()
    track_id = models.UUIDField()
    program_id = models.UUIDField()
    holder_id = models.UUIDField()
    buying_group = models.TextField(null=True)
    version = models.IntegerField()
    step = models.TextField(null=True)
    since = models.DateField(null=True)
    value = models.BigIntegerField()
    times = models.BigIntegerField()
    holds_until = models.DateField(null=True)
    grace_until = models.DateField(null=True)
    warned_for = models.DateField(null=True)
    is_set = models.BooleanField()
    due_on = models.DateField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """Found by owner, a group by its name too; those that are due by their day."""

        db_table = "progress_tier"
        constraints = [models.CheckConstraint(condition=Q(times__gte=0), name="progress_tier_floor")]
        indexes = [
            models.Index(fields=["program_id", "due_on"], condition=Q(due_on__isnull=False), name="progress_tier_due"),
            models.Index(
                fields=["track_id", "buying_group"],
                condition=Q(buying_group__isnull=False),
                name="progress_tier_group",
            ),
        ]


class Floor(models.Model):
    """A step that was set: by hand, by a rule's effect, or by a new version that takes nothing away.

    It can only be revoked: by hand, or when the receipt comes back whose effect it was.
    """

    pk = models.CompositePrimaryKey("holder_id", "track_id", "key")
    holder_id = models.UUIDField()
    track_id = models.UUIDField()
    key = models.TextField()
    program_id = models.UUIDField()
    step = models.TextField()
    first = models.DateField()
    last = models.DateField(null=True)
    source = models.TextField()
    by = models.TextField(null=True)
    reason = models.TextField(null=True)
    set_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """What set it sets it once."""

        db_table = "progress_floor"
        constraints = [
            models.CheckConstraint(condition=Q(source__in=["hand", "effect", "kept"]), name="progress_floor_source"),
        ]


class Contract(models.Model):
    """A share that was agreed with a company or a buying group (append-only); the one that began last holds.

    Of one first day the highest revision counts; one without a share takes back what was agreed.
    """

    pk = models.CompositePrimaryKey("owner_id", "track_id", "first", "revision")
    owner_id = models.UUIDField()
    track_id = models.UUIDField()
    first = models.DateField()
    revision = models.IntegerField()
    program_id = models.UUIDField()
    last = models.DateField(null=True)
    share = models.IntegerField(null=True)
    by = models.TextField(null=True)
    set_at = models.DateTimeField()

    class Meta:
        """Few rows."""

        db_table = "progress_contract"
        constraints = [
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=10_000), name="progress_contract_share")
        ]
