"""Who calls: the API key behind a request, and whether it may do what it asks."""

from datetime import datetime

from verno.kit import db
from verno.web import problems
from verno.web.problems import Refused
from verno.workspace import keys
from verno.workspace.types import Key, Scope

BEARER = "bearer "


def authorise(header: str | None, scope: Scope, *, now: datetime) -> Key:
    """Return the key of an ``Authorization`` header that holds ``scope``; raises ``Refused`` (401, 403).

    A key is looked up once in five seconds per process; missing, unknown, expired and revoked look alike.
    """
    key = _key(header or "", now)
    if key is None or key.expires_at <= now:
        raise Refused(problems.unauthorized())
    if scope not in key.scopes:
        raise Refused(problems.missing_scope(scope))
    return key


def _key(header: str, now: datetime) -> Key | None:
    if header[: len(BEARER)].lower() != BEARER:
        return None
    text = header[len(BEARER) :].strip()
    known, key = keys.cached(text)
    if not known:
        with db.transaction() as conn:
            key = keys.find(conn, text, now=now)
        keys.remember(text, key)
    return key
