"""Sealing contacts with the member's own key; destroying the key erases what it sealed, backups included.

A member's key seals a handful of values and the installation's wraps one key a member: far from the 2^32 messages
that random nonces are good for.
"""

import os

from verno.kit import secrets

KEY_BYTES = 32


def new_key() -> bytes:
    """Return a fresh data key for one member."""
    return os.urandom(KEY_BYTES)


def wrap(key: bytes, holder_id: str) -> bytes:
    """Return the member's key as it is stored; it opens for this holder only."""
    return secrets.seal(secrets.key("wrap"), key, holder_id)


def unwrap(box: bytes, holder_id: str) -> bytes:
    """Return the member's key; raises ``BrokenInvariant`` when the installation's secret is another one."""
    return secrets.unseal(secrets.key("wrap"), box, holder_id)


def seal(key: bytes, kind: str, holder_id: str, value: str) -> bytes:
    """Return a contact as it is stored; it opens only as this kind and for this holder."""
    return secrets.seal(key, value.encode(), f"{kind}/{holder_id}")


def unseal(key: bytes, kind: str, holder_id: str, box: bytes) -> str:
    """Return a sealed contact; raises ``BrokenInvariant`` for a box that was moved or changed."""
    return secrets.unseal(key, box, f"{kind}/{holder_id}").decode()
