"""DKIM: our domain's signature on a letter (RFC 6376; relaxed/relaxed, RSA with SHA-256).

Our own, because the usual library signs some 130 letters a second, and this one is bound by RSA alone.
"""

import base64
import hashlib
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from verno.kit import config
from verno.kit.errors import VernoError

SIGNED = (
    b"from",
    b"to",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"auto-submitted",
    b"mime-version",
    b"content-language",
    b"content-type",
)
"""Headers that are signed, where the letter has them. RFC 8058 wants both ways of unsubscribing among them."""
FEWEST_BITS = 1024
"""Receivers must ignore shorter keys (RFC 8301)."""
LINE = 72

_BLANKS = re.compile(rb"[ \t]+")
_FOLDS = re.compile(rb"\r\n(?=[ \t])")


class Signer:
    """A domain's key at work."""

    def __init__(self, key: rsa.RSAPrivateKey, domain: str, selector: str) -> None:
        """Take the key, and where its public half stands: ``<selector>._domainkey.<domain>``."""
        self._key = key
        self._tags = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n"

    def sign(self, letter: bytes, *, now: datetime) -> bytes:
        """Return the letter with its signature on top. The same letter at the same moment gives the same bytes."""
        head, _, body = letter.partition(b"\r\n\r\n")
        found = {name: value for name, value in map(_relaxed, _FOLDS.sub(b"", head).split(b"\r\n")) if name in SIGNED}
        # The sender is listed twice: a second From, added on the way, then breaks the signature.
        names = b":".join([b"from", *found]).decode()
        digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        own = f"DKIM-Signature: {self._tags} t={int(now.timestamp())}; h={names};\r\n bh={digest};\r\n b="
        _, own_value = _relaxed(_FOLDS.sub(b"", own.encode()))
        signed = b"".join([name + b":" + value + b"\r\n" for name, value in found.items()])
        signature = base64.b64encode(
            self._key.sign(signed + b"dkim-signature:" + own_value, padding.PKCS1v15(), hashes.SHA256())
        ).decode()
        folded = "\r\n ".join([signature[at : at + LINE] for at in range(0, len(signature), LINE)])
        return own.encode() + folded.encode() + b"\r\n" + letter


def ours() -> Signer | None:
    """Return the signer that ``VERNO_DKIM_KEY`` names, or None where the relay signs; raises ``VernoError``."""
    path = config.dkim_key()
    if path is None:
        return None
    return Signer(_key(path), config.mail_from().rpartition("@")[2], config.dkim_selector())


@lru_cache(maxsize=4)
def _key(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = f"VERNO_DKIM_KEY: {path} is not a file with a private key (PEM, without a password)"
        raise VernoError(message) from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < FEWEST_BITS:
        message = f"VERNO_DKIM_KEY: {path} is not an RSA key of {FEWEST_BITS} bits or more"
        raise VernoError(message)
    return key


def _relaxed(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    if b"  " in value or b"\t" in value:
        value = _BLANKS.sub(b" ", value)
    return name.strip().lower(), value.strip()


def _relaxed_body(body: bytes) -> bytes:
    """Our own bodies are base64 with nothing to relax in them: to look for it first takes a hundredth of the time."""
    if body.endswith(b" ") or any(blank in body for blank in (b"\t", b"  ", b" \r\n")):
        body = b"\r\n".join([_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")])
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""
