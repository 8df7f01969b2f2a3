"""One-time codes for phones and e-mail addresses (docs/explanation/consent.md): made, counted, compared, never kept.

Only a keyed hash of a code is stored. Each counts its own tries before it is looked at, so that parallel guesses cannot
overtake the count; a new code kills the old one. Numbers abroad, and ranges of numbers that let send codes which
nobody types, get none: each text costs money, and somebody may be paid for it. A program in which most codes are wrong
lets each be tried once alone: whoever guesses for many members at a time gets a fifth of the guesses, and people who
type what they read get in.
"""

import hmac
import secrets as randomness
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from verno.kit import batches, secrets
from verno.kit.db import Connection
from verno.members import queries
from verno.members.consent import confirming
from verno.members.consent.state import SMS_CODE
from verno.members.identity import is_of
from verno.members.queries import SQL
from verno.members.types import Proof
from verno.workspace import queries as workspace
from verno.workspace import registry, settings

DIGITS = 6
LIFE = timedelta(minutes=5)
TRIES = 5
GAP = timedelta(minutes=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KINDS = ("phone", "email")
METHOD = {"phone": SMS_CODE, "email": "email-code"}
VERIFY = "verify"
"""What a code is for where nothing else is said: the address is the member's."""

SENT_A_DAY, SENT_A_DAY_BY_PREFIX, SENT_AN_HOUR_BY_SOURCE = 5, 30, 10
PUMPED_WITHIN = timedelta(days=7)
PUMPED_CODES, PUMPED_SHARE = 50, 20
"""Of so many codes to numbers that differ in four digits so many per cent come back, or no more are sent."""
CHECKED_A_DAY, CHECKED_AN_HOUR_BY_SOURCE = 15, 30
BREAKER_CHECKS, BREAKER_SHARE = 200, 90
"""From so many checks in an hour on, and so many per cent of them wrong, each code is good for one try."""


class Sent(msgspec.Struct, frozen=True):
    """A fresh code, to be sent and forgotten."""

    code: str
    expires_at: datetime


class Verified(msgspec.Struct, frozen=True):
    """The address is the member's; ``confirmed`` consents waited for it."""

    confirmed: int


class Wrong(msgspec.Struct, frozen=True):
    """Not the code, or none is live; ``left`` tries remain."""

    left: int


class NotNow(msgspec.Struct, frozen=True):
    """Refused: ``no-address``, ``country-not-served``; ``too-soon`` and ``too-many`` end at ``until``."""

    reason: str
    until: datetime | None = None


Limit: TypeAlias = tuple[str, int, timedelta]
"""(what is counted, how many, in how long)."""


def start(
    conn: Connection,
    program_id: str,
    holder_id: str,
    kind: str,
    *,
    source: str | None = None,
    purpose: str = VERIFY,
    now: datetime,
) -> Sent | NotNow:
    """Make a code for a member's phone or e-mail; an earlier one is dead from here on. The caller sends it.

    ``purpose``: what it is for; a code for one purpose is none for another.
    ``source`` is the network address that asked, where it is known. Refused tries are counted too: commit them.
    """
    identity = queries.identities(conn, [holder_id]).get(holder_id, {}).get(kind)
    if identity is None:
        return NotNow("no-address")
    address = queries.contacts(conn, [holder_id], kind)[holder_id]
    if kind == "phone" and not _is_served(conn, program_id, address):
        return NotNow("country-not-served")
    live = conn.execute(SQL["lock_otp"], {"holder": holder_id, "kind": kind, "purpose": purpose}).fetchone()
    if live is not None and live[0] + GAP > now:
        return NotNow("too-soon", live[0] + GAP)
    limits = [(f"send/{identity.value_hash}", SENT_A_DAY, DAY)]
    if kind == "phone":
        limits.append((f"send-prefix/{address[:-4]}", SENT_A_DAY_BY_PREFIX, DAY))
    if source:
        limits.append((f"send-source/{source}", SENT_AN_HOUR_BY_SOURCE, HOUR))
    full = _count(conn, program_id, limits, now=now)
    if full is not None:
        return NotNow("too-many", full)
    pumped = _pumped(conn, program_id, address, now=now) if kind == "phone" else None
    if pumped is not None:
        return NotNow("too-many", pumped)
    code = f"{randomness.randbelow(10**DIGITS):0{DIGITS}}"
    parameters = {
        "program": program_id,
        "holder": holder_id,
        "kind": kind,
        "purpose": purpose,
        "code": _digest(program_id, holder_id, kind, purpose, code),
        "address": identity.value_hash,
        "now": now,
        "until": now + LIFE,
    }
    conn.execute(SQL["put_otp"], parameters)
    return Sent(code, now + LIFE)


def check(
    conn: Connection,
    program_id: str,
    holder_id: str,
    kind: str,
    code: str,
    *,
    source: str | None = None,
    proof: Proof,
    now: datetime,
) -> Verified | Wrong | NotNow:
    """Compare a code; the right one confirms the address it was made for, and is used up.

    The try is counted first: commit it whatever comes back.
    """
    done = compare(conn, program_id, holder_id, kind, code, source=source, now=now)
    if not isinstance(done, Verified):
        return done
    identity = queries.identities(conn, [holder_id])[holder_id][kind]
    confirmed = confirming.confirm(
        conn, program_id, holder_id, kind, identity.value_hash, method=METHOD[kind], proof=proof, now=now
    )
    return Verified(len(confirmed or ()))


def compare(
    conn: Connection,
    program_id: str,
    holder_id: str,
    kind: str,
    code: str,
    *,
    source: str | None = None,
    purpose: str = VERIFY,
    now: datetime,
) -> Verified | Wrong | NotNow:
    """Compare a code of a purpose; the right one is used up, and that is all.

    The try is counted first: commit it whatever comes back.
    """
    identity = queries.identities(conn, [holder_id]).get(holder_id, {}).get(kind)
    if identity is None:
        return NotNow("no-address")
    limits = [(f"check/{identity.value_hash}", CHECKED_A_DAY, DAY)]
    if source:
        limits.append((f"check-source/{source}", CHECKED_AN_HOUR_BY_SOURCE, HOUR))
    full = _count(conn, program_id, limits, now=now)
    if full is not None:
        return NotNow("too-many", full)
    most = _tries(conn, program_id, now=now)
    wanted = {"holder": holder_id, "kind": kind, "purpose": purpose, "now": now}
    row = conn.execute(SQL["try_otp"], {**wanted, "most": most, "address": identity.value_hash}).fetchone()
    _count(conn, program_id, [("checked", 0, HOUR)], now=now)
    if row is None or not hmac.compare_digest(bytes(row[0]), _digest(program_id, holder_id, kind, purpose, code)):
        _count(conn, program_id, [("wrong", 0, HOUR)], now=now)
        return Wrong(max(most - row[1], 0) if row else 0)
    conn.execute(SQL["use_otp"], wanted)
    if kind == "phone":
        _count(conn, program_id, [_typed(queries.contacts(conn, [holder_id], kind)[holder_id])], now=now)
    return Verified(0)


def _is_served(conn: Connection, program_id: str, phone: str) -> bool:
    named = settings.load(conn, program_id).value(registry.CODE_COUNTRIES)
    return is_of(phone, named or (workspace.program(conn, program_id).country,))


def _pumped(conn: Connection, program_id: str, phone: str, *, now: datetime) -> datetime | None:
    """Count a code to a number's range; return until when it gets none, since hardly any of its codes come back."""
    made, typed = (f"made-prefix/{phone[:-4]}", 0, PUMPED_WITHIN), _typed(phone)
    found = {what: (used, first) for what, used, first in _used(conn, program_id, [made, typed], now)}
    used, first = found.get(made[0], (0, now))
    confirmed, _ = found.get(typed[0], (0, now))
    if used >= PUMPED_CODES and confirmed * 100 < used * PUMPED_SHARE:
        return first + PUMPED_WITHIN
    _count(conn, program_id, [made], now=now)
    return None


def _typed(phone: str) -> Limit:
    """Return what counts the codes that came back from a number's range."""
    return f"typed-prefix/{phone[:-4]}", 0, PUMPED_WITHIN


def _tries(conn: Connection, program_id: str, *, now: datetime) -> int:
    """Return how often a code may be tried now: once while most codes of the program are wrong."""
    used = {what: used for what, used, _ in _used(conn, program_id, [("checked", 0, HOUR), ("wrong", 0, HOUR)], now)}
    checked, wrong = used.get("checked", 0), used.get("wrong", 0)
    return 1 if checked >= BREAKER_CHECKS and wrong * 100 > checked * BREAKER_SHARE else TRIES


def _count(conn: Connection, program_id: str, limits: Sequence[Limit], *, now: datetime) -> datetime | None:
    """Count one use of each limit; return when the last full one has room again, or None. A limit of 0 only counts."""
    conn.execute(SQL["count_otp"], _asked(program_id, limits, now))
    most = {what: (limit, within) for what, limit, within in limits}
    full = [
        first + most[what][1] for what, used, first in _used(conn, program_id, limits, now) if 0 < most[what][0] < used
    ]
    return max(full, default=None)


def _used(conn: Connection, program_id: str, limits: Sequence[Limit], now: datetime) -> list[tuple[str, int, datetime]]:
    """Return (what, how often in its time, since when) of what was used at all."""
    names = {_hash(program_id, what): what for what, _, _ in limits}
    found = conn.execute(SQL["otp_counts"], _asked(program_id, limits, now)).fetchall()
    return [(names[what], used, first) for what, used, first in found]


def _asked(program_id: str, limits: Sequence[Limit], now: datetime) -> dict[str, object]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    # Counted by the hour: a day is today's hour and the 23 before it.
    rows = [{"what": _hash(program_id, what), "since": hour - within + HOUR} for what, _, within in sorted(limits)]
    return {"program": program_id, "hour": hour, "old": hour - PUMPED_WITHIN - DAY, "rows": batches.rows(rows)}


def _hash(program_id: str, what: str) -> str:
    return secrets.mac("otp", f"{program_id}\0{what}".encode()).hex()


def _digest(program_id: str, holder_id: str, kind: str, purpose: str, code: str) -> bytes:
    told = f"{program_id}\0{holder_id}\0{kind}\0{purpose}\0{code}"
    return secrets.mac("otp", told.encode())
