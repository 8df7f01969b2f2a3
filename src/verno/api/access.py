"""Who calls: the API key behind a request, whether it may do what it asks, where, and how often."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TypeAlias

from verno.kit import db
from verno.web import problems
from verno.web.problems import Refused
from verno.workspace import keys
from verno.workspace.keys import Exhausted
from verno.workspace.types import Key, Scope

BEARER = "bearer "

Headers: TypeAlias = list[tuple[str, str]]

_headers: ContextVar[Headers | None] = ContextVar("rate_headers", default=None)


@contextmanager
def metered() -> Iterator[Headers]:
    """Collect the headers that the answer to one request must carry; empty unless its key has a rate."""
    headers: Headers = []
    token = _headers.set(headers)
    try:
        yield headers
    finally:
        _headers.reset(token)


def authorise(header: str | None, scope: Scope, *, now: datetime) -> Key:
    """Return the key of an ``Authorization`` header that holds ``scope``; raises ``Refused`` (401, 403, 429).

    A key is looked up once in four seconds per process; missing, unknown, expired and revoked look alike. A request
    of a key with a rate is counted, whatever becomes of it; a key without one pays nothing.
    """
    key = _key(header or "", now)
    if key is None or key.expires_at <= now:
        raise Refused(problems.unauthorized())
    if key.rate is not None:
        _count(key.id, key.rate, now)
    need(key, scope)
    return key


def need(key: Key, scope: Scope) -> None:
    """Let a key that has been authorised do one thing more; raises ``Refused`` (403 names the missing scope)."""
    if scope not in key.scopes:
        raise Refused(problems.missing_scope(scope))


def allows_place(key: Key, place_code: str) -> bool:
    """Tell whether a key may act at a store. Ask before looking the store up: unknown and forbidden look alike."""
    return not key.places or place_code in key.places


def _key(header: str, now: datetime) -> Key | None:
    if header[: len(BEARER)].lower() != BEARER:
        return None
    text = header[len(BEARER) :].strip()
    known, key = keys.cached(text)
    if not known:
        asked = time.monotonic()
        with db.transaction() as conn:
            key = keys.find(conn, text, now=now)
        keys.remember(text, key, asked=asked)
    return key


def _count(key_id: str, rate: int, now: datetime) -> None:
    """Count a request in a transaction of its own: what the request does must not wait for it, nor undo it."""
    with db.transaction() as conn:
        spent = keys.count_request(conn, key_id, rate, now=now)
    headers = _headers.get()
    told: Headers = [("RateLimit-Policy", f'"key";q={rate};w={keys.WINDOW.seconds}')]
    if isinstance(spent, Exhausted):
        told += [("RateLimit", f'"key";r=0;t={spent.seconds}'), ("Retry-After", str(spent.seconds))]
    else:
        told.append(("RateLimit", f'"key";r={spent.left};t={spent.seconds}'))
    if headers is not None:
        headers += told
    if isinstance(spent, Exhausted):
        raise Refused(problems.too_many(spent.seconds))
