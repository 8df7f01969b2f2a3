"""API keys: made once, shown once, checked on every request, changed while tills go on."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import msgspec
from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.queries import SQL
from verno.workspace.types import Key

SECRET_BYTES = 32
PREFIX_BYTES = 6
LIFE = timedelta(days=365)
CACHE_SECONDS = 4.0
"""A revoked key stops working everywhere within five seconds: this time, counted from before the look-up."""
CACHE_SIZE = 10_000
USE_STEP = timedelta(minutes=1)
"""A key's last use is written at most this often."""
MOST_LIVE = 2
"""Live keys of one name that a rotation leaves: the old one and the new one."""

_cache: dict[bytes, tuple[float, Key | None]] = {}
_guard = threading.Lock()


class KeyRecord(msgspec.Struct, frozen=True):
    """A key as its owner sees it: what it may do, and whether it lives."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    places: list[str]
    rate: int | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> Literal["live", "revoked", "expired"]:
        """Return what the key is at ``now``."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if self.expires_at > now else "expired"


class KeyRefusal(StrEnum):
    """Why a key was not changed."""

    UNKNOWN = "unknown-key"
    AMBIGUOUS = "ambiguous-key"
    """Several live keys have this name: say which one by its id or prefix."""
    NOT_LIVE = "key-not-live"
    TWO_LIVE = "two-keys-live"
    """A rotation is under way: revoke the old key first."""


class Rotated(msgspec.Struct, frozen=True):
    """The new key's text, shown once, and the old key, which lives until it is revoked or its overlap ends."""

    text: str
    old: KeyRecord


def create(
    conn: Connection,
    program_id: str,
    name: str,
    scopes: Sequence[str],
    *,
    now: datetime,
    places: Sequence[str] = (),
    rate: int | None = None,
    by: Actor = audit.SYSTEM,
) -> str:
    """Make a key and return its text, ``vk_<prefix>_<secret>``; only a SHA-256 stays with us.

    A slow hash would add nothing: the secret has 256 random bits. ``places`` are codes of the program's stores (the
    caller has looked them up), none of them meaning all; ``rate`` is requests a minute.
    """
    prefix = secrets.token_hex(PREFIX_BYTES)
    text = f"vk_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    id_ = new_id(now=now)
    conn.execute(
        SQL["add_key"],
        {
            "id": id_,
            "program": program_id,
            "name": name,
            "prefix": prefix,
            "secret_hash": hashlib.sha256(text.encode()).digest(),
            "scopes": list(scopes),
            "places": list(places),
            "rate": rate,
            "now": now,
            "expires_at": now + LIFE,
        },
    )
    made = {"scopes": sorted(scopes), "places": sorted(places), "rate": rate}
    audit.record(conn, program_id, by, "key.create", ("key", id_), now=now, states=(None, made))
    return text


def find(conn: Connection, text: str, *, now: datetime) -> Key | None:
    """Return the key that ``text`` opens, or None: unknown, expired and revoked look alike.

    At most once a minute the look-up also writes that the key is in use.
    """
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "vk":  # noqa: PLR2004 vk, prefix, secret
        return None
    row = conn.execute(SQL["find_key"], {"prefix": parts[1]}).fetchone()
    if row is None or not hmac.compare_digest(hashlib.sha256(text.encode()).digest(), bytes(row[7])):
        return None
    key = Key(row[0], row[1], row[2], frozenset(row[3]), row[4], frozenset(row[5]), row[6])
    if key.expires_at <= now:
        return None
    if row[8] is None or row[8] <= now - USE_STEP:
        conn.execute(SQL["use_key"], {"id": key.id, "now": now, "step": USE_STEP})
    return key


def listed(conn: Connection, program_id: str) -> list[KeyRecord]:
    """Return a program's keys, the newest first, dead ones included."""
    rows = conn.cursor(row_factory=args_row(KeyRecord)).execute(SQL["keys"], {"program": program_id})
    return rows.fetchall()


def revoke(conn: Connection, program_id: str, which: str, *, by: Actor, now: datetime) -> KeyRecord | KeyRefusal:
    """End a key now; every process hears of it within five seconds. ``which`` is its id, prefix or name.

    A key that has been revoked already stays as it is.
    """
    conn.execute(SQL["lock_program"], {"program": program_id})
    found = _named(listed(conn, program_id), which, now)
    if isinstance(found, KeyRefusal) or found.revoked_at is not None:
        return found
    conn.execute(SQL["revoke_key"], {"program": program_id, "id": found.id, "now": now})
    audit.record(conn, program_id, by, "key.revoke", ("key", found.id), now=now)
    return msgspec.structs.replace(found, revoked_at=now)


