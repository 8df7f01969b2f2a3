"""Certificates of erasure: what is signed, the text of the file, and whether one is genuine."""

import json

import msgspec

from verno.kit.errors import VernoError
from verno.privacy.types import Certificate
from verno.sealing import heads

DOMAIN = b"verno-erasure\n"
"""Begins what is signed, so that a certificate can be taken for nothing else."""


def sign(certificate: Certificate) -> Certificate:
    """Return the certificate with this installation's key and signature."""
    named = msgspec.structs.replace(certificate, public_key=heads.public_key())
    return msgspec.structs.replace(named, signature=heads.sign_other(DOMAIN, _signed(named)))


def is_signed(certificate: Certificate) -> bool:
    """Tell whether a certificate is as it was signed with the key that it names."""
    return heads.is_signed_by(certificate.public_key, DOMAIN, _signed(certificate), certificate.signature)


def document(certificate: Certificate) -> str:
    """Return a certificate as the text of its file."""
    return json.dumps(msgspec.to_builtins(certificate), indent=2, ensure_ascii=False) + "\n"


def parse(text: str | bytes) -> Certificate:
    """Return the certificate of a document; raises ``VernoError`` for what is none."""
    try:
        return msgspec.json.decode(text, type=Certificate)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"this is not a certificate of erasure: {error}"
        raise VernoError(message) from error


def _signed(certificate: Certificate) -> bytes:
    """Return what the signature covers: all fields but the signature as JSON, keys sorted, no spaces, ASCII only."""
    fields = msgspec.to_builtins(certificate)
    del fields["signature"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
