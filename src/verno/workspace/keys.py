"""API keys: made once, shown once, checked on every request."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.workspace.queries import SQL
from verno.workspace.types import Key

SECRET_BYTES = 32
PREFIX_BYTES = 6
LIFE = timedelta(days=365)
CACHE_SECONDS = 5.0
"""A revoked key stops working everywhere within this time."""
CACHE_SIZE = 10_000

_cache: dict[bytes, tuple[float, Key | None]] = {}
_guard = threading.Lock()


def create(conn: Connection, program_id: str, name: str, scopes: Sequence[str], *, now: datetime) -> str:
    """Make a key and return its text, ``vk_<prefix>_<secret>``; only a SHA-256 stays with us.

    A slow hash would add nothing: the secret has 256 random bits.
    """
    prefix = secrets.token_hex(PREFIX_BYTES)
    text = f"vk_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    conn.execute(
        SQL["add_key"],
        {
            "id": new_id(now=now),
            "program": program_id,
            "name": name,
            "prefix": prefix,
            "secret_hash": hashlib.sha256(text.encode()).digest(),
            "scopes": list(scopes),
            "now": now,
            "expires_at": now + LIFE,
        },
    )
    return text


def find(conn: Connection, text: str, *, now: datetime) -> Key | None:
    """Return the key that ``text`` opens, or None: unknown, expired and revoked look alike."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "vk":  # noqa: PLR2004 vk, prefix, secret
        return None
    row = conn.execute(SQL["find_key"], {"prefix": parts[1]}).fetchone()
    if row is None or not hmac.compare_digest(hashlib.sha256(text.encode()).digest(), bytes(row[5])):
        return None
    key = Key(row[0], row[1], row[2], frozenset(row[3]), row[4])
    return key if key.expires_at > now else None


def cached(text: str) -> tuple[bool, Key | None]:
    """Return (known, key) from this process's memory of the last five seconds; keyed by hash, not by secret."""
    digest = hashlib.sha256(text.encode()).digest()
    entry = _cache.get(digest)
    if entry is None or time.monotonic() - entry[0] > CACHE_SECONDS:
        return False, None
    return True, entry[1]


def remember(text: str, key: Key | None) -> None:
    """Keep an answer for five seconds."""
    with _guard:
        if len(_cache) >= CACHE_SIZE:
            _cache.clear()
        _cache[hashlib.sha256(text.encode()).digest()] = (time.monotonic(), key)
