"""The whole way of a push: sealed by us, opened by npm ``web-push-testing``, shown by Chromium's service worker.

Chromium cannot subscribe without its vendor's service, so DevTools hands the opened text to our worker.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import STATIC
from tests.messaging.channels.test_webpush import post, send, subscribe
from tests.messaging.peers.process import Peer, needs_node
from verno.messaging.channels.port import Accepted
from verno.messaging.channels.webpush import pushes
from verno.messaging.channels.webpush.pushes import Notice, Vapid

SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 100; tries++) {
    const found = await registration.getNotifications();
    if (found.length) return found.map(({title, body, tag, data}) => ({title, body, tag, data}));
    await new Promise((done) => setTimeout(done, 50));
  }
  return [];
}"""


FORGET = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (const one of await registration.getNotifications()) one.close();
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
        devtools.send("ServiceWorker.deliverPushMessage", push)
        assert page.evaluate(SHOWN) == [shown]
        page.evaluate(FORGET)
    context.close()
