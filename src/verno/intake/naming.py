"""How a receipt names its member, and the receipt's fingerprint."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from verno.intake.types import IdentityKind, MemberRef, Receipt
from verno.kit import localtime, secrets
from verno.members import identity

Key = tuple[str, str]
"""(kind, value): ids and external ids as they are, contacts and cards as keyed hashes."""

REMEMBERED = 50_000

_encoder = msgspec.json.Encoder(order="deterministic")


def member_key(ref: MemberRef, *, program_id: str, country: str) -> Key | str:
    """Return the one key a member is found by, or, as text, what is wrong with the name."""
    keys = member_keys(ref, program_id=program_id, country=country)
    if isinstance(keys, str) or len(keys) != 1:
        return "name the member by exactly one of id, card, phone, email, external_id"
    return keys[0]


@lru_cache(maxsize=REMEMBERED)
def member_keys(ref: MemberRef, *, program_id: str, country: str) -> tuple[Key, ...] | str:
    """Return the keys a member is found by, or, as text, what is wrong with the name.

    A phone or e-mail that cannot be one is no error of the sale's: it gets a key that nobody has. Remembered, since
    reading a phone number costs more than the rest of a receipt.
    """
    fields = ref.id, ref.card, ref.phone, ref.email, ref.external_id  # in the order of the kinds
    named = [(kind, value) for kind, value in zip(IdentityKind, fields, strict=True) if value is not None]
    if not named:
        return "name the member by id, card, phone, email or external_id"
    keys: list[Key] = []
    for kind, value in named:
        if kind in {IdentityKind.ID, IdentityKind.EXTERNAL_ID}:
            keys.append((kind, value))
        else:
            normal = identity.normalise(kind, value, country=country)
            keys.append((kind, identity.lookup_hash(program_id, kind, normal if normal is not None else value)))
    return tuple(keys)


def moment(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a till's time in UTC; a time without an offset is the place's wall clock."""
    if at.tzinfo is None:
        return localtime.localize(at, zone)
    return at.astimezone(UTC)


def fingerprint(receipt: Receipt, at: datetime) -> str:
    """Return the hex HMAC of the decoded request: absent fields omitted, keys sorted, the time in UTC.

    ``15:00+03:00`` and ``12:00Z`` are the same request; a changed amount is another.
    """
    # A wall clock without an offset stays as it was written: its reading may change with the place's zone.
    as_sent = receipt.at.tzinfo is None or receipt.at is at
    same = receipt if as_sent else msgspec.structs.replace(receipt, at=at)
    if same.approval is not None:
        # Who vouches is no part of what happened, and a PIN goes nowhere.
        same = msgspec.structs.replace(same, approval=None)
    return sign(same)


def sign(body: msgspec.Struct, *more: str) -> str:
    """Return the hex HMAC of a decoded body, keys sorted, absent fields omitted as its shape says."""
    text = _encoder.encode(body) + "\0".join(more).encode()
    return secrets.mac("fingerprint", text).hex()
