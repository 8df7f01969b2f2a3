"""Texts over SMPP, against npm ``smpp`` as the message centre: every way a submit can end, and what comes back."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from tests.messaging.peers.process import Peer, needs_node
from verno.kit.errors import Unavailable, VernoError
from verno.messaging.channels.port import (
    Accepted,
    Fate,
    Heard,
    Outcome,
    Receipt,
    Refused,
    Temporary,
    Unknown,
    Unreachable,
    Unwritable,
)
from verno.messaging.channels.sms import receiving, smpp, texts
from verno.messaging.channels.sms.channel import Smpp
from verno.messaging.channels.sms.segments import Alphabet, decode

pytestmark = needs_node("smpp")

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-0000000000ab"
LONG = "Здравствуйте, Анна! У вас 120 баллов, они сгорят 1 декабря. " * 3
MASK = 0xFF


@pytest.fixture
def centre() -> Iterator[Peer]:
    with Peer("smsc.cjs") as running:
        yield running


def settings(centre: Peer, **changes: object) -> smpp.Settings:
    chosen = smpp.settings(f"smpp://shop:secret@127.0.0.1:{centre.port}?window=4", "Shop")
    return msgspec.structs.replace(chosen, **({"answer_seconds": 0.4} | changes))


def send(chosen: smpp.Settings, *parcels: texts.Text) -> list[Outcome]:
    """Carry parcels side by side, each on a line of its own."""

    async def main() -> list[Outcome]:
        channel = Smpp(chosen)
        lines = [channel.line() for _ in parcels]
        for line in lines:
            await line.open()

        async def carry(line: smpp.Line, parcel: texts.Text) -> Outcome:
            return await line.offer(parcel) or await line.hand_over(parcel)

        found = await asyncio.gather(*[carry(*pair) for pair in zip(lines, parcels, strict=True)])
        for line in lines:
            await line.close()
        return found

    return asyncio.run(main())


def text(number: str = "+79161234567", words: str = "Hello, Anna") -> texts.Text:
    return texts.write(ID, words, number)


def test_a_text_is_taken(centre: Peer) -> None:
    assert send(settings(centre), text()) == [Accepted("taken", "m1")]
    assert centre.event("bound")["kind"] == "TX"
    seen = centre.event("text")
    assert {name: seen[name] for name in seen if name not in ("event", "at", "id", "wish")} == {
        "source_addr": "Shop",
        "source_addr_ton": 5,
        "destination_addr": "79161234567",
        "dest_addr_ton": 1,
        "esm_class": 0,
        "data_coding": 0,
        "asked": 1,
        "header": None,
        "text": "Hello, Anna",
    }


def test_one_session_carries_all_lines(centre: Peer) -> None:
    numbers = [f"+7916000{n:03}" for n in range(100, 140)]
    outcomes = send(settings(centre), *[text(number) for number in numbers])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert centre.event("bound")
    assert {seen["destination_addr"] for seen in centre.events("text", 40)} == {number[1:] for number in numbers}
    assert centre.quiet(), "one bind for all"


@pytest.mark.parametrize(
    ("wish", "outcome"),
    [
        ("088", Temporary("status 0x58", 5)),
        ("020", Temporary("status 0x14", 60)),
        ("008", Temporary("status 0x08")),
        ("010", Temporary("status 0x0A")),
        ("011", Refused("status 0x0B", gone=True)),
        ("021", Refused("status 0x15")),
        ("900", Unknown(timed_out=True, response="no answer")),
    ],
)
def test_every_other_end(centre: Peer, wish: str, outcome: Outcome) -> None:
    found, beside = send(settings(centre), text(f"+7916000{wish}"), text())
    assert found == outcome
    assert isinstance(beside, Accepted), "one bad end disturbs no other text"


def test_a_centre_that_dies_at_it(centre: Peer) -> None:
    (outcome,) = send(settings(centre), text("+7916000901"))
    assert isinstance(outcome, Unknown)
    assert not outcome.timed_out
    assert send(settings(centre), text()) == [Accepted("taken", "m2")], "a new session works"


def test_a_line_binds_again(centre: Peer) -> None:
    async def main() -> list[Outcome]:
        line = Smpp(settings(centre)).line()
        await line.open()
        found = [await line.hand_over(text("+7916000901")), await line.hand_over(text())]
        await line.close()
        return found

    lost, again = asyncio.run(main())
    assert isinstance(lost, Unknown)
    assert again == Accepted("taken", "m2")


def test_a_text_that_finds_no_place_in_the_window_has_certainly_not_left(centre: Peer) -> None:
    async def main() -> list[Outcome]:
        session = smpp.Session(settings(centre, window=1))
        line = smpp.Line(session)
        await line.open()
        await session.places.acquire()
        full = await line.hand_over(text())
        session.places.release()
        found = [full, await line.hand_over(text())]
        await line.close()
        return found

    assert asyncio.run(main()) == [Temporary("the window stayed full"), Accepted("taken", "m1")]


def test_a_centre_that_cannot_be_reached(centre: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "BIND_SECONDS", 0.5)
    with pytest.raises(Unreachable, match="password") as caught:
        send(settings(centre, password="forgotten"), text())
    assert "forgotten" not in str(caught.value)
    centre.kill()
    with pytest.raises(Unreachable, match="refused"):
        send(settings(centre), text())


def test_a_long_text_is_read_back_whole(centre: Peer) -> None:
    parcel = text(words=LONG)
    assert parcel.plan.segments == 3
    assert send(settings(centre), parcel) == [Accepted("taken", "m3")], "the last part's name stands for the text"
    parts = centre.events("text", 3)
    assert [part["header"] for part in parts] == [[f"0003ab030{n}"] for n in (1, 2, 3)]
    assert [part["asked"] for part in parts] == [0, 0, 1]
    assert {(part["esm_class"], part["data_coding"]) for part in parts} == {(0x40, 8)}
    assert "".join(str(part["text"]) for part in parts) == LONG.strip()


def test_a_text_that_is_torn(centre: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part was taken and the next one was not: that is neither a refusal nor something to try again."""
    chosen = settings(centre)
    real = smpp.Line._submit

    async def submit(line: smpp.Line, parcel: texts.Text, number: int) -> Outcome:
        return await real(line, msgspec.structs.replace(parcel, recipient="7916000021") if number else parcel, number)

    monkeypatch.setattr(smpp.Line, "_submit", submit)
    torn = Unknown(timed_out=False, response="1 of 3 parts were taken, then status 0x15")
    assert send(chosen, text(words=LONG)) == [torn]


