"""Words of the receiving door: sources, what they told us, and who handles it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from verno.kit.db import Connection

MOST_SOURCES = 20
"""Sources of a program."""


class IncomingState(StrEnum):
    """What became of an event."""

    STORED = "stored"
    """Nobody here handles its type; it is kept for whoever will."""
    HANDLED = "handled"
    STALE = "stale"
    """A later state of the same thing had come before it."""


class SourceRefusal(StrEnum):
    """Why a source was not added."""

    BAD_NAME = "bad-name"
    NAME_TAKEN = "name-taken"
    BAD_SECRET = "bad-secret"  # noqa: S105 a reason's code
    TOO_MANY = "too-many-sources"


class SourceRefused(msgspec.Struct, frozen=True):
    """Nothing was added: why, about which field, in words."""

    reason: SourceRefusal
    field: str
    detail: str


class NewSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source to add. Without ``secret`` (``whsec_…``, which the sender shows) one is made here."""

    name: Annotated[str, Meta(max_length=40)]
    secret: Annotated[str, Meta(max_length=200)] | None = None


class SourceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret that the sender has changed to; it holds at once."""

    secret: Annotated[str, Meta(max_length=200)]


class Source(msgspec.Struct, frozen=True):
    """Somebody whose events are taken at ``path``."""

    id: str
    name: str
    created_at: datetime
    events: int
    last_at: datetime | None

    @property
    def path(self) -> str:
        """Return the address's path that events are sent to."""
        return f"/hooks/{self.id}"


class MadeSource(msgspec.Struct, frozen=True):
    """A new source and its secret, which is shown this once."""

    source: Source
    secret: str


class Incoming(msgspec.Struct, frozen=True):
    """An event that was sent to us and is genuine. ``content`` is what its body says, where that is a JSON object."""

    source_id: str
    id: str
    type: str
    sent_at: datetime
    body: bytes
    content: Mapping[str, object]


class IncomingView(msgspec.Struct, frozen=True):
    """An event as the log shows it, without its body, which may hold anything."""

    id: str
    type: str
    state: IncomingState
    sent_at: datetime
    received_at: datetime


class Handle(Protocol):
    """A verb that lets an event have its effect, in the transaction that stores it."""

    def __call__(self, conn: "Connection", program_id: str, event: Incoming, *, now: datetime) -> None:
        """Do it once; raising takes the row back, so that the sender tries again."""


class Handler(NamedTuple):
    """Who handles a type. With ``states`` its events are states of their ``subject``: an older one has no effect.

    Types with the same word in ``states`` are states of the same things, ordered by the event's ``time``.
    """

    handle: Handle
    states: str | None = None


Handlers = Mapping[str, Handler]
"""Type of event -> who handles it; ``wiring`` holds the dictionary."""
