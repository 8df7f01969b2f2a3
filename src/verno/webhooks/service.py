"""Verbs on endpoints: add, change, delete, rotate, test, replay. Each is audited in its own transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from verno.kit import batches, outbox, secrets
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.ids import is_id, new_id
from verno.webhooks import queries, signing
from verno.webhooks.events import read_event_id
from verno.webhooks.queries import SQL
from verno.webhooks.types import (
    EVENT_TYPES,
    LONGEST_URL,
    MOST_ENDPOINTS,
    MOST_REPLAYED,
    TEST_EVENT,
    Endpoint,
    EndpointChange,
    Made,
    NewEndpoint,
    Refusal,
    Refused,
    Replay,
)
from verno.workspace import audit, registry, settings
from verno.workspace.audit import Actor

OVERLAP = timedelta(hours=24)
"""How long the old secret still signs after a rotation."""
KEEP = timedelta(days=30)
"""How long the log is kept, and how long events wait for an endpoint that is paused or disabled."""
FORGOTTEN = 10_000
"""Rows of one step of ``forget``."""


def add(conn: Connection, program_id: str, wanted: NewEndpoint, *, now: datetime, by: Actor) -> Made | Refused:
    """Add an endpoint, which is told what happens from now on; its secret is returned this once."""
    refused = _wrong(conn, program_id, wanted.url, wanted.types)
    if refused is not None:
        return refused
    if len(queries.endpoints(conn, program_id)) >= MOST_ENDPOINTS:
        return Refused(Refusal.TOO_MANY, "", f"a program has up to {MOST_ENDPOINTS} webhooks")
    id_, secret = new_id(now=now), signing.new_secret()
    conn.execute(
        SQL["add_endpoint"],
        {
            "id": id_,
            "program": program_id,
            "url": wanted.url,
            "description": wanted.description,
            "types": sorted(set(wanted.types)),
            "secret": sealed(id_, secret),
            "now": now,
        },
    )
    made = _there(conn, program_id, id_)
    audit.record(conn, program_id, by, "webhook.create", ("webhook", id_), now=now, states=(None, _state(made)))
    return Made(made, secret)


def change(
    conn: Connection, program_id: str, id_: str, wanted: EndpointChange, *, now: datetime, by: Actor
) -> Endpoint | Refused | None:
    """Change what is said of an endpoint; None when there is none. Let go on, it gets what has waited."""
    before = _locked(conn, program_id, id_)
    if before is None:
        return None
    types = None if wanted.types is UNSET else sorted(set(wanted.types))
    refused = _wrong(conn, program_id, None if wanted.url is UNSET else wanted.url, types or ())
    if refused is not None:
        return refused
    parameters = {
        "program": program_id,
        "id": id_,
        "url": _said(wanted.url),
        "description": _said(wanted.description),
        "types": types,
        "state": _said(wanted.state),
        "now": now,
    }
    conn.execute(SQL["change_endpoint"], parameters)
    after = _there(conn, program_id, id_)
    detail = "" if after.state == before.state else f"{before.state}>{after.state}"
    states = (_state(before), _state(after))
    audit.record(conn, program_id, by, "webhook.change", ("webhook", id_), now=now, detail=detail, states=states)
    return after


def delete(conn: Connection, program_id: str, id_: str, *, now: datetime, by: Actor) -> bool:
    """Delete an endpoint with its log; tells whether there was one."""
    before = _locked(conn, program_id, id_)
    if before is None:
        return False
    conn.execute(SQL["delete_deliveries"], {"program": program_id, "id": id_})
    conn.execute(SQL["delete_endpoint"], {"program": program_id, "id": id_})
    audit.record(conn, program_id, by, "webhook.delete", ("webhook", id_), now=now, states=(_state(before), None))
    return True


def rotate(conn: Connection, program_id: str, id_: str, *, now: datetime, by: Actor) -> Made | None:
    """Give an endpoint a new secret, shown this once; for a day the one before signs as well."""
    if _locked(conn, program_id, id_) is None:
        return None
    secret = signing.new_secret()
    parameters = {"program": program_id, "id": id_, "secret": sealed(id_, secret), "until": now + OVERLAP, "now": now}
    conn.execute(SQL["rotate_secret"], parameters)
    audit.record(conn, program_id, by, "webhook.rotate", ("webhook", id_), now=now)
    return Made(_there(conn, program_id, id_), secret)


def send_test(conn: Connection, program_id: str, id_: str, *, now: datetime, by: Actor) -> bool:
    """Have an endpoint told an event of its own; tells whether there is one."""
    if queries.endpoint(conn, program_id, id_) is None:
        return False
    outbox.append(conn, [outbox.NewEvent(program_id, None, TEST_EVENT, {"webhook": id_}, now)])
    audit.record(conn, program_id, by, "webhook.test", ("webhook", id_), now=now)
    return True


def replay(
    conn: Connection, program_id: str, id_: str, wanted: Replay, *, now: datetime, by: Actor
) -> int | Refused | None:
    """Send again what the log holds, at most ``MOST_REPLAYED``; returns how many, None when there is no endpoint.

    Each goes out under its own id once more, so a receiver that keeps ids notices.
    """
    if queries.endpoint(conn, program_id, id_) is None:
        return None
    parameters: dict[str, object] = {"program": program_id, "id": id_, "state": wanted.state, "now": now}
    if wanted.events is None:
        span = {"since": wanted.since, "until": wanted.until, "limit": MOST_REPLAYED}
        again = conn.execute(SQL["replay_range"], parameters | span).rowcount
    else:
        places = [(text, read_event_id(text)) for text in wanted.events]
        unknown = [text for text, place in places if place is None]
        if unknown:
            return Refused(Refusal.UNKNOWN_EVENT, "events", f"not an event's id: {unknown[0][:80]}")
        rows = batches.rows([place for _, place in places])
        again = conn.execute(SQL["replay_named"], parameters | {"rows": rows}).rowcount
    audit.record(conn, program_id, by, "webhook.replay", ("webhook", id_), now=now, detail=str(again))
    return again


def forget(conn: Connection, *, now: datetime) -> int:
    """Drop some of the log that is older than ``KEEP``; returns how many rows, 0 when none are left."""
    return conn.execute(SQL["forget"], {"before": now - KEEP, "limit": FORGOTTEN}).rowcount


def sealed(id_: str, secret: str) -> bytes:
    """Return a secret as it is stored; it opens for its endpoint only."""
    return secrets.seal(secrets.key("webhook"), secret.encode(), id_)


def opened(id_: str, box: bytes) -> bytes:
    """Return the key that a stored secret is."""
    key = signing.key_of(secrets.unseal(secrets.key("webhook"), box, id_).decode())
    if key is None:
        message = "a stored webhook secret is none"
        raise BrokenInvariant(message)
    return key


def _wrong(conn: Connection, program_id: str, url: str | None, types: Sequence[str]) -> Refused | None:
    unknown = sorted(set(types) - set(EVENT_TYPES))
    if unknown:
        return Refused(Refusal.UNKNOWN_TYPE, "types", f"there is no event {unknown[0][:80]}")
    if url is None:
        return None
    if not _is_address(url):
        return Refused(Refusal.BAD_URL, "url", "write an address like https://shop.example/hooks, without a password")
    if url.startswith("http:") and not settings.value(conn, program_id, registry.PLAIN_HTTP):
        return Refused(
            Refusal.PLAIN_HTTP, "url", "only https:// is allowed; the setting webhooks.plain_http changes that"
        )
    return None


def _is_address(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 reading it is what checks it
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment


def _said(value: object) -> object:
    return None if value is UNSET else value


def _locked(conn: Connection, program_id: str, id_: str) -> Endpoint | None:
    if not is_id(id_) or conn.execute(SQL["lock_endpoint"], {"program": program_id, "id": id_}).fetchone() is None:
        return None
    return queries.endpoint(conn, program_id, id_)


def _there(conn: Connection, program_id: str, id_: str) -> Endpoint:
    found = queries.endpoint(conn, program_id, id_)
    if found is None:
        message = "an endpoint is not there that was written a moment ago"
        raise BrokenInvariant(message)
    return found


def _state(endpoint: Endpoint) -> object:
    return msgspec.to_builtins(endpoint)
