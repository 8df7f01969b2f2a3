"""Events as the outside sees them: CloudEvents with an id for ever and a number that restores a member's order."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from verno.webhooks.types import Position

CONTENT_TYPE = "application/cloudevents+json"

_ID = re.compile(r"evt_([0-9a-f]{1,16})_([0-9a-f]{1,16})_[0-9a-f]{8}")
_MOST = 2**63 - 1
_encoder = msgspec.json.Encoder()


class CloudEvent(msgspec.Struct, frozen=True):
    """An event. ``subject`` is the member's id, where there is one; ``data`` holds ids, codes and figures only.

    ``sequence`` rises from event to event of a member, as text compares: whoever got a later one already may put an
    earlier one aside. Numbers in between are other people's.
    """

    id: str
    source: str
    type: str
    time: datetime
    sequence: str
    data: Mapping[str, object]
    subject: str | UnsetType = UNSET
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A stored event, as the statements return its columns."""

    xid: int
    id: int
    program_id: str
    holder_id: str | None
    type: str
    body: dict[str, object]
    at: datetime

    @property
    def position(self) -> Position:
        """Return its place in the outbox."""
        return Position(self.xid, self.id)


def event_id(program_id: str, position: Position, at: datetime) -> str:
    """Return an event's id: the same in every try, every replay and the pull API.

    The hash tells apart what came to the same place of the outbox before and after a backup was restored.
    """
    about = f"{program_id}/{position.xid}/{position.id}/{at.astimezone(UTC).isoformat()}"
    return f"evt_{position.xid:x}_{position.id:x}_{hashlib.sha256(about.encode()).hexdigest()[:8]}"


def read_event_id(text: str) -> Position | None:
    """Return the place that an id names; None for what is no id of ours."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    xid, number = (int(part, 16) for part in found.groups())
    return Position(xid, number) if max(xid, number) <= _MOST else None


def cursor_of(position: Position) -> str:
    """Return a position as an opaque text."""
    return base64.urlsafe_b64encode(f"{position.xid}.{position.id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> Position | None:
    """Return the position that a cursor names; None for a text that we did not make."""
    try:
        xid, id_ = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode("ascii").split(".")
    except ValueError:
        return None
    if not (xid.isdigit() and id_.isdigit() and max(len(xid), len(id_)) <= len(str(_MOST))):
        return None
    position = Position(int(xid), int(id_))
    return position if max(position.xid, position.id) <= _MOST else None


def cloud_event(row: Row) -> CloudEvent:
    """Return a stored event as the outside sees it."""
    return CloudEvent(
        id=event_id(row.program_id, row.position, row.at),
        source=f"/programs/{row.program_id}",
        type=row.type,
        time=row.at.astimezone(UTC),
        sequence=f"{row.id:020d}",
        data=row.body,
        subject=row.holder_id or UNSET,
    )


def encoded(row: Row) -> bytes:
    """Return an event's bytes: what is sent and signed."""
    return _encoder.encode(cloud_event(row))