def rotate(
    conn: Connection,
    program_id: str,
    which: str,
    *,
    by: Actor,
    now: datetime,
    overlap: timedelta | None = None,
) -> Rotated | KeyRefusal:
    """Make a second live key with the name, rights, places and rate of the one that ``which`` names.

    With ``overlap`` the old key ends by itself after that time, else when it is revoked. At most two keys of one name
    are live, so a rotation that is under way is finished before the next begins.
    """
    conn.execute(SQL["lock_program"], {"program": program_id})
    known = listed(conn, program_id)
    old = _named(known, which, now)
    if isinstance(old, KeyRefusal):
        return old
    if old.state(now) != "live":
        return KeyRefusal.NOT_LIVE
    if sum(one.name == old.name and one.state(now) == "live" for one in known) >= MOST_LIVE:
        return KeyRefusal.TWO_LIVE
    text = create(conn, program_id, old.name, old.scopes, now=now, places=old.places, rate=old.rate, by=by)
    ends = old.expires_at if overlap is None else min(old.expires_at, now + overlap)
    conn.execute(SQL["end_key"], {"program": program_id, "id": old.id, "at": ends})
    audit.record(conn, program_id, by, "key.rotate", ("key", old.id), now=now)
    return Rotated(text, msgspec.structs.replace(old, expires_at=ends))


class Taken(msgspec.Struct, frozen=True):
    """A request was counted: ``left`` more may come at once, all of the allowance is back in ``seconds``."""

    left: int
    seconds: int


class Exhausted(msgspec.Struct, frozen=True):
    """The allowance is used up; the next request may come in ``seconds``."""

    seconds: int


WINDOW = timedelta(minutes=1)


def count_request(conn: Connection, key_id: str, rate: int, *, now: datetime) -> Taken | Exhausted:
    """Count one request of a key that may send ``rate`` a minute, over all processes; one statement.

    A token bucket that holds a minute's worth: after a quiet minute ``rate`` requests may come at once.
    """
    step = WINDOW / rate
    parameters = {"key": key_id, "now": now, "step": step, "window": WINDOW}
    row = conn.execute(SQL["take_token"], parameters).fetchone()
    if row is not None:
        ahead: timedelta = row[0] - now
        return Taken(max(0, int((WINDOW - ahead) / step)), _whole_seconds(ahead))
    full = conn.execute(SQL["meter"], {"key": key_id}).fetchone()
    return Exhausted(_whole_seconds(full[0] + step - WINDOW - now) if full else 1)


def cached(text: str) -> tuple[bool, Key | None]:
    """Return (known, key) from this process's memory of the last seconds; keyed by hash, not by secret."""
    entry = _cache.get(hashlib.sha256(text.encode()).digest())
    if entry is None or time.monotonic() - entry[0] > CACHE_SECONDS:
        return False, None
    return True, entry[1]


def remember(text: str, key: Key | None, *, asked: float) -> None:
    """Keep an answer for ``CACHE_SECONDS`` from ``asked``, which ``time.monotonic()`` said before the look-up."""
    with _guard:
        if len(_cache) >= CACHE_SIZE:
            _cache.clear()
        _cache[hashlib.sha256(text.encode()).digest()] = (asked, key)


def _named(known: Sequence[KeyRecord], which: str, now: datetime) -> KeyRecord | KeyRefusal:
    """Return the key with this id or prefix (also as ``vk_<prefix>``), else the only live one of this name."""
    bare = which.removeprefix("vk_").partition("_")[0]
    for one in known:
        if one.id == which.lower() or one.prefix == bare:
            return one
    live = [one for one in known if one.name == which and one.state(now) == "live"]
    if len(live) == 1:
        return live[0]
    if live:
        return KeyRefusal.AMBIGUOUS
    return KeyRefusal.NOT_LIVE if any(one.name == which for one in known) else KeyRefusal.UNKNOWN


def _whole_seconds(span: timedelta) -> int:
    """Round up, so that whoever waits that long has waited long enough."""
    return max(1, -(-span // timedelta(seconds=1)))
