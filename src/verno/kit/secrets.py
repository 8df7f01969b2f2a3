"""One master secret, and a separate key derived from it for every purpose (HKDF, RFC 5869)."""

import hmac
import os
import secrets as randomness
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from verno.kit import config
from verno.kit.errors import BrokenInvariant, VernoError

Purpose = Literal[
    "django",
    "lookup",
    "wrap",
    "fingerprint",
    "unsubscribe",
    "cursor",
    "audit",
    "pin",
    "seal",
    "proof",
    "quote",
    "receipt",
    "telegram",
    "vapid",
    "preferences",
    "otp",
    "webhook",
    "tracking",
    "dispute",
    "experiment",
    "upload",
    "handout",
    "tombstone",
]

KEY_BYTES = 32
NONCE_BYTES = 12


def file() -> Path:
    """Return where the master secret lies when the environment does not say it; it may not be there yet."""
    return config.home() / "secret.key"


def known() -> bool:
    """Tell whether there is a master secret; whoever uses one makes it where there is none."""
    return bool(os.environ.get("VERNO_SECRET_KEY")) or file().exists()


def master() -> str:
    """Return the master secret as it is written down, for whoever keeps it elsewhere."""
    return (os.environ.get("VERNO_SECRET_KEY") or _from_file(file())).strip()


def _master() -> bytes:
    text = master()
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        message = "VERNO_SECRET_KEY must be 64 hexadecimal digits"
        raise VernoError(message) from error
    if len(key) != KEY_BYTES:
        message = "VERNO_SECRET_KEY must be 64 hexadecimal digits"
        raise VernoError(message)
    return key


def _from_file(path: Path) -> str:
    """Read the key file; make it, readable by its owner only, when there is none.

    Created under a name of its own and linked into place, so that two processes that start together agree.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{randomness.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(randomness.token_hex(KEY_BYTES))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


@lru_cache(maxsize=32)
def key(purpose: Purpose) -> bytes:
    """Return the 32-byte key of a purpose; the same for ever as long as the master secret stays."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"verno/" + purpose.encode()).derive(_master())


@lru_cache(maxsize=32)
def _keyed(purpose: Purpose) -> hmac.HMAC:
    return hmac.new(key(purpose), digestmod="sha256")


def mac(purpose: Purpose, data: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 (RFC 2104) of data under a purpose's key.

    A copy of one that has its key: unlike ``hmac.digest`` it keeps the interpreter's lock over a few bytes, and a
    letter that lost it at each of its links waited for its turn six times.
    """
    fresh = _keyed(purpose).copy()
    fresh.update(data)
    return fresh.digest()


def seal(with_key: bytes, data: bytes, bound_to: str) -> bytes:
    """Return a box (a 12-byte random nonce and an AES-256-GCM ciphertext) that opens for ``bound_to`` only."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(with_key).encrypt(nonce, data, bound_to.encode())


def unseal(with_key: bytes, box: bytes, bound_to: str) -> bytes:
    """Return what a box holds; raises ``BrokenInvariant`` for one that was moved or changed."""
    try:
        return AESGCM(with_key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to.encode())
    except InvalidTag:
        message = "a sealed value does not open: it was changed, or VERNO_SECRET_KEY was"
        raise BrokenInvariant(message) from None
