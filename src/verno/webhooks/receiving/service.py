"""Sources, and the one verb that takes an event: verify, store once, let it have its effect, in one transaction."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.ids import is_id, new_id
from verno.webhooks import service as webhooks
from verno.webhooks import signing
from verno.webhooks.queries import SQL
from verno.webhooks.receiving.types import (
    MOST_SOURCES,
    Handlers,
    Incoming,
    IncomingState,
    IncomingView,
    MadeSource,
    NewSource,
    Source,
    SourceRefusal,
    SourceRefused,
)
from verno.workspace import audit
from verno.workspace.audit import Actor

KEEP = timedelta(days=30)
"""How long ids are kept: nobody sends again after so long, and a timestamp is believed for minutes only."""
FORGOTTEN = 10_000
LONGEST_TYPE = 200
LONGEST_THING = 500

NO_SECRET = SourceRefused(SourceRefusal.BAD_SECRET, "secret", "whsec_ and 24 to 64 bytes in base64")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MESSAGE_ID = re.compile(r"[!-~]{1,256}")


def sources(conn: Connection, program_id: str) -> list[Source]:
    """Return a program's sources, the oldest first."""
    rows = conn.execute(SQL["sources"], {"program": program_id, "id": None}).fetchall()
    return [Source(*row) for row in rows]


def source(conn: Connection, program_id: str, id_: str) -> Source | None:
    """Return one source, or None."""
    row = conn.execute(SQL["sources"], {"program": program_id, "id": id_}).fetchone() if is_id(id_) else None
    return Source(*row) if row else None


def add(
    conn: Connection, program_id: str, wanted: NewSource, *, now: datetime, by: Actor
) -> MadeSource | SourceRefused:
    """Add a source; its secret is returned this once."""
    if not _NAME.fullmatch(wanted.name):
        return SourceRefused(SourceRefusal.BAD_NAME, "name", "small Latin letters, digits and -, a letter first")
    secret = wanted.secret or signing.new_secret()
    if signing.key_of(secret) is None:
        return NO_SECRET
    if len(sources(conn, program_id)) >= MOST_SOURCES:
        return SourceRefused(SourceRefusal.TOO_MANY, "", f"a program has up to {MOST_SOURCES} sources")
    id_ = new_id(now=now)
    box = webhooks.sealed(id_, secret)
    parameters = {"id": id_, "program": program_id, "name": wanted.name, "secret": box, "now": now}
    if conn.execute(SQL["add_source"], parameters).rowcount == 0:
        return SourceRefused(SourceRefusal.NAME_TAKEN, "name", "there is a source of this name")
    audit.record(conn, program_id, by, "webhook-source.create", ("webhook-source", id_), now=now, detail=wanted.name)
    return MadeSource(Source(id_, wanted.name, now, 0, None), secret)


def change_secret(
    conn: Connection, program_id: str, id_: str, secret: str, *, now: datetime, by: Actor
) -> Source | SourceRefused | None:
    """Check a source with another secret from now on; None when there is no such source."""
    if signing.key_of(secret) is None:
        return NO_SECRET
    found = source(conn, program_id, id_)
    if found is None:
        return None
    parameters = {"id": id_, "program": program_id, "secret": webhooks.sealed(id_, secret)}
    conn.execute(SQL["change_source_secret"], parameters)
    audit.record(conn, program_id, by, "webhook-source.rotate", ("webhook-source", id_), now=now, detail=found.name)
    return found


def delete(conn: Connection, program_id: str, id_: str, *, now: datetime, by: Actor) -> bool:
    """Delete a source with what it sent; tells whether there was one."""
    found = source(conn, program_id, id_)
    if found is None:
        return False
    for statement in ("delete_incoming", "delete_source"):
        conn.execute(SQL[statement], {"program": program_id, "id": id_})
    audit.record(conn, program_id, by, "webhook-source.delete", ("webhook-source", id_), now=now, detail=found.name)
    return True


def incoming(conn: Connection, program_id: str, id_: str, *, limit: int) -> list[IncomingView]:
    """Return what a source sent last, newest first."""
    rows = conn.execute(SQL["incoming"], {"program": program_id, "id": id_, "limit": limit}).fetchall()
    return [msgspec.convert(dict(zip(IncomingView.__struct_fields__, row, strict=True)), IncomingView) for row in rows]


def genuine(
    box: bytes, source_id: str, headers: tuple[str, str, str], body: bytes, *, now: datetime
) -> Incoming | None:
    """Return the event that (id, timestamp, signature) and the body's bytes are; None for what is not the source's.

    The bytes are verified before anything reads them.
    """
    if not _MESSAGE_ID.fullmatch(headers[0]):
        return None
    if not signing.is_genuine([webhooks.opened(source_id, box)], headers, body, now=now):
        return None
    content = _content(body)
    type_ = content.get("type")
    return Incoming(
        source_id=source_id,
        id=headers[0],
        type=type_ if isinstance(type_, str) and len(type_) <= LONGEST_TYPE else "",
        sent_at=datetime.fromtimestamp(int(headers[1]), tz=UTC),
        body=body,
        content=content,
    )


def take(
    conn: Connection, program_id: str, event: Incoming, handlers: Handlers, *, now: datetime
) -> IncomingState | None:
    """Store an event and let it have its effect, both or neither; None for one that is here already."""
    handler = handlers.get(event.type)
    thing = _thing(event, handler.states) if handler and handler.states else None
    occurred_at = _time(event)
    parameters = {
        "source": event.source_id,
        "id": event.id,
        "program": program_id,
        "type": event.type,
        "thing": thing,
        "occurred_at": occurred_at,
        "body": event.body,
        "sent_at": event.sent_at,
        "now": now,
    }
    if conn.execute(SQL["store_incoming"], parameters).rowcount == 0:
        return None
    if handler is None:
        return IncomingState.STORED
    state = IncomingState.HANDLED
    if thing is not None:
        conn.execute(SQL["lock_thing"], {"thing": f"{event.source_id}/{thing}"})
        later = conn.execute(SQL["has_later"], parameters).fetchone()
        state = IncomingState.STALE if later and later[0] else state
    if state is IncomingState.HANDLED:
        handler.handle(conn, program_id, event, now=now)
    conn.execute(SQL["conclude_incoming"], {"source": event.source_id, "id": event.id, "state": state})
    return state


def forget(conn: Connection, *, now: datetime) -> int:
    """Drop some of what came longer ago than ``KEEP``; returns how many rows, 0 when none are left."""
    return conn.execute(SQL["forget_incoming"], {"before": now - KEEP, "limit": FORGOTTEN}).rowcount


def _content(body: bytes) -> Mapping[str, object]:
    """Read a genuine body; what is no JSON object, or holds what cannot be stored as text, says nothing."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return content if isinstance(content, dict) and not batches.unclean(content) else {}


def _thing(event: Incoming, states: str) -> str | None:
    subject = event.content.get("subject")
    return f"{states}/{subject}"[:LONGEST_THING] if isinstance(subject, str) and subject else None


def _time(event: Incoming) -> datetime:
    """Return when it happened, as the event says it, else when it was sent."""
    try:
        said = datetime.fromisoformat(str(event.content.get("time")))
    except ValueError:
        return event.sent_at
    return said if said.tzinfo else event.sent_at
