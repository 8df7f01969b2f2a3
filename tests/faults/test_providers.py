"""A provider's limits are respected (P22): four workers together keep its rate, and keep still while it wants that.

The provider is a server of ours with Telegram's answers, that notes when each call came.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.builders import Shop
from tests.faults.effort import either
from tests.messaging.news import NOW, SERVICE, plan
from tests.messaging.people import add_members, make_program
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.members.types import Topic
from verno.messaging import queries
from verno.messaging.channels.telegram.api import Bot
from verno.messaging.channels.telegram.channel import Telegram
from verno.messaging.sender import SendCounts, send_due

WORKERS = 4
RATE = 30
SECONDS = either(quick=5, long=60)
"""How long the crowd takes at that rate."""
WAIT = 3
"""What the provider asks for once, in mid-crowd."""
IN_FLIGHT = 1.0
"""Seconds in which what had left already may still come in."""
STALL = 0.45
"""Seconds that a busy machine may keep what had its moment, and lets it go with what comes after."""
BLOCKS = 3
"""Readers who have blocked the bot: the first few chats."""


class Provider(ThreadingHTTPServer):
    """Takes messages; says once that we are too fast; some readers have blocked the bot."""

    def __init__(self, too_fast_at: int) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.too_fast_at = too_fast_at
        self.told: float | None = None
        self.arrivals: list[tuple[float, int]] = []
        self.lock = threading.Lock()

    def answer(self, chat: int) -> tuple[int, dict[str, object]]:
        with self.lock:
            now = time.monotonic()
            self.arrivals.append((now, chat))
            if self.told is None and len(self.arrivals) == self.too_fast_at:
                self.told = now
                return 429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": WAIT}}
        if chat < BLOCKS:
            return 403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}
        return 200, {"ok": True, "result": {"message_id": len(self.arrivals)}}


class Call(BaseHTTPRequestHandler):
    """One call of the bot's."""

    protocol_version = "HTTP/1.1"
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, reply = self.server.answer(body["chat_id"])
        raw = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def provider(too_fast_at: int) -> Iterator[Provider]:
    with Provider(too_fast_at) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def chats(count: int) -> tuple[Shop, list[str]]:
    """Add members with a chat each, numbered from 0."""
    with db.transaction() as conn:
        shop = make_program(conn)
        db.enter(conn, shop.program.id)
        members.ensure_topics(conn, shop.program.id, [Topic(SERVICE, "transactional")])
        holders = add_members(conn, shop, count)
        new = [NewDevice(holder, DeviceKind.TELEGRAM, str(n)) for n, holder in enumerate(holders)]
        devices.add(conn, shop.program.id, new, now=NOW)
    return shop, holders


def send(port: int, began: float) -> SendCounts:
    """Send as one worker does, with a bot and a booking of its own, while time goes on."""
    bot = Telegram(Bot(f"http://127.0.0.1:{port}", "1:token"))
    bot.per_second = RATE
    return send_due(bot, lambda: NOW + (time.monotonic() - began) * SECOND, worker_name="worker")


SECOND = timedelta(seconds=1)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("database")
def test_four_workers_keep_the_rate_and_keep_still_when_they_are_told() -> None:
    crowd = RATE * SECONDS
    shop, holders = chats(crowd)
    plan(shop, *[draft(one, "order", topic=SERVICE, channel="telegram") for one in holders])
    began = time.monotonic()
    with provider(too_fast_at=crowd // 2) as peer:
        while waiting(shop) and time.monotonic() - began < 20 * SECONDS:
            workers = [threading.Thread(target=send, args=(peer.server_port, began)) for _ in range(WORKERS)]
            for one in workers:
                one.start()
            for one in workers:
                one.join()
            time.sleep(0.2)
    at = [moment for moment, _ in peer.arrivals]
    assert peer.told is not None
    busiest = max(sum(first <= other < first + 1 for other in at) for first in at)
    assert busiest <= RATE * (1.05 + STALL), "above the limit"
    assert len(at) <= RATE * 1.05 * (at[-1] - at[0] - WAIT + IN_FLIGHT) + 1, "above the limit, over all"
    assert not [one for one in at if peer.told + IN_FLIGHT < one < peer.told + WAIT], "sent while it was told to wait"
    heard = [chat for _, chat in peer.arrivals]
    assert set(heard) == set(range(crowd))
    assert len(heard) == crowd + 1, "each once, and once more what was too fast"
    assert states(shop) == {"accepted": crowd - BLOCKS, "rejected": BLOCKS}
    plan(shop, *[draft(one, "again", topic=SERVICE, channel="telegram") for one in holders[:BLOCKS]])
    assert states(shop).get("withheld", 0) == BLOCKS, "who has blocked the bot is not written to again"


def states(shop: Shop) -> dict[str, int]:
    with db.transaction(shop.program.id) as conn:
        return {str(row.state): row.messages for row in queries.counts(conn, shop.program.id)}


def waiting(shop: Shop) -> bool:
    return bool(states(shop).keys() & {"queued", "deferred", "claimed"})
