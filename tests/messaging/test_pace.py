"""A provider's rate holds for all workers and lanes together; codes do not wait behind crowds; "too fast" is obeyed."""

import threading
import time
from collections.abc import Sequence

import pytest

from tests.builders import Shop
from tests.messaging.channels.test_telegram import bot
from tests.messaging.news import NOW, SERVICE, plan
from tests.messaging.peers.process import Peer, needs_node
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.members.types import Created, NewConsent, NewMember, Topic
from verno.messaging.channels.sms import smpp
from verno.messaging.channels.sms.channel import Smpp
from verno.messaging.channels.telegram.channel import Telegram
from verno.messaging.desk import BULK, URGENT
from verno.messaging.pacing import booking
from verno.messaging.pacing.booking import Pace
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.types import MessageClass

TIERS = "tiers"
PARTS = 4
"""Texts that the story's letter takes; a centre counts each."""
LATER = NOW.replace(hour=12)


def people(shop: Shop, phones: Sequence[str]) -> list[str]:
    agreed = [NewConsent(TIERS, "sms", granted=True)]  # type: ignore[arg-type]
    with db.transaction() as conn:
        members.ensure_topics(conn, shop.program.id, [Topic(TIERS, "program")])
        new = [NewMember(phone, phone=phone, consents=agreed) for phone in phones]
        found = members.upsert(conn, shop.program, new, now=NOW)
    return [one.member_id for one in found if isinstance(one, Created)]


def numbers(count: int) -> list[str]:
    return [f"+7916{1000000 + n * 1000 + 111}" for n in range(count)]


def work(url: str, *lanes: MessageClass, counts: list[SendCounts]) -> threading.Thread:
    """A worker of its own: its own channel and its own bound session."""
    chosen = Smpp(smpp.settings(url, "Shop"))
    thread = threading.Thread(
        target=lambda: counts.append(send_due(chosen, lambda: LATER, worker_name="test", lanes=lanes))
    )
    thread.start()
    return thread


def moments(centre: Peer, count: int) -> list[tuple[float, str]]:
    found = centre.events("text", count)
    return sorted((float(str(one["at"])) / 1000, str(one["destination_addr"])) for one in found)


def busiest(at: Sequence[float], seconds: float = 1.0) -> int:
    return max(sum(first <= other < first + seconds for other in at) for first in at)


