"""Tables of the foundation: the outbox, its readers' cursors, who is alive, and whether anything may leave."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something that happened, written in the transaction that made it so (transactional outbox).

    Readers take rows in the order (xid, id) and only below the oldest running transaction.
    """

    pk = models.CompositePrimaryKey("xid", "id")
    id = models.BigIntegerField()
    xid = models.BigIntegerField()
    program_id = models.UUIDField()
    holder_id = models.UUIDField(null=True)
    type = models.TextField()
    body = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """The columns ``id`` and ``xid`` get their database types and defaults in the migration."""

        db_table = "kit_event"


class Cursor(models.Model):
    """How far one reader of the outbox has come."""

    reader = models.TextField(primary_key=True)
    xid = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(null=True)

    class Meta:
        """The column ``xid`` is an ``xid8`` (migration)."""

        db_table = "kit_cursor"


class Heartbeat(models.Model):
    """When a long-running part of this installation last said that it is alive."""

    part = models.TextField(primary_key=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row a part."""

        db_table = "kit_heartbeat"


class Quarantine(models.Model):
    """A restore after which nothing leaves the house until somebody releases it."""

    id = models.UUIDField(primary_key=True)
    since = models.DateTimeField()
    restored_to = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        """One row a restore; nothing leaves while one is not released. Only a restore, as the owner, adds one."""

        db_table = "kit_quarantine"
