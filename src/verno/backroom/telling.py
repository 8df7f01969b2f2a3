"""The tables of what is told: messages, and webhooks."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.backroom.plain import Table
from verno.messaging import models as messaging
from verno.messaging.models import DISPUTE_STATES
from verno.messaging.types import State
from verno.webhooks import models as webhooks
from verno.webhooks.types import DeliveryState, EndpointState

TELLING: tuple[Promise, tuple[Table, ...]] = (
    _("Messages"),
    (
        Table(
            messaging.Message,
            _("Messages"),
            "id holder_id channel topic class_name template locale state reason attempts due_at claimed_by"
            " claimed_until created_at changed_at",
            "id",
            ("holder_id", "id"),
            ("holder_id",),
            {"state": list(State)},
        ),
        Table(
            messaging.Statement,
            _("Statements"),
            "holder_id unit_id month opening earlier earned spent expired closing cut_at",
            order=("holder_id", "unit_id", "month"),
            find=("holder_id",),
        ),
        Table(
            messaging.Suppression,
            _("Do-not-write list"),
            "channel reason source created_at",
            order=("channel", "created_at"),
        ),
        Table(
            messaging.Turn,
            _("Turns of advertisements"),
            "holder_id message_id channel at",
            order=("holder_id", "at"),
            find=("holder_id",),
        ),
        Table(
            messaging.Broadcast,
            _("Broadcasts"),
            "id name state version priority created_at created_by approved_at approved_by launched_at launched_by"
            " starts_at frozen_at ended_at reason audience unknown cost",
            "id",
            ("-created_at",),
            ("id",),
        ),
        Table(
            messaging.Recipient,
            _("Recipients of broadcasts"),
            "broadcast_id holder_id bucket variant wave state reason step messages send_at changed_at",
            order=("broadcast_id", "holder_id"),
            find=("holder_id", "broadcast_id"),
        ),
        Table(
            messaging.TemplateVersion,
            _("Templates of messages"),
            "code version published_at published_by created_at created_by retired_at",
            order=("code", "version"),
            find=("code",),
        ),
        Table(
            messaging.TemplateDraft,
            _("Drafts of templates"),
            "code version created_at created_by changed_at",
            order=("code",),
            find=("code",),
        ),
        Table(
            messaging.Click,
            _("Followed links"),
            "holder_id message_id link url first_at last_at times",
            order=("holder_id", "message_id", "link"),
            find=("holder_id",),
        ),
        Table(
            messaging.Opening,
            _("Opened letters"),
            "holder_id message_id first_at last_at times",
            order=("holder_id", "message_id"),
            find=("holder_id",),
        ),
        Table(
            messaging.Dispute,
            _("Disputes"),
            "id holder_id message_id occasion told receipt_id number place till cashier state opened_at deadline"
            " decided_at decided_by",
            "id",
            ("-opened_at",),
            ("holder_id",),
            {"state": DISPUTE_STATES},
        ),
        Table(messaging.Stop, _("Emergency stops"), "what at by", order=("what",)),
        Table(
            webhooks.Endpoint,
            _("Webhooks"),
            "id url types state reason old_secret_until failing_since quiet_until created_at changed_at",
            "id",
            ("-id",),
            ("id",),
            {"state": list(EndpointState)},
        ),
        Table(
            webhooks.Delivery,
            _("Deliveries of webhooks"),
            "endpoint_id event_xid event_id type at state attempts due_at status created_at changed_at",
            order=("endpoint_id", "-event_xid", "-event_id"),
            find=("endpoint_id",),
            filters={"state": list(DeliveryState)},
        ),
        Table(webhooks.Source, _("Webhook sources"), "id name created_at", "id", ("-id",), ("id",)),
    ),
)
