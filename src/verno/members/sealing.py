"""Sealing contacts with the member's own key; destroying the key erases what it sealed, backups included.

Every box is a 12-byte random nonce and an AES-256-GCM ciphertext. A member's key seals a handful of values
and the installation's wraps one key a member: far from the 2^32 messages that random nonces are good for.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from verno.kit import secrets
from verno.kit.errors import BrokenInvariant

KEY_BYTES = 32
NONCE_BYTES = 12


def new_key() -> bytes:
    """Return a fresh data key for one member."""
    return os.urandom(KEY_BYTES)


def wrap(key: bytes, holder_id: str) -> bytes:
    """Return the member's key as it is stored; it opens for this holder only."""
    return _seal(secrets.key("wrap"), key, holder_id)


def unwrap(box: bytes, holder_id: str) -> bytes:
    """Return the member's key; raises ``BrokenInvariant`` when the installation's secret is another one."""
    return _open(secrets.key("wrap"), box, holder_id)


def seal(key: bytes, kind: str, holder_id: str, value: str) -> bytes:
    """Return a contact as it is stored; it opens only as this kind and for this holder."""
    return _seal(key, value.encode(), f"{kind}/{holder_id}")


def unseal(key: bytes, kind: str, holder_id: str, box: bytes) -> str:
    """Return a sealed contact; raises ``BrokenInvariant`` for a box that was moved or changed."""
    return _open(key, box, f"{kind}/{holder_id}").decode()


def _seal(key: bytes, data: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to.encode())


def _open(key: bytes, box: bytes, bound_to: str) -> bytes:
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to.encode())
    except InvalidTag:
        message = "a sealed value does not open: it was changed, or VERNO_SECRET_KEY was"
        raise BrokenInvariant(message) from None
