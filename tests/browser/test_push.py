"""The whole way of a push: asked for on the preference page, sealed by us, opened by npm ``web-push-testing``, shown by
Chromium's service worker.

Chromium cannot subscribe without its vendor's service, so DevTools hands the opened text to our worker.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE, STATIC, Site
from tests.browser.looks import keep, wide
from tests.messaging.channels.test_webpush import post, send, subscribe
from tests.messaging.peers.process import Peer, needs_node
from verno.kit import db
from verno.members import queries
from verno.members import service as members
from verno.members.devices import service as devices
from verno.members.types import Topic
from verno.messaging import service as messages
from verno.messaging.channels.port import Accepted
from verno.messaging.channels.webpush import pushes
from verno.messaging.channels.webpush.channel import browsers
from verno.messaging.channels.webpush.pushes import Notice, Vapid
from verno.messaging.preferences import links
from verno.messaging.preferences.links import Person
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.types import Draft

SUBSCRIBE = """
const kept = () => JSON.parse(sessionStorage.getItem("subscription") || "null");
const made = (data) => data && {
  endpoint: data.endpoint,
  toJSON: () => data,
  unsubscribe: async () => { sessionStorage.removeItem("subscription"); return true; },
};
PushManager.prototype.getSubscription = async () => made(kept());
PushManager.prototype.subscribe = async (options) => {
  const key = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  sessionStorage.setItem("subscription", await window.peer(key, options.userVisibleOnly));
  return made(kept());
};
"""
"""Chromium's own cannot reach its push service here; the rest of the page's way is real."""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 100; tries++) {
    const found = await registration.getNotifications();
    if (found.length) return found.map(({title, body, tag, data}) => ({title, body, tag, data}));
    await new Promise((done) => setTimeout(done, 50));
  }
  return [];
}"""


DELIVERIES = 3
"""Chromium forgets a notification of which it is asked before it is on display: then it is brought once more."""

