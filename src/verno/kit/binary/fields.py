"""Values as fields of PostgreSQL's binary format: a length in four bytes, then the value, or NULL.

Nothing is to be escaped on our side, nothing to be parsed on the server's. Source: PostgreSQL's documentation of COPY
(Binary Format) and the types' send functions.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import repeat
from struct import Struct

NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BASE = 4
"""Decimal digits in one digit of ``numeric``."""
_REMEMBERED = 200_000

_length = Struct(">i").pack
_int8 = Struct(">iq").pack
_numeric_head = Struct(">HhHH").pack


def uuid(id_: str) -> bytes:
    """Return a field of type uuid."""
    return bytes.fromhex("00000010" + id_.replace("-", ""))


def uuids(ids: Iterable[str | None]) -> bytes:
    """Return fields of type uuid or NULL, one after the other: digits are read once for all of them."""
    digits = "".join(["ffffffff" if id_ is None else "00000010" + id_ for id_ in ids])
    return bytes.fromhex(digits.replace("-", ""))


@lru_cache(maxsize=_REMEMBERED)
def known_uuid(id_: str) -> bytes:
    """Return a field of type uuid, remembered: for ids that come again (holders, accounts, goods, places)."""
    return uuid(id_)


def optional_uuid(id_: str | None) -> bytes:
    """Return a field of type uuid or NULL, remembered."""
    return NULL if id_ is None else known_uuid(id_)


def text(value: str | None) -> bytes:
    """Return a field of type text or json, or NULL."""
    if value is None:
        return NULL
    raw = value.encode()
    return _length(len(raw)) + raw


known_text = lru_cache(maxsize=10_000)(text)
"""The same, remembered: for words that come again."""


def jsonb(value: bytes | None) -> bytes:
    """Return a field of type jsonb (version 1) or NULL from JSON's bytes."""
    return NULL if value is None else _length(len(value) + 1) + b"\x01" + value


def raw(value: bytes | None) -> bytes:
    """Return a field of type bytea, text or json, or NULL, from its bytes."""
    return NULL if value is None else _length(len(value)) + value


def int8(value: int) -> bytes:
    """Return a field of type bigint."""
    return _int8(8, value)


def int8s(values: Iterable[int]) -> bytes:
    """Return fields of type bigint, one after the other."""
    return b"".join(map(_int8, repeat(8), values))


def moment(at: datetime | None) -> bytes:
    """Return a field of type timestamptz (microseconds since 2000) or NULL."""
    return NULL if at is None else _int8(8, (at - _EPOCH) // _MICROSECOND)


known_moment = lru_cache(maxsize=10_000)(moment)
"""The same, remembered: for moments that many rows share."""


@lru_cache(maxsize=10_000)
def numeric(value: str) -> bytes:
    """Return a field of type numeric from a decimal string without a sign; remembered, since quantities repeat."""
    whole, _, fraction = value.partition(".")
    scale = len(fraction)
    whole = whole.lstrip("0")
    whole = whole.rjust(-(-len(whole) // _BASE) * _BASE, "0")
    fraction = fraction.ljust(-(-scale // _BASE) * _BASE, "0")
    digits = [int((whole + fraction)[at : at + _BASE]) for at in range(0, len(whole) + len(fraction), _BASE)]
    weight = len(whole) // _BASE - 1
    while digits and digits[0] == 0:
        del digits[0]
        weight -= 1
    while digits and digits[-1] == 0:
        digits.pop()
    body = _numeric_head(len(digits), weight if digits else 0, 0, scale)
    body += b"".join(digit.to_bytes(2, "big") for digit in digits)
    return _length(len(body)) + body
