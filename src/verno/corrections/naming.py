"""The fingerprint of a correction: what tells a replay from another request under the same key."""

import msgspec

from verno.corrections.types import Kind
from verno.kit import secrets

_encode = msgspec.json.Encoder(order="deterministic").encode


def fingerprint(kind: Kind, named: str, body: msgspec.Struct) -> str:
    """Return the hex HMAC of a decoded request: absent fields omitted, keys sorted, times in UTC.

    ``named`` is the member as the request named them, so that a replay stays one when members are merged meanwhile.
    """
    return secrets.mac("fingerprint", _encode([kind, named, body])).hex()
