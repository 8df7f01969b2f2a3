"""A push on its way: sealed for one browser (RFC 8291), signed for its push service (RFC 8292), and sent (RFC 8030)."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import http_ece
import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from verno.kit import secrets
from verno.messaging.channels import http
from verno.messaging.channels.port import Accepted, Outcome, Refused, Temporary, Unwritable
from verno.outbound.client import Client
from verno.outbound.types import Answer

SECONDS = 30.0
TTL_SECONDS = 86_400
"""How long a push service keeps a push for a browser that is away."""
TOKEN_LIFE = timedelta(hours=12)
TOKEN_REST = timedelta(hours=1)
"""A token is made anew before so little of its life is left."""
MOST_HOSTS = 64
MOST_PAYLOAD = 3993
"""Bytes that fit a push of 4,096 (RFC 8291, 4)."""
KEY_BYTES, AUTH_BYTES = 65, 16
ACCEPTED = frozenset({200, 201, 202})
GONE = frozenset({404, 410})
_OURS = frozenset({401, 403})
"""Refusals of our signature, which say nothing of the browser."""


class Urgency(StrEnum):
    """How soon a push is worth waking a device for."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Keys(msgspec.Struct, frozen=True, gc=False):
    """A browser's public key and shared secret, in base64url."""

    p256dh: str
    auth: str


class Subscription(msgspec.Struct, frozen=True):
    """What a browser gives us: the JSON of its ``PushSubscription``."""

    endpoint: str
    keys: Keys


class Notice(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the browser shows, and which page a click opens."""

    title: str
    body: str
    url: str = ""
    tag: str = ""


class Push(msgspec.Struct, frozen=True, gc=False):
    """A sealed push."""

    endpoint: str
    headers: Mapping[str, str]
    body: bytes


class Vapid:
    """Our signature: one key for the installation, one token for each push service, made anew twice a day."""

    def __init__(self, contact: str) -> None:
        """Take the mailbox that a push service may write to; the key follows from the installation's."""
        number = int.from_bytes(secrets.key("vapid"))
        self._key = ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())
        self._contact = contact
        self._tokens: dict[str, tuple[datetime, str]] = {}

    @property
    def public_key(self) -> str:
        """Return the ``applicationServerKey`` that pages subscribe with."""
        return _base64(
            self._key.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        )

    def header(self, endpoint: str, *, now: datetime) -> str:
        """Return the ``Authorization`` of a push to this endpoint."""
        parts = urlsplit(endpoint)
        host = f"{parts.scheme}://{parts.netloc}"
        until, token = self._tokens.get(host, (now, ""))
        if until - now < TOKEN_REST:
            until = now + TOKEN_LIFE
            claims = {"aud": host, "exp": int(until.timestamp()), "sub": f"mailto:{self._contact}"}
            token = jwt.encode(claims, self._key, algorithm="ES256")
            if len(self._tokens) >= MOST_HOSTS:
                self._tokens.clear()
            self._tokens[host] = (until, token)
        return f"vapid t={token},k={self.public_key}"


def subscription(text: str) -> Subscription:
    """Read a browser's subscription; raises ``Unwritable``."""
    try:
        found = msgspec.json.decode(text, type=Subscription)
        key, auth = _bytes(found.keys.p256dh), _bytes(found.keys.auth)
    except ValueError:
        raise Unwritable(_NO_SUBSCRIPTION) from None
    if len(key) != KEY_BYTES or len(auth) != AUTH_BYTES:
        raise Unwritable(_NO_SUBSCRIPTION)
    return found


def seal(
    to: Subscription,
    notice: Notice,
    *,
    vapid: Vapid,
    now: datetime,
    topic: str | None = None,
    urgency: Urgency = Urgency.NORMAL,
    ttl: int = TTL_SECONDS,
) -> Push:
    """Seal a notice for one browser; raises ``Unwritable``.

    Of two pushes of one ``topic`` (32 characters of base64url at most) a browser that is away gets the later one.
    """
    payload = json.dumps(msgspec.to_builtins(notice), ensure_ascii=False).encode()
    if len(payload) > MOST_PAYLOAD:
        message = f"the notice has {len(payload)} bytes, the limit is {MOST_PAYLOAD}"
        raise Unwritable(message)
    try:
        body = http_ece.encrypt(
            payload,
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=_bytes(to.keys.p256dh),
            auth_secret=_bytes(to.keys.auth),
        )
    except ValueError:
        message = "the browser's key is not a point of its curve"
        raise Unwritable(message) from None
    headers = {
        "authorization": vapid.header(to.endpoint, now=now),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(ttl),
        "urgency": urgency.value,
    }
    return Push(to.endpoint, headers if topic is None else headers | {"topic": topic}, body)


async def send(client: Client, push: Push) -> Outcome:
    """Hand a push to its service. A service tells nothing of what becomes of it."""
    answer = http.answered(
        await client.call("POST", push.endpoint, headers=push.headers, body=push.body, timeout=SECONDS)
    )
    if not isinstance(answer, Answer):
        return answer
    response = f"status {answer.status}"
    if answer.status in ACCEPTED:
        return Accepted(response)
    if answer.status in _OURS:
        return Temporary(response)
    return Refused(response, gone=answer.status in GONE)


_NO_SUBSCRIPTION = "the address is not a browser's subscription"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many keys the curve P-256 has."""


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
