"""Guessing passwords is slow: five free tries, then a wait that grows, but never a lock.

A lock by wrong passwords alone would be a weapon against its owner; a wait of at most a minute is not.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from verno.kit import secrets
from verno.kit.db import Connection
from verno.kit.sql import Statements

SQL = Statements("verno.console")

FREE_TRIES = 5
WINDOW = timedelta(minutes=15)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(seconds=60)


def try_now(conn: Connection, email: str, *, now: datetime) -> timedelta | None:
    """Count an attempt and return None, or return how long to wait when its password must not be looked at."""
    parameters = {
        "account": _account(email),
        "now": now,
        "window": WINDOW,
        "free": FREE_TRIES,
        "first": FIRST_WAIT,
        "most": LONGEST_WAIT,
    }
    if conn.execute(SQL["count_attempt"], parameters).fetchone() is not None:
        return None
    row = conn.execute(SQL["wait_until"], parameters).fetchone()
    return max(row[0] - now, timedelta(seconds=1)) if row else None


def forget(conn: Connection, email: str) -> None:
    """Start counting anew after a successful sign-in."""
    conn.execute(SQL["forget_attempts"], {"account": _account(email)})


def _account(email: str) -> bytes:
    """Return the account's keyed hash: unknown names are counted too, and no table should hold what was typed."""
    return hmac.new(secrets.key("lookup"), b"console/sign-in\0" + email.encode(), hashlib.sha256).digest()
