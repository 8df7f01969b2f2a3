"""Several browsers of a member: one message, a copy each; what is no subscription, or leads into our own network."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.channels.test_webpush import post, subscribe
from tests.messaging.news import SERVICE, plan, stories
from tests.messaging.peers.process import Peer, needs_node
from tests.messaging.people import add_members
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import queries
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.messaging.channels.port import Accepted, Outcome, Refused, Temporary, Unknown, together
from verno.messaging.channels.webpush.channel import WebPush
from verno.messaging.channels.webpush.pushes import Push, Vapid
from verno.messaging.channels.webpush.subscribing import acceptable
from verno.messaging.preferences import links
from verno.messaging.preferences.links import Person
from verno.messaging.sender import SendCounts, send_due

NOW = datetime.now(UTC)
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
KEYS = {
    "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
    "auth": "tBHItJI5svbpez7KI4CCXg",
}


@pytest.fixture
def service() -> Iterator[Peer]:
    with Peer("webpush.cjs") as running:
        yield running


@pytest.fixture
def ann(shop: Shop) -> str:
    with db.transaction() as conn:
        (holder,) = add_members(conn, shop, 1)
    return holder


def send() -> SendCounts:
    channel = WebPush(Vapid("points@shop.example"), allowed=HERE, plain_http=True)
    return send_due(channel, lambda: NOW, worker_name="test")


def add(shop: Shop, holder: str, *texts: str) -> None:
    with db.transaction() as conn:
        devices.add(conn, shop.program.id, [NewDevice(holder, DeviceKind.PUSH, text) for text in texts], now=NOW)


def held(holder: str) -> set[str]:
    with db.transaction() as conn:
        return {one.text for one in devices.devices(conn, [holder], "push").get(holder, [])}


@needs_node("web-push-testing")
def test_each_browser_gets_a_copy_and_the_ended_one_is_forgotten(shop: Shop, ann: str, service: Peer) -> None:
    vapid = Vapid("points@shop.example")
    browsers = [subscribe(service, vapid) for _ in range(3)]
    add(shop, ann, *[text for text, _ in browsers])
    post(service.port, f"/expire-subscription/{browsers[1][1]}")
    plan(shop, draft(ann, "a", topic=SERVICE, channel="push"), now=NOW)
    assert send() == SendCounts(accepted=1)
    for text, name in (browsers[0], browsers[2]):
        (opened,) = post(service.port, "/get-notifications", {"clientHash": name})["data"]["messages"]
        assert json.loads(opened)["url"].startswith("http://127.0.0.1:8000/p/"), text
    assert held(ann) == {browsers[0][0], browsers[2][0]}

    for _, name in (browsers[0], browsers[2]):
        post(service.port, f"/expire-subscription/{name}")
    plan(shop, draft(ann, "b", topic=SERVICE, channel="push"), now=NOW)
    assert send() == SendCounts(rejected=1)
    plan(shop, draft(ann, "c", topic=SERVICE, channel="push"), now=NOW)
    assert [(one.state, one.reason) for one in stories(ann)] == [
        ("accepted", None), ("rejected", "refused"), ("withheld", "no-address")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([Refused("410", gone=True), Accepted("201"), Unknown(True, "")], Accepted),
        ([Refused("410", gone=True), Unknown(True, ""), Temporary("429")], Unknown),
        ([Refused("410", gone=True), Temporary("429", 5)], Temporary),
        ([Refused("410", gone=True), Refused("413")], Refused),
    ],
)
def test_how_a_message_to_several_devices_ends(outcomes: Sequence[Outcome], whole: type) -> None:
    assert isinstance(together(outcomes), whole)


def offered(endpoint: object, **keys: object) -> str:
    return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": {**KEYS, **keys}})


@pytest.mark.parametrize(
    "endpoint",
    ["https://push.example/abc", "https://push.example:8443/a?b=c", "https://8.8.8.8/x", "https://[2001:4860:4860::8888]/x"],
)  # fmt: skip
def test_any_public_push_service_is_taken(endpoint: str) -> None:
    assert json.loads(acceptable(offered(endpoint)) or "{}") == {"endpoint": endpoint, "keys": KEYS}


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", "x" * 5000, '{"endpoint": "https://push.example/a"}',
        offered(5), offered("http://push.example/a"), offered("ftp://push.example/a"), offered("https:///a"),
        offered("https://user:pw@push.example/a"), offered("https://push.example/" + "a" * 2100),
        offered("https://push.example/ё"), offered("https://push.example/a\r\nx: y"), offered("https://localhost/a"),
        offered("https://127.0.0.1/a"), offered("https://10.0.0.1/a"), offered("https://192.168.1.1/a"),
        offered("https://169.254.169.254/latest"), offered("https://[::1]/a"), offered("https://[fd00::1]/a"),
        offered("https://[::ffff:10.0.0.1]/a"), offered("https://db.internal/a"), offered("https://nas.local./a"),
        offered("https://intranet/a"), offered("https://push.example:99999/a"),
        offered("https://push.example/a", auth="short"), offered("https://push.example/a", p256dh="!"),
    ],
)  # fmt: skip
def test_what_is_no_subscription_or_leads_elsewhere_is_refused(text: str) -> None:
    assert acceptable(text) is None


def test_a_push_service_of_ones_own_is_taken_where_it_was_named() -> None:
    assert acceptable(offered("http://127.0.0.1:9/a"), networks=HERE)
    assert acceptable(offered("http://10.0.0.1/a"), networks=HERE) is None


def test_the_page_takes_a_subscription_and_forgets_only_the_members_own(shop: Shop, ann: str) -> None:
    with db.transaction() as conn:
        (bob,) = add_members(conn, shop, 1, start=1)
    path = f"/p/{links.preferences_token(Person(shop.program.id, ann))}"

    def press(**form: str) -> str:
        return str(Client(enforce_csrf_checks=True).post(path, form).content.decode())

    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        assert "could not subscribe" in press(do="push-on", subscription=offered("https://10.0.0.1/a"))
        assert "Done, notifications are on." in press(do="push-on", subscription=offered("https://push.example/ann"))
        add(shop, bob, offered("https://push.example/bob"))
        assert "Nothing has changed." in press(do="push-off", endpoint="https://push.example/bob")
        with db.transaction() as conn:
            first = queries.standings(conn, [ann], now=None)[ann]
        assert {one.state for one in first if one.channel == "push" and one.topic == "news"} == {"granted"}
        press(do="push-on", subscription=offered("https://push.example/second"))
        with db.transaction() as conn:
            assert queries.standings(conn, [ann], now=None)[ann] == first, "a second browser is no second yes"
        assert "Done, notifications are off." in press(do="push-off", endpoint="https://push.example/ann")
        assert "Browsers with notifications: 1." in press(do="nothing")
        assert "Done, notifications are off." in press(do="push-off")
    assert held(ann) == set()
    assert len(held(bob)) == 1


def test_a_name_that_leads_into_our_network_is_found_out_when_a_push_is_sent(shop: Shop, ann: str) -> None:
    text = offered("https://localhost.localdomain.example/a")
    assert acceptable(text)

    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    channel = WebPush(Vapid("points@shop.example"))
    channel._calls.client._resolve = here

    async def main() -> Outcome:
        line = channel.line()
        try:
            return await line.hand_over(Push(json.loads(text)["endpoint"], {}, b"x"))
        finally:
            await line.close()

    outcome = asyncio.run(main())
    assert isinstance(outcome, Temporary)
    assert "private or reserved" in outcome.response
