"""Reading endpoints, their log, and events for whoever would rather ask than be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.kit.sql import Statements
from verno.webhooks.events import Row, event_id
from verno.webhooks.types import Delivery, DeliveryState, Endpoint, Position, Told

SQL = Statements("verno.webhooks")

LOOK = 5000
"""Events that one call of ``events_after`` looks at."""

BEGINNING = Position(0, 0)


def endpoints(conn: Connection, program_id: str) -> list[Endpoint]:
    """Return a program's endpoints, the oldest first."""
    rows = conn.execute(SQL["endpoints"], {"program": program_id, "id": None}).fetchall()
    return [_endpoint(row) for row in rows]


def endpoint(conn: Connection, program_id: str, id_: str) -> Endpoint | None:
    """Return one endpoint, or None."""
    if not is_id(id_):
        return None
    row = conn.execute(SQL["endpoints"], {"program": program_id, "id": id_}).fetchone()
    return _endpoint(row) if row else None


def counts(conn: Connection, program_id: str) -> Mapping[str, Mapping[DeliveryState, int]]:
    """Return how many deliveries each endpoint has in each state."""
    out: dict[str, dict[DeliveryState, int]] = {}
    for id_, state, count in conn.execute(SQL["count_deliveries"], {"program": program_id}).fetchall():
        out.setdefault(id_, {})[DeliveryState(state)] = count
    return out


def told(conn: Connection, program_id: str, type_: str, holder_ids: Sequence[str], *, since: datetime) -> list[Told]:
    """Return what endpoints answered to a type of event about some holders; ``since``: when that happened."""
    asked = {"program": program_id, "type": type_, "holders": list(holder_ids), "since": since}
    rows = conn.execute(SQL["told"], asked).fetchall()
    return [Told(url, text, DeliveryState(state), *rest) for url, text, state, *rest in rows]


def deliveries(
    conn: Connection,
    program_id: str,
    endpoint_id: str,
    *,
    before: Position | None = None,
    state: DeliveryState | None = None,
    type_: str | None = None,
    limit: int,
) -> list[Delivery]:
    """Return an endpoint's log, newest event first, older than ``before``."""
    parameters = {
        "program": program_id,
        "id": endpoint_id,
        "xid": before.xid if before else None,
        "event": before.id if before else None,
        "state": state,
        "type": type_,
        "limit": limit,
    }
    rows = conn.execute(SQL["deliveries"], parameters).fetchall()
    return [_delivery(program_id, row) for row in rows]


def resume_after(conn: Connection, after: Position) -> Position:
    """Return where to go on after a position that was given out: there, or at the last event before the lost ones.

    A position names an event for ever. It is there no more only when a backup from before it was restored; what has
    happened since then may stand before that position, and would be missed. The caller has entered the program.
    """
    row = conn.execute(SQL["resume_after"], {"xid": after.xid, "event": after.id}).fetchone()
    return Position(*row) if row else BEGINNING


def events_after(
    conn: Connection, program_id: str, after: Position, *, types: Sequence[str] | None, limit: int
) -> tuple[list[Row], Position, bool]:
    """Return (events after a position in the order of the outbox, where to go on, whether there may be more now).

    The caller has entered the program: other programs' events are not seen.
    """
    parameters = {"xid": after.xid, "event": after.id, "types": list(types) if types else None, "look": LOOK}
    found: list[Row] = []
    last, looked = after, 0
    for *columns, wanted in conn.execute(SQL["events_after"], parameters):
        row = msgspec.convert(columns, Row)
        looked += 1
        if wanted and len(found) == limit:
            return found, last, True
        last = row.position
        if wanted and row.program_id == program_id:
            found.append(row)
    return found, last, looked == LOOK


def _endpoint(row: Sequence[object]) -> Endpoint:
    return msgspec.convert(dict(zip(Endpoint.__struct_fields__, row, strict=True)), Endpoint)


def _delivery(program_id: str, row: Sequence[object]) -> Delivery:
    xid, id_, at, type_, state, attempts, status, response, due_at, created_at, changed_at = msgspec.convert(
        row, tuple[int, int, datetime, str, DeliveryState, int, int | None, str | None, datetime, datetime, datetime]
    )
    position = Position(xid, id_)
    return Delivery(
        position=position,
        event=event_id(program_id, position, at),
        type=type_,
        state=state,
        attempts=attempts,
        status=status,
        response=response,
        due_at=due_at,
        created_at=created_at,
        changed_at=changed_at,
    )