@needs_node("smpp")
def test_two_workers_together_keep_the_providers_rate(shop: Shop) -> None:
    rate, crowd = 40, 30
    holders = people(shop, numbers(crowd))
    plan(shop, *[draft(one, "tier", topic=TIERS, channel="sms") for one in holders], now=LATER)
    counts: list[SendCounts] = []
    with Peer("smsc.cjs") as centre:
        url = f"smpp://shop:secret@127.0.0.1:{centre.port}?window=20&per_second={rate}"
        workers = [work(url, *BULK, counts=counts) for _ in range(2)]
        at = [moment for moment, _ in moments(centre, crowd * PARTS)]
        for one in workers:
            one.join()
    assert sum(one.accepted for one in counts) == crowd
    assert all(one.accepted > crowd // 10 for one in counts), "both had their share"
    assert busiest(at) <= rate + 2 * PARTS, "the rate, and the parts of a text, which go together"
    assert at[-1] - at[0] >= (crowd - 3) * PARTS / rate
    assert at[-1] - at[0] <= crowd * PARTS / rate * 1.6, "the rate is used"


@needs_node("smpp")
def test_a_code_does_not_wait_behind_a_crowd(shop: Shop) -> None:
    rate, crowd = 40, 40
    holders = people(shop, numbers(crowd + 1))
    plan(shop, *[draft(one, "tier", topic=TIERS, channel="sms") for one in holders[:-1]], now=LATER)
    counts: list[SendCounts] = []
    with Peer("smsc.cjs") as centre:
        url = f"smpp://shop:secret@127.0.0.1:{centre.port}?window=20&per_second={rate}"
        crowds = [work(url, *BULK, counts=counts) for _ in range(2)]
        first = moments(centre, 20)
        plan(shop, draft(holders[-1], "order", topic=SERVICE, channel="sms"), now=LATER)
        planned = time.time()
        codes = work(url, *URGENT, counts=counts)
        at = first + moments(centre, (crowd + 1) * PARTS - len(first))
        for one in [*crowds, codes]:
            one.join()
    code = next(moment for moment, number in at if number == numbers(crowd + 1)[-1][1:])
    assert code - planned < 1.5
    assert busiest([moment for moment, _ in at]) <= rate + 3 * PARTS


@needs_node("smpp")
def test_too_fast_holds_everybody_back(shop: Shop) -> None:
    (slow,) = people(shop, ["+79161110555"])
    plan(shop, draft(slow, "a", topic=TIERS, channel="sms"), now=LATER)
    counts: list[SendCounts] = []
    with Peer("smsc.cjs") as centre:
        url = f"smpp://shop:secret@127.0.0.1:{centre.port}"
        work(url, *BULK, counts=counts).join()
    assert counts == [SendCounts(deferred=1)]
    with db.transaction() as conn:
        left, pause = booking.room(conn, Pace("sms"), urgent=True)
        assert left == 0
        assert 3 < pause <= 5
        assert booking.room(conn, Pace("email"), urgent=True) == (None, 0.0)
        assert booking.holds(conn) == [], "a few seconds are nobody's business"
        booking.hold(conn, "sms", 900)
        assert 890 < booking.room(conn, Pace("sms"), urgent=True)[1] <= 900, "as long as it was told"
        assert [channel for channel, _ in booking.holds(conn)] == ["sms"]
        booking.hold(conn, "sms", 10**9)
        assert booking.room(conn, Pace("sms"), urgent=True)[1] <= booking.MOST_HOLD_SECONDS


@needs_node("smpp")
def test_a_long_wait_ends_the_run(shop: Shop) -> None:
    """Whoever waits for it would keep what else they do waiting as well: suspects of all channels take turns."""
    (slow,) = people(shop, ["+79161110555"])
    plan(shop, draft(slow, "a", topic=SERVICE, channel="sms"), now=LATER)
    with db.transaction() as conn:
        booking.hold(conn, "sms", 900)
    counts: list[SendCounts] = []
    with Peer("smsc.cjs") as centre:
        run = work(f"smpp://shop:secret@127.0.0.1:{centre.port}", *URGENT, counts=counts)
        run.join(10)
        assert not run.is_alive()
    assert counts == [SendCounts()]
    with db.transaction(shop.program.id) as conn:
        assert conn.execute("SELECT state FROM messaging_message").fetchall() == [("queued",)]


@needs_node("telegram-test-api")
def test_a_chat_rests_a_second_between_two_messages(shop: Shop) -> None:
    ann, bob = people(shop, numbers(2))
    with db.transaction() as conn:
        new = [NewDevice(ann, DeviceKind.TELEGRAM, "77"), NewDevice(bob, DeviceKind.TELEGRAM, "78")]
        devices.add(conn, shop.program.id, new, now=NOW)
    plan(shop, *[draft(ann, f"a{n}", topic=SERVICE, channel="telegram") for n in range(3)], now=LATER)
    plan(shop, *[draft(ann, f"z{n}", topic=SERVICE, channel="telegram") for n in range(9)], now=LATER)
    plan(shop, draft(bob, "b", topic=SERVICE, channel="telegram"), now=LATER)
    with Peer("telegram.cjs") as peer:
        began = time.monotonic()
        sent = send_due(Telegram(bot(peer.port)), lambda: LATER, worker_name="test")
    assert sent.accepted == 10
    assert sent.deferred == 3, "what would wait longer than a line may goes back to the queue"
    assert time.monotonic() - began > 7.9


def test_moments_are_booked_behind_each_other(shop: Shop) -> None:
    pace = Pace("telegram", 10, 1.0)
    with db.transaction() as conn:
        assert booking.room(conn, pace, urgent=False) == (5, 0.0)
        first = booking.book(conn, pace, [("a", 1), ("b", 1), ("a", 1), ("a", 1)])
        assert first == pytest.approx([0, 0.1, 1, 2], abs=0.1)
        again = booking.book(conn, pace, [("c", 3), ("b", 1)])
        assert again == pytest.approx([0.4, 1], abs=0.1), "what has three parts takes three steps"
        assert booking.room(conn, pace, urgent=False)[0] == 0
        assert booking.room(conn, pace, urgent=True)[0] in range(41, 44)
        assert booking.book(conn, pace, []) == []
        assert booking.book(conn, Pace("email"), [("a", 1), ("b", 1)]) == [0, 0]
        conn.execute("UPDATE messaging_pace SET free_at = clock_timestamp() - interval '1 hour' WHERE key LIKE '%/a'")
        assert booking.forget(conn) == 1
