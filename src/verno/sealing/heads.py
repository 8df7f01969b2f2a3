"""Signed heads: what the signature covers, the key, the file."""

import json
import os
import secrets as randomness
from hashlib import sha256
from itertools import count
from pathlib import Path
from textwrap import wrap

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from verno.kit import config, secrets
from verno.kit.errors import VernoError
from verno.sealing.types import Head, MemberProof, SumProof

DOMAIN = b"verno-head\n"
"""Begins what is signed, so that no other use of the key can be taken for a head."""
LARGEST_FILE = 1 << 20
FINGERPRINT_DIGITS = 32


def public_key() -> str:
    """Return this installation's public key for heads in hex (Ed25519)."""
    return _private_key().public_key().public_bytes_raw().hex()


def fingerprint(key: str) -> str:
    """Return a public key's fingerprint, as people compare it: 128 bits of its SHA-256 in groups of four digits."""
    return "-".join(wrap(sha256(bytes.fromhex(key)).hexdigest()[:FINGERPRINT_DIGITS], 4))


def sign(head: Head) -> Head:
    """Return the head with this installation's key and signature."""
    named = msgspec.structs.replace(head, public_key=public_key())
    return msgspec.structs.replace(named, signature=_private_key().sign(signed_bytes(named)).hex())


def signed_bytes(head: Head) -> bytes:
    """Return what the signature covers: all fields but the signature as JSON, keys sorted, no spaces, ASCII only."""
    fields = msgspec.to_builtins(head)
    fields.pop("signature", None)
    return DOMAIN + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


def is_signed(head: Head) -> bool:
    """Tell whether the head is as it was signed with the key that it names. Whose key that is, is another question."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head.public_key))
        key.verify(bytes.fromhex(head.signature), signed_bytes(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_other(domain: bytes, data: bytes) -> str:
    """Return the signature in hex of something else that this installation vouches for; ``domain`` says what."""
    return _private_key().sign(domain + data).hex()


def is_signed_by(key: str, domain: bytes, data: bytes, signature: str) -> bool:
    """Tell whether that signature is the key's."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), domain + data)
    except (InvalidSignature, ValueError):
        return False
    return True


def document(record: Head | MemberProof | SumProof) -> str:
    """Return a head or a proof as the text of its file: JSON that people can read."""
    return json.dumps(msgspec.to_builtins(record), indent=2, ensure_ascii=False) + "\n"


def parse(text: str | bytes) -> Head:
    """Return the head of a document; raises ``VernoError`` for what is none."""
    try:
        return msgspec.json.decode(text, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"this is not a head of sealed history: {error}"
        raise VernoError(message) from error


def read_file(path: Path) -> bytes:
    """Return a small file's bytes; raises ``VernoError``."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise VernoError(message) from error
    if len(data) > LARGEST_FILE:
        message = f"{path} is larger than {LARGEST_FILE >> 20} MiB"
        raise VernoError(message)
    return data


def read(path: Path) -> Head:
    """Return the head in a file; raises ``VernoError``."""
    try:
        return parse(read_file(path))
    except VernoError as error:
        message = f"{path}: {error}"
        raise VernoError(message) from error


def folder(program_id: str, *, first: bool) -> Path:
    """Return where a program's heads lie: ``heads`` itself for the installation's first program."""
    base = config.home() / "heads"
    return base if first else base / program_id


def write(head: Head, where: Path) -> Path:
    """File a head and return its path: ``<date>.json``, then ``<date>.2.json`` and so on.

    No file is ever overwritten: evidence of an earlier state is what heads are for. The same head has one file.
    Written beside and linked into place, so that nobody finds half a file.
    """
    where.mkdir(parents=True, exist_ok=True)
    data = document(head).encode()
    draft = where / f".{head.date}.{os.getpid()}.{randomness.token_hex(4)}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o644)
            file.write(data)
            file.flush()
            os.fsync(handle)
        for nth in count(1):
            path = where / (f"{head.date}.json" if nth == 1 else f"{head.date}.{nth}.json")
            try:
                os.link(draft, path)
            except FileExistsError:
                if path.read_bytes() != data:
                    continue
            return path
    finally:
        draft.unlink(missing_ok=True)
    message = "unreachable"
    raise AssertionError(message)


def _private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secrets.key("seal"))
