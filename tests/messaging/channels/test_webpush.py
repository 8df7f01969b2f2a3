"""Pushes against npm ``web-push-testing``, which checks the signature and opens what was sealed."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import http_ece
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.messaging.peers.process import Peer, needs_node
from tests.outbound.servers import say, serving
from verno.messaging.channels.port import Accepted, Outcome, Refused, Temporary, Unknown, Unwritable
from verno.messaging.channels.webpush import pushes
from verno.messaging.channels.webpush.pushes import Keys, Notice, Push, Subscription, Urgency, Vapid
from verno.outbound import types as wire
from verno.outbound.client import Client
from verno.outbound.types import Answer

NOW = datetime.now(UTC)
NOTICE = Notice("120 баллов", "Они сгорят 1 декабря", "https://shop.example/me", "m1")


@pytest.fixture
def service() -> Iterator[Peer]:
    with Peer("webpush.cjs") as running:
        yield running


@pytest.fixture(scope="module")
def vapid() -> Vapid:
    return Vapid("points@shop.example")


def post(port: int, path: str, body: object = None) -> dict[str, Any]:
    async def main() -> wire.Outcome:
        async with Client(plain_http=True) as client:
            return await client.call(
                "POST",
                f"http://localhost:{port}{path}",
                headers={"content-type": "application/json"},
                body=json.dumps(body or {}).encode(),
                timeout=5,
            )

    answer = asyncio.run(main())
    assert isinstance(answer, Answer)
    found: dict[str, Any] = json.loads(answer.body) if answer.body.startswith(b"{") else {}
    return found


def subscribe(service: Peer, vapid: Vapid) -> tuple[str, str]:
    """A browser's subscription as JSON, and its name at the service."""
    options = {"userVisibleOnly": "true", "applicationServerKey": vapid.public_key}
    data = post(service.port, "/subscribe", options)["data"]
    return json.dumps(data), str(data["clientHash"])


def send(push: Push) -> Outcome:
    async def main() -> Outcome:
        # The service speaks plain HTTP from loopback; the channel itself allows neither.
        networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
        async with Client(public_only=True, allowed=networks, plain_http=True) as client:
            return await pushes.send(client, push)

    return asyncio.run(main())


@needs_node("web-push-testing")
def test_a_push_is_opened_by_its_browser_alone(service: Peer, vapid: Vapid) -> None:
    text, name = subscribe(service, vapid)
    push = pushes.seal(pushes.subscription(text), NOTICE, vapid=vapid, now=NOW, topic="a" * 32, urgency=Urgency.HIGH)
    assert send(push) == Accepted("status 201")
    (got,) = post(service.port, "/get-notifications", {"clientHash": name})["data"]["messages"]
    assert json.loads(got) == {"title": NOTICE.title, "body": NOTICE.body, "url": NOTICE.url, "tag": "m1"}
    assert NOTICE.body.encode() not in push.body
    other = Vapid("points@shop.example")
    other._key = ec.generate_private_key(ec.SECP256R1())
    stranger = pushes.seal(pushes.subscription(text), NOTICE, vapid=other, now=NOW)
    assert send(stranger) == Refused("status 400"), "another key is not heard"
    post(service.port, f"/expire-subscription/{name}")
    assert send(push) == Refused("status 410", gone=True)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("201 Created", Accepted("status 201")),
        ("404 Not Found", Refused("status 404", gone=True)),
        ("413 Too Large", Refused("status 413")),
        ("403 Forbidden", Temporary("status 403")),
        ("429 Too Many\r\nretry-after: 120", Temporary("status 429", 120)),
        ("429 Too Many\r\nretry-after: tomorrow", Temporary("status 429")),
        ("503 Away", Temporary("status 503")),
        ("500 Failed", Unknown(timed_out=False, response="status 500")),
    ],
)
def test_what_a_service_answers(status: str, outcome: Outcome) -> None:
    async def main() -> Outcome:
        answer = say(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        async with serving(answer) as server, Client(plain_http=True) as client:
            return await pushes.send(client, Push(f"http://127.0.0.1:{server.port}/x", {"ttl": "1"}, b"x"))

    assert asyncio.run(main()) == outcome


def browser() -> tuple[ec.EllipticCurvePrivateKey, bytes, Subscription]:
    key, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    keys = Keys(
        base64.urlsafe_b64encode(point).decode().rstrip("="), base64.urlsafe_b64encode(auth).decode().rstrip("=")
    )
    return key, auth, Subscription("https://push.example/abc", keys)


def test_what_a_push_is_made_of(vapid: Vapid) -> None:
    key, auth, to = browser()
    push = pushes.seal(to, NOTICE, vapid=vapid, now=NOW, topic="t", ttl=60)
    assert json.loads(http_ece.decrypt(push.body, private_key=key, auth_secret=auth))["title"] == NOTICE.title
    assert {name: value for name, value in push.headers.items() if name != "authorization"} == {
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": "60",
        "urgency": "normal",
        "topic": "t",
    }
    token, public = push.headers["authorization"].removeprefix("vapid t=").split(",k=")
    assert public == vapid.public_key == Vapid("another@shop.example").public_key, "the key is the installation's"
    claims = jwt.decode(token, vapid._key.public_key(), algorithms=["ES256"], audience="https://push.example")
    assert claims["sub"] == "mailto:points@shop.example"
    assert claims["exp"] == int((NOW + timedelta(hours=12)).timestamp())


def test_a_token_is_made_once_for_each_service(vapid: Vapid) -> None:
    mine = Vapid("points@shop.example")
    first = mine.header("https://push.example/a", now=NOW)
    assert mine.header("https://push.example/b", now=NOW + timedelta(hours=10)) == first
    assert mine.header("https://push.example/b", now=NOW + timedelta(hours=11, minutes=1)) != first
    assert mine.header("https://other.example/a", now=NOW) != first
    for n in range(200):
        mine.header(f"https://{n}.example/a", now=NOW)
    assert len(mine._tokens) <= pushes.MOST_HOSTS


def test_what_cannot_be_written(vapid: Vapid) -> None:
    _, _, to = browser()
    with pytest.raises(Unwritable, match="limit is 3993"):
        pushes.seal(to, Notice("x", "y" * 4000), vapid=vapid, now=NOW)
    no_point = msgspec.structs.replace(to, keys=Keys(base64.urlsafe_b64encode(b"\x04" * 65).decode(), to.keys.auth))
    with pytest.raises(Unwritable, match="curve"):
        pushes.seal(no_point, NOTICE, vapid=vapid, now=NOW)
    for text in ("", "{}", '{"endpoint": "https://a", "keys": {"p256dh": "!", "auth": "AA"}}', "+79161234567"):
        with pytest.raises(Unwritable, match="subscription"):
            pushes.subscription(text)
