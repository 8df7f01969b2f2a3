"""Tables of imports. How far a file's import has come lies with the receipts (``intake_import_run``)."""

from django.db import models

STATES = ["to-check", "checking", "checked", "to-import", "importing", "done", "failed", "cancelled"]


class Upload(models.Model):
    """A file of members that somebody uploaded, and what became of it. The file is sealed, and gone once it is done.

    ``report`` are the counts, ``errors`` and ``changes`` the files beside it, sealed as well. ``claimed_until`` is the
    lease of the worker that is at it, ``claims`` how often one has taken the file up.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    name = models.TextField()
    size = models.BigIntegerField()
    sealed = models.BinaryField(null=True)
    columns = models.JSONField(default=dict)
    state = models.TextField()
    rows = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    report = models.JSONField(null=True)
    problem = models.TextField(null=True)
    errors = models.BinaryField(null=True)
    changes = models.BinaryField(null=True)
    uploaded_by = models.TextField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    claims = models.IntegerField(default=0, db_default=0)

    class Meta:
        """A few rows; files that nobody started go after a day."""

        db_table = "imports_upload"
        constraints = [models.CheckConstraint(condition=models.Q(state__in=STATES), name="imports_upload_state")]
        indexes = [models.Index(fields=["program_id", "-created_at"], name="imports_upload_story")]
