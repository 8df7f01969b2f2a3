"""Tables of corrections: what was asked and decided, merges and what they moved, lots that were brought along."""

from django.db import models
from django.db.models import F, Q

ACTORS = ["staff", "key", "operator", "system"]


class Correction(models.Model):
    """One adjustment, transfer between members or reinstatement, with who asked and who agreed.

    ``points`` are from the member's side. A trigger keeps what has been decided.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    kind = models.TextField()
    key = models.TextField()
    fingerprint = models.BinaryField()
    unit_id = models.UUIDField()
    points = models.BigIntegerField()
    reason = models.TextField()
    to_id = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True)
    status = models.TextField()
    author_kind = models.TextField()
    author_id = models.TextField()
    asked_at = models.DateTimeField()
    decided_by = models.TextField(null=True)
    decided_at = models.DateTimeField(null=True)
    answer = models.BinaryField()

    class Meta:
        """The key is claimed for ever; nobody agrees to what they have asked for."""

        db_table = "corrections_correction"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "kind", "key"], name="corrections_once"),
            models.UniqueConstraint(fields=["id"], name="corrections_by_id"),
            models.CheckConstraint(
                condition=Q(kind__in=["adjustment", "transfer", "reinstatement"]), name="corrections_kind"
            ),
            models.CheckConstraint(condition=Q(status__in=["posted", "waiting", "refused"]), name="corrections_status"),
            models.CheckConstraint(condition=Q(author_kind__in=ACTORS), name="corrections_author"),
            models.CheckConstraint(condition=~Q(points=0), name="corrections_points"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("author_id")), name="corrections_two_people"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="corrections_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["program_id", "asked_at"], name="corrections_waiting", condition=Q(status="waiting")),
        ]


class Merge(models.Model):
    """Two members who became one, and whether that was undone."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    into_id = models.UUIDField()
    merged_at = models.DateTimeField()
    author_kind = models.TextField()
    author_id = models.TextField()
    answer = models.BinaryField()
    undone_at = models.DateTimeField(null=True)
    undone_by_kind = models.TextField(null=True)
    undone_by_id = models.TextField(null=True)
    undo_answer = models.BinaryField(null=True)

    class Meta:
        """A member is merged into one other at a time."""

        db_table = "corrections_merge"
        constraints = [
            models.UniqueConstraint(fields=["id"], name="corrections_merge_by_id"),
            models.UniqueConstraint(
                fields=["holder_id"], condition=Q(undone_at=None), name="corrections_merge_standing"
            ),
            models.CheckConstraint(condition=~Q(holder_id=F("into_id")), name="corrections_merge_two"),
            models.CheckConstraint(condition=Q(author_kind__in=ACTORS), name="corrections_merge_author"),
        ]
        indexes = [models.Index(fields=["into_id"], name="corrections_merge_into")]


class MergeMove(models.Model):
    """One operation of the ledger that moved what the merged member had of one unit; the undoing takes it back."""

    pk = models.CompositePrimaryKey("holder_id", "operation_id", "unit_id")
    holder_id = models.UUIDField()
    operation_id = models.UUIDField()
    unit_id = models.UUIDField()
    program_id = models.UUIDField()
    merge_id = models.UUIDField()
    moved_at = models.DateTimeField()

    class Meta:
        """Mostly one a merge and unit; more when points came late."""

        db_table = "corrections_merge_move"


class Opening(models.Model):
    """Where a lot came from that was brought along: the file's import and the row."""

    pk = models.CompositePrimaryKey("program_id", "key")
    program_id = models.UUIDField()
    key = models.TextField()
    holder_id = models.UUIDField()
    operation_id = models.UUIDField()
    run_id = models.UUIDField()
    row = models.BigIntegerField()

    class Meta:
        """Claimed for ever, like the operation's key."""

        db_table = "corrections_opening"


class OwnAccount(models.Model):
    """A member's account that belongs to somebody of the staff, declared by hand where no e-mail tells it."""

    pk = models.CompositePrimaryKey("staff_id", "holder_id")
    staff_id = models.UUIDField()
    holder_id = models.UUIDField()
    program_id = models.UUIDField()
    declared_at = models.DateTimeField()

    class Meta:
        """Nobody corrects their own account."""

        db_table = "corrections_own_account"
