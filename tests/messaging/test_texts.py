"""Texts on their whole way: planned, handed to a message centre (npm ``smpp``), and what it tells of them later."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.builders import Shop
from tests.messaging.channels.test_smpp import receipt
from tests.messaging.news import NOW, SERVICE, plan, stories
from tests.messaging.peers.process import Peer, needs_node, until
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.messaging.answers import hearing
from verno.messaging.channels.port import Heard
from verno.messaging.channels.sms import receiving, smpp
from verno.messaging.channels.sms.channel import Smpp
from verno.messaging.desk import URGENT
from verno.messaging.sender import SendCounts, send_due

pytestmark = needs_node("smpp")

PHONES = ("+79161234567", "+79161234568", "+79161234901", "+79161234011", "+79161234088")


@pytest.fixture
def centre() -> Iterator[Peer]:
    with Peer("smsc.cjs") as running:
        yield running


def test_texts_there_and_back(shop: Shop, centre: Peer) -> None:
    with db.transaction() as conn:
        new = [NewMember(external_id=phone, phone=phone, locale="ru") for phone in PHONES]
        found = members.upsert(conn, shop.program, new, now=NOW - timedelta(days=9))
    holders = [one.member_id for one in found if isinstance(one, Created)]
    plan(shop, *[draft(holder, "a", topic=SERVICE, channel="sms") for holder in holders])
    chosen = smpp.settings(f"smpp://shop:secret@127.0.0.1:{centre.port}?window=1", "Shop")
    sent = send_due(Smpp(chosen), lambda: NOW, worker_name="test")
    assert sent == SendCounts(accepted=2, rejected=1, deferred=2)
    told: dict[str, str] = {}
    while len(told) < len(PHONES[:2]):
        text = centre.event("text")
        if text["asked"] and text["wish"] == 0:
            told[str(text["destination_addr"])] = str(text["id"])
    states = [stories(holder)[0] for holder in holders]
    assert [one.state for one in states] == ["accepted", "accepted", "deferred", "rejected", "deferred"]
    assert states[2].reason == "connection-lost", "what is owed comes again: twice is better than never"

    stop = threading.Event()
    listening = threading.Thread(
        target=receiving.step, args=(chosen, hearing.hear), kwargs={"now": NOW, "stopping": stop.is_set}
    )
    listening.start()
    while centre.event("bound")["kind"] != "RX":
        pass
    centre.tell(receipt(told[PHONES[0][1:]], "DELIVRD", source_addr=PHONES[0][1:]))
    centre.tell(receipt(told[PHONES[1][1:]], "UNDELIV", source_addr=PHONES[1][1:], network_error_code=[3, 0, 1]))
    until(lambda: [stories(holder)[0].state for holder in holders[:2]] == ["delivered", "bounced"], 10)
    stop.set()
    listening.join(10)
    plan(shop, *[draft(holder, "b", topic=SERVICE, channel="sms") for holder in holders])
    assert [stories(holder)[1].reason for holder in holders] == [None, "suppressed", None, "suppressed", None]


def test_a_stop_is_answered_once_a_day_over_the_lane_of_codes(shop: Shop, centre: Peer) -> None:
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember(external_id="ann", phone=PHONES[0], locale="ru")], now=NOW)
    for text in ("СТОП", "stop", "Стоп!"):
        hearing.hear([], [Heard("sms", PHONES[0][1:], text, NOW)])
    hearing.hear([], [Heard("sms", "79990000000", "stop", NOW)])
    chosen = smpp.settings(f"smpp://shop:secret@127.0.0.1:{centre.port}", "Shop")
    assert send_due(Smpp(chosen), lambda: NOW, worker_name="test", lanes=URGENT) == SendCounts(accepted=1)
    # The centre's text is UCS-2, cut into parts; its words are the testing of parts'.
    assert centre.event("text")["destination_addr"] == PHONES[0][1:]
