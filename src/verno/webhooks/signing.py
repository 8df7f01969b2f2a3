"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and the body's bytes."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
KEY_BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64
"""What the standard lets a key's length be."""
VERSION = "v1"
TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may lie from our clock, either way."""


def new_secret() -> str:
    """Return a fresh secret, ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_of(secret: str) -> bytes | None:
    """Return the bytes of a secret; None for a text that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(PREFIX) and LEAST_BYTES <= len(key) <= MOST_BYTES else None


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: one signature for each key, so that either opens it."""
    signed = [hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest() for key in keys]
    return " ".join(f"{VERSION},{base64.b64encode(one).decode()}" for one in signed)


def is_genuine(keys: Sequence[bytes], headers: tuple[str, str, str], body: bytes, *, now: datetime) -> bool:
    """Tell whether (id, timestamp, signature) were made with one of the keys over these very bytes, about now.

    Every signature is compared with every key, in constant time.
    """
    message_id, timestamp, given = headers
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("10000000000")):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    expected = [signature([key], message_id, int(timestamp), body).encode() for key in keys]
    found = [hmac.compare_digest(ours, theirs.encode()) for theirs in given.split(" ")[:8] for ours in expected]
    return any(found)
