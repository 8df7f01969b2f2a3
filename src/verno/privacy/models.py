"""Tables of privacy."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Handout(models.Model):
    """A link by which a member fetches their data: until when, to what kinds of address link and code go, when used."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    holder_id = models.UUIDField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    until = models.DateTimeField()
    sent_to = models.TextField()
    code_to = models.TextField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        """Found by id from its link, by member on their page."""

        db_table = "privacy_handout"
        indexes = [models.Index(fields=["holder_id", "-created_at"], name="privacy_handout_of")]


class Answer(models.Model):
    """What somebody answered to whom an erased member's data had been passed on, as staff wrote it down."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    erasure_id = models.UUIDField()
    at = models.DateTimeField()
    by = models.TextField()
    processor = models.TextField()
    words = models.TextField()

    class Meta:
        """Read by erasure."""

        db_table = "privacy_answer"
        indexes = [models.Index(fields=["erasure_id", "at"], name="privacy_answer_of")]


class Erasure(models.Model):
    """Somebody asked to be forgotten: when, until when it has to be done, by whose hands, and what was certified.

    ``holders`` are the member and whoever was merged into them. Ids alone, and they name nobody any more once it is
    ``done``. ``certificate`` is the signed document, byte for byte.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    holder_id = models.UUIDField()
    holders = ArrayField(models.UUIDField(), default=list)
    state = models.TextField()
    requested_at = models.DateTimeField()
    requested_by = models.TextField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.TextField(null=True)
    certificate = models.TextField(null=True)

    class Meta:
        """One open request a member; kept for ever, it is what a restore is compared with."""

        db_table = "privacy_erasure"
        constraints = [
            models.UniqueConstraint(
                fields=["program_id", "holder_id"],
                condition=models.Q(state="requested"),
                name="privacy_erasure_one",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["requested", "done", "cancelled"]), name="privacy_erasure_state"
            ),
        ]
        indexes = [models.Index(fields=["program_id", "-requested_at", "-id"], name="privacy_erasure_story")]