FORGET = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 100; tries++) {
    const found = await registration.getNotifications();
    if (!found.length) return;
    for (const one of found) one.close();
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


class Serve(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = self.path == "/push-worker.js"
        body = (STATIC / "push-worker.js").read_bytes() if script else b"<!doctype html><title>Shop</title>"
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if script else "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 theirs
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    thread = Thread(target=partial(server.serve_forever, 0.05))
    thread.start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def sent_and_opened(notice: Notice) -> str:
    """Send a push to the peer; returns what it opened."""
    now = datetime.now(UTC)
    vapid = Vapid("points@shop.example")
    with Peer("webpush.cjs") as service:
        text, name = subscribe(service, vapid)
        assert send(pushes.seal(pushes.subscription(text), notice, vapid=vapid, now=now)) == Accepted("status 201")
        (opened,) = post(service.port, "/get-notifications", {"clientHash": name})["data"]["messages"]
    return str(opened)


@needs_node("web-push-testing")
def test_a_push_becomes_a_notification(shop: str, browser: Browser) -> None:
    notice = Notice("120 баллов", "Они сгорят 1 декабря", f"{shop}/points", "m1")
    with ThreadPoolExecutor(1) as beside:  # Playwright's loop runs in this thread
        opened = beside.submit(sent_and_opened, notice).result()

    context = browser.new_context()
    context.grant_permissions(["notifications"], origin=shop)
    page = context.new_page()
    page.goto(shop)
    devtools = context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready)")
    for data, shown in (
        (opened, {"title": notice.title, "body": notice.body, "tag": "m1", "data": notice.url}),
        ("not ours", {"title": "localhost", "body": "", "tag": "", "data": f"{shop}/"}),
        (
            json.dumps({"title": "x", "url": "http://elsewhere.example/"}),
            {"title": "x", "body": "", "tag": "", "data": shop},
        ),
    ):
        push = {"origin": shop, "registrationId": registrations[-1], "data": data}
        found: list[object] = []
        for _ in range(DELIVERIES):
            devtools.send("ServiceWorker.deliverPushMessage", push)
            found = page.evaluate(SHOWN)
            if found:
                break
        assert found == [shown]
        page.evaluate(FORGET)
    context.close()


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The push service of the test is on this machine, which nobody else may name."""
    monkeypatch.setenv("VERNO_PUSH_NETWORKS", "127.0.0.0/8,::1/128")


def tell(program_id: str, holder: str) -> SendCounts:
    """Plan a message to a member's browsers and send it as the worker does."""
    now = datetime.now(UTC)
    with db.transaction(program_id) as conn:
        members.ensure_topics(conn, program_id, [Topic("orders", "transactional")])
        context = {"what": "stopped"}
        drafts = [
            Draft(holder, "orders", "note", "ru", context, "order-1", "push", valid_until=now + timedelta(hours=1))
        ]
        messages.plan(conn, program_id, drafts, now=now)
    return send_due(browsers(), lambda: now, worker_name="test")


def delivered(page: Page, origin: str, text: str) -> dict[str, str]:
    """Let DevTools hand a push to the page's service worker; returns the notification it shows."""
    devtools = page.context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.wait_for_timeout(200)
    push = {"origin": origin, "registrationId": registrations[-1], "data": text}
    devtools.send("ServiceWorker.deliverPushMessage", push)
    (shown,) = page.evaluate(SHOWN)
    found: dict[str, str] = shown
    return found


@needs_node("web-push-testing")
@pytest.mark.parametrize(("locale", "size"), [("ru", PHONE), ("en", DESK)], ids=["phone", "desk"])
def test_a_member_asks_for_notifications_gets_one_and_turns_them_off(
    networks: None, site: Site, monkeypatch: pytest.MonkeyPatch, locale: str, size: dict[str, int]
) -> None:
    monkeypatch.setenv("VERNO_PUBLIC_URL", site.address)
    program, who = site.story.shop.program.id, site.story.anna
    own = f"/p/{links.preferences_token(Person(program, who))}?lang={locale}"
    beside = ThreadPoolExecutor(1)  # Playwright's loop runs in this thread
    names: list[str] = []
    with Peer("webpush.cjs") as service, site.visitor(viewport=size, locale="en-US") as page:

        def subscribe_there(key: str, visible: bool) -> str:
            assert visible
            options = {"userVisibleOnly": "true", "applicationServerKey": key}
            data = beside.submit(post, service.port, "/subscribe", options).result()["data"]
            names.append(str(data["clientHash"]))
            return json.dumps(data)

        page.expose_function("peer", subscribe_there)
        page.add_init_script(SUBSCRIBE)
        page.goto(own)
        keep(page, f"push-{locale}-off", by_night=True)
        page.context.clear_permissions()
        page.locator("#push-on button").click()
        expect(page.locator("#push-said")).to_contain_text({"ru": "Браузер запретил", "en": "forbids"}[locale])
        keep(page, f"push-{locale}-denied", by_night=True)
        assert not names

        page.context.grant_permissions(["notifications"], origin=site.address)
        page.locator("#push-on button").click()
        expect(page.locator(".done")).to_contain_text({"ru": "уведомления включены", "en": "are on"}[locale])
        expect(page.locator("#push-off")).to_be_visible()
        keep(page, f"push-{locale}-on", by_night=True)
        with db.transaction(program) as conn:
            assert len(devices.devices(conn, [who], "push")[who]) == 1
            said = [one for one in queries.consent_history(conn, program, who, limit=50) if one.channel == "push"]
        assert {(one.action, one.method, one.text_id, one.locale, one.surface) for one in said} == {
            ("grant", "preference-page", "push-button", locale, "/p/")
        }
        assert all(one.text_sha256 for one in said)

        assert beside.submit(tell, program, who).result() == SendCounts(accepted=1)
        found = beside.submit(post, service.port, "/get-notifications", {"clientHash": names[0]}).result()
        (opened,) = found["data"]["messages"]
        shown = delivered(page, site.address, str(opened))
        assert shown["title"].endswith("Больше не пишем")
        assert "больше не пишем вам сюда" in shown["body"]
        assert shown["data"].startswith(f"{site.address}/p/")

        page.locator("#push-off button").click()
        expect(page.locator(".done")).to_contain_text({"ru": "уведомления отключены", "en": "are off"}[locale])
        expect(page.locator("#push-on")).to_be_visible()
        with db.transaction(program) as conn:
            assert devices.devices(conn, [who], "push") == {}
        assert not wide(page)
    beside.shutdown()
    assert not site.trouble
