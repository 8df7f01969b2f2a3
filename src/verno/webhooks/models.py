"""Tables of webhooks."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from verno.webhooks.receiving.types import IncomingState
from verno.webhooks.types import DeliveryState, EndpointState


class Endpoint(models.Model):
    """A server that wants to be told. Secrets are sealed; ``old_secret`` signs beside the new one for a while.

    ``since_xid`` is the oldest transaction that still ran when it was added: what is older is not told. Until
    ``quiet_until`` it asked to be left alone (Retry-After).
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    url = models.TextField()
    description = models.TextField()
    types = ArrayField(models.TextField())
    state = models.TextField()
    reason = models.TextField(null=True)
    secret = models.BinaryField()
    old_secret = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    since_xid = models.BigIntegerField()
    failing_since = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """A program has few."""

        db_table = "webhooks_endpoint"
        indexes = [models.Index(fields=["program_id", "id"], name="webhooks_endpoint_program")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(one) for one in EndpointState]), name="webhooks_endpoint_state"
            )
        ]


class Delivery(models.Model):
    """One event at one endpoint: the queue and the log in one. The body lies in the outbox.

    While ``claimed_by`` is set, ``due_at`` is when the claim lapses.
    """

    pk = models.CompositePrimaryKey("endpoint_id", "event_xid", "event_id")
    endpoint_id = models.UUIDField()
    event_xid = models.BigIntegerField()
    event_id = models.BigIntegerField()
    program_id = models.UUIDField()
    type = models.TextField()
    at = models.DateTimeField()
    state = models.TextField()
    attempts = models.SmallIntegerField()
    due_at = models.DateTimeField()
    claimed_by = models.TextField(null=True)
    status = models.SmallIntegerField(null=True)
    response = models.TextField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """Claimed by endpoint and due time; kept for a while."""

        db_table = "webhooks_delivery"
        indexes = [
            models.Index(
                fields=["endpoint_id", "due_at"],
                name="webhooks_delivery_due",
                condition=models.Q(state=str(DeliveryState.WAITING)),
            ),
            models.Index(fields=["created_at"], name="webhooks_delivery_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(one) for one in DeliveryState]), name="webhooks_delivery_state"
            )
        ]


class Source(models.Model):
    """Somebody whose signed events are taken. The secret is sealed."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    name = models.TextField()
    secret = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        """A program has few."""

        db_table = "webhooks_source"
        constraints = [models.UniqueConstraint(fields=["program_id", "name"], name="webhooks_source_name")]


class Incoming(models.Model):
    """An event that came, once whatever the number of copies. ``thing`` is what it is a state of, if it is one."""

    pk = models.CompositePrimaryKey("source_id", "message_id")
    source_id = models.UUIDField()
    message_id = models.TextField()
    program_id = models.UUIDField()
    type = models.TextField()
    thing = models.TextField(null=True)
    occurred_at = models.DateTimeField(null=True)
    body = models.BinaryField()
    state = models.TextField()
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        """Kept far longer than anybody sends again."""

        db_table = "webhooks_incoming"
        indexes = [
            models.Index(fields=["source_id", "received_at"], name="webhooks_incoming_story"),
            models.Index(fields=["received_at"], name="webhooks_incoming_age"),
            models.Index(
                fields=["source_id", "thing", "occurred_at"],
                name="webhooks_incoming_thing",
                condition=models.Q(thing__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(one) for one in IncomingState]), name="webhooks_incoming_state"
            )
        ]
