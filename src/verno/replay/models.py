"""Tables of the Replay Lab: runs with what came out, and whom each would cost something."""

from django.db import models
from django.db.models import Q


class Run(models.Model):
    """A replay: what was asked, how far it is, and what came out.

    ``body`` is the rulebook as it was when the run was started, ``draft`` and ``revision`` name where it came from.
    Whoever has the run under way is ``worker``, and says that it lives by ``seen_at``. ``kept``: what came out is kept
    with the draft. ``as_sold``: what came back is not taken out, as it never was before there was a choice.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    draft = models.IntegerField(null=True)
    revision = models.IntegerField(null=True)
    title = models.TextField()
    body = models.JSONField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.TextField()
    done = models.IntegerField()
    total = models.IntegerField(null=True)
    started_by = models.TextField()
    created_at = models.DateTimeField()
    worker = models.UUIDField(null=True)
    seen_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problems = models.JSONField(null=True)
    result = models.JSONField(null=True)
    kept = models.BooleanField()
    as_sold = models.BooleanField(db_default=True)

    class Meta:
        """Some dozens of rows a program; the oldest go."""

        db_table = "replay_run"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "refused", "cancelled", "interrupted"]),
                name="replay_run_state",
            ),
            models.CheckConstraint(condition=~Q(state="running") | Q(seen_at__isnull=False), name="replay_run_seen"),
        ]
        indexes = [models.Index(fields=["program_id", "created_at", "id"], name="replay_run_story")]


class Loss(models.Model):
    """A member for whom a run's draft would be worth less; ``place`` is 1 for the hardest hit. Minor units."""

    pk = models.CompositePrimaryKey("run_id", "place")
    run_id = models.UUIDField()
    place = models.IntegerField()
    program_id = models.UUIDField()
    holder_id = models.UUIDField()
    spent = models.BigIntegerField()
    current = models.BigIntegerField()
    draft = models.BigIntegerField()

    class Meta:
        """Read in order."""

        db_table = "replay_loss"