def listen(chosen: smpp.Settings, centre: Peer, count: int, told: Sequence[dict[str, object]]) -> list[Receipt | Heard]:
    heard: list[Receipt | Heard] = []
    stop = threading.Event()
    away = [Unavailable("the database is away")]

    def hear(receipts: Sequence[Receipt], words: Sequence[Heard]) -> None:
        if away:
            raise away.pop()
        heard.extend([*receipts, *words])

    receiver = threading.Thread(
        target=receiving.step, args=(chosen, hear), kwargs={"now": NOW, "stopping": stop.is_set}
    )
    receiver.start()
    assert centre.event("bound")["kind"] == "RX"
    for one in told:
        centre.tell(one)
    assert [event["status"] for event in centre.events("acknowledged", len(told))] == [0] * len(told)
    deadline = time.monotonic() + 5
    while len(heard) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    receiver.join(5)
    assert not receiver.is_alive()
    return heard


def receipt(id_: str, stat: str, **more: object) -> dict[str, object]:
    words = f"id:{id_} sub:001 dlvrd:001 submit date:2611011200 done date:2611011201 stat:{stat} err:000 text:Hello"
    return {"source_addr": "79161234567", "destination_addr": "Shop", "esm_class": 4, "short_message": words} | more


def test_receipts_and_answers_come_back(centre: Peer) -> None:
    heard = listen(
        settings(centre),
        centre,
        6,
        [
            receipt("m1", "DELIVRD"),
            receipt("m2", "UNDELIV"),
            receipt("m3", "ENROUTE"),
            receipt("x", "x", short_message="", receipted_message_id="m4", message_state=2),
            receipt("m5", "UNDELIV", network_error_code=[3, 0, 1]),
            {"source_addr": "79161234567", "destination_addr": "1234", "short_message": "СТОП"},
            {"source_addr": "79161234568", "destination_addr": "1234", "short_message": "STOP"},
        ],
    )
    # The library hands on what comes together in any order.
    assert {msgspec.structs.replace(one, at=NOW) for one in heard if isinstance(one, Receipt)} == {
        Receipt("sms", "m1", Fate.DELIVERED, NOW, "stat:DELIVRD err:000"),
        Receipt("sms", "m2", Fate.UNDELIVERED, NOW, "stat:UNDELIV err:000"),
        Receipt("sms", "m4", Fate.DELIVERED, NOW, "state 2"),
        Receipt("sms", "m5", Fate.UNDELIVERED, NOW, "stat:UNDELIV err:000", gone=True),
    }
    words = {(one.address, one.text) for one in heard if isinstance(one, Heard)}
    assert words == {("+79161234567", "СТОП"), ("+79161234568", "STOP")}
    assert len(heard) == 6


def test_the_address_of_a_centre() -> None:
    chosen = smpp.settings("smpps://shop:p%40ss@smsc.example:3550?window=50&per_second=30", "Shop")
    assert (chosen.tls, chosen.port, chosen.password, chosen.window, chosen.per_second) == (True, 3550, "p@ss", 50, 30)
    assert repr(chosen) == "<SMPP smsc.example:3550>"
    for bad in ("http://a:b@c", "smpp://c", "smpp://a:b@c:x", "smpp://a:b@c?window=0", "smpp://a:b@c?speed=1", "smpp:"):
        with pytest.raises(VernoError, match="VERNO_SMS_URL") as caught:
            smpp.settings(bad, "Shop")
        assert "a:b" not in str(caught.value)


def test_what_cannot_be_written() -> None:
    with pytest.raises(Unwritable, match="11 segments"):
        text(words="ж" * 700)
    with pytest.raises(Unwritable, match="digits"):
        text("anna@example.com")


def test_a_header_does_not_disturb_reading() -> None:
    assert decode(b"STOP", Alphabet.GSM7) == "STOP"
