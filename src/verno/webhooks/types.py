"""Words of webhooks: endpoints, the events they are told, how each delivery stands."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

MOST_ENDPOINTS = 20
"""Endpoints of a program."""
MOST_REPLAYED = 100_000
"""Deliveries that one replay sends again."""
MOST_NAMED = 1000
"""Events that a replay may name."""
LONGEST_URL = 2000
TEST_EVENT = "webhook.test.v1"
"""An event that only the endpoint named in it is told, whatever it listens to."""

EVENT_TYPES = (
    "adjustment.refused.v1",
    "adjustment.waiting.v1",
    "badge.given.v1",
    "badge.taken.v1",
    "budget.reached.v1",
    "dispute.opened.v1",
    "limit.reached.v1",
    "member.erased.v1",
    "members.merged.v1",
    "members.unmerged.v1",
    "points.activated.v1",
    "points.adjusted.v1",
    "points.erased.v1",
    "points.expired.v1",
    "points.expiring.v1",
    "points.reinstated.v1",
    "points.transferred.v1",
    "receipt.activated.v1",
    "receipt.cancelled.v1",
    "receipt.claimed.v1",
    "receipt.held.v1",
    "receipt.settled.v1",
    "receipt.unmatched.v1",
    "return.settled.v1",
    "rule.event.v1",
    "streak.broken.v1",
    "streak.grown.v1",
    "tier.lost.v1",
    "tier.reached.v1",
    "tier.warning.v1",
    "track.step_lost.v1",
    "track.step_reached.v1",
)
"""All that the house tells; a test compares this with what its packages write."""


class EndpointState(StrEnum):
    """Whether an endpoint is told things. What happens meanwhile waits for it, as long as the log is kept."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    """By us: see ``Stop``. A person lets it go on."""


class Stop(StrEnum):
    """Why we disabled an endpoint."""

    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Nothing reached it for days."""


class DeliveryState(StrEnum):
    """How one event stands at one endpoint."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; a person may have it sent again."""


class Refusal(StrEnum):
    """Why something was not done."""

    BAD_URL = "bad-url"
    PLAIN_HTTP = "plain-http"
    UNKNOWN_TYPE = "unknown-event-type"
    TOO_MANY = "too-many-webhooks"
    UNKNOWN_EVENT = "unknown-event"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was done: why, about which field, in words."""

    reason: Refusal
    field: str
    detail: str


Url = Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
Description = Annotated[str, Meta(max_length=200)]
Types = Annotated[tuple[str, ...], Meta(max_length=len(EVENT_TYPES))]


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An endpoint to add. Without ``types`` it is told everything, types of later releases too."""

    url: Url
    types: Types = ()
    description: Description = ""


class Wanted(StrEnum):
    """What a person may make of an endpoint's state."""

    ACTIVE = "active"
    PAUSED = "paused"


class EndpointChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different about an endpoint; what is not said stays."""

    url: Url | UnsetType = UNSET
    types: Types | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    state: Wanted | UnsetType = UNSET


class Endpoint(msgspec.Struct, frozen=True):
    """An endpoint without its secrets. ``failing_since`` is the first failure after the last success."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str
    state: EndpointState
    reason: Stop | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


class Made(msgspec.Struct, frozen=True):
    """A new endpoint and its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in the outbox, in the order in which it is read."""

    xid: int
    id: int


class Delivery(msgspec.Struct, frozen=True):
    """One event at one endpoint. ``status`` and ``response`` are of the last try; ``due_at`` is of the next."""

    position: Position
    event: str
    type: str
    state: DeliveryState
    attempts: int
    status: int | None
    response: str | None
    due_at: datetime
    created_at: datetime
    changed_at: datetime


class Told(msgspec.Struct, frozen=True):
    """What one endpoint answered to one event about somebody."""

    url: str
    description: str
    state: DeliveryState
    status: int | None
    response: str | None
    changed_at: datetime


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to send again: the events named, or what came to the log from ``since`` on and before ``until``."""

    events: Annotated[Sequence[str], Meta(min_length=1, max_length=MOST_NAMED)] | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: DeliveryState | None = None
