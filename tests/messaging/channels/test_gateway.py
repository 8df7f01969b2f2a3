"""Texts through a real Kannel to npm ``smpp`` as the message centre, and the receipts back to an address of ours."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from tests.messaging.peers import kannel
from tests.messaging.peers.process import Peer, needs_node, needs_programs, until
from verno.kit.errors import VernoError
from verno.messaging.channels import tokens
from verno.messaging.channels.port import Accepted, Fate, Heard, Outcome, Receipt, Refused, Temporary
from verno.messaging.channels.sms import channel, gateway, texts
from verno.messaging.channels.sms.channel import Gateway, Smpp

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-0000000000ab"
LONG = "Здравствуйте, Анна! У вас 120 баллов, они сгорят 1 декабря. " * 3


class Ours(HTTPServer):
    """The addresses that Kannel calls."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Remember)
        self.seen: list[str] = []


class Remember(BaseHTTPRequestHandler):
    server: Ours

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 theirs
        pass


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ours]:
    server = Ours()
    monkeypatch.setenv("VERNO_PUBLIC_URL", f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(chosen: gateway.Settings, *parcels: texts.Text) -> list[Outcome]:
    async def main() -> list[Outcome]:
        lines = [Gateway(chosen).line() for _ in parcels]
        found = await asyncio.gather(*[line.hand_over(parcel) for line, parcel in zip(lines, parcels, strict=True)])
        for line in lines:
            await line.close()
        return found

    return asyncio.run(main())


@needs_node("smpp")
@needs_programs("bearerbox", "smsbox")
def test_there_and_back_through_kannel(ours: Ours, tmp_path: Path) -> None:
    with Peer("smsc.cjs") as centre:
        heard_at = f"http://127.0.0.1:{ours.server_address[1]}/heard"
        with kannel.running(tmp_path, centre=centre.port, heard=heard_at) as port:
            centre.event("bound")
            chosen = gateway.settings(f"http://shop:secret@127.0.0.1:{port}/cgi-bin/sendsms", "Shop")
            parcels = [
                texts.write(ID, "120 {points} @ €5 & more", "+79161234567"),
                texts.write(ID[:-1] + "c", LONG, "+79161234568"),
            ]
            outcomes = send(chosen, *parcels)
            assert outcomes == [Accepted("202 0: Accepted for delivery", parcel.id) for parcel in parcels]
            seen = centre.events("text", 4)
            by_number = {
                number: [one for one in seen if one["destination_addr"] == number]
                for number in ("79161234567", "79161234568")
            }
            (short,) = by_number["79161234567"]
            assert (short["text"], short["source_addr"]) == ("120 {points} @ €5 & more", "Shop")
            cut = [str(part["text"]) for part in by_number["79161234568"]]
            assert cut == list(parcels[1].plan.parts), "Kannel cuts where we cut"
            (asked,) = [part for part in by_number["79161234568"] if part["asked"]]
            wrong = msgspec.structs.replace(chosen, password="wrong")
            (refused,) = send(wrong, parcels[0])
            assert isinstance(refused, Temporary)

            for stat, one in (("DELIVRD", short), ("UNDELIV", asked)):
                centre.tell(receipt(one, stat))
            centre.tell({"source_addr": "79161234567", "destination_addr": "1234", "short_message": "СТОП"})
            until(lambda: len(ours.seen) == 3, 10)
    receipts = {
        path.split("/")[3].partition("?")[0]: path.partition("?")[2] for path in ours.seen if path.startswith("/hooks")
    }
    read = {gateway.receipt(token, query, now=NOW) for token, query in receipts.items()}
    assert read == {
        Receipt("sms", parcels[0].id, Fate.DELIVERED, NOW, "status 1 stat:DELIVRD err:000"),
        Receipt("sms", parcels[1].id, Fate.UNDELIVERED, NOW, "status 2 stat:UNDELIV err:000"),
    }
    (words,) = [path.partition("?")[2] for path in ours.seen if path.startswith("/heard")]
    assert gateway.heard(words, now=NOW) == Heard("sms", "+79161234567", "СТОП", NOW)


def receipt(text: dict[str, object], stat: str) -> dict[str, object]:
    words = (
        f"id:{text['id']} sub:001 dlvrd:001 submit date:2611011200 done date:2611011201 stat:{stat} err:000 text:Hello"
    )
    return {"source_addr": text["destination_addr"], "destination_addr": "Shop", "esm_class": 4, "short_message": words}


def test_a_receipt_needs_our_signature() -> None:
    token = tokens.token("sms-receipt", ID)
    assert gateway.receipt(token, "status=1", now=NOW) == Receipt("sms", ID, Fate.DELIVERED, NOW, "status 1")
    assert gateway.receipt(tokens.token("return-path", ID), "status=1", now=NOW) is None, "a token has one use"
    assert gateway.receipt(token[:-1] + ("a" if token[-1] != "a" else "b"), "status=1", now=NOW) is None
    for query in ("", "status=8", "status=4", "status=x", "status=%ff"):
        assert gateway.receipt(token, query, now=NOW) is None, query


def test_what_was_written_in_two_alphabets() -> None:
    assert gateway.heard("from=%2B7916&coding=0&text=stop+it", now=NOW) == Heard("sms", "+7916", "stop it", NOW)
    assert gateway.heard("from=7916&coding=2&text=%04!%04%22%04%1E%04%1F", now=NOW) == Heard(
        "sms", "+7916", "СТОП", NOW
    )
    assert gateway.heard("text=stop", now=NOW) is None


def test_the_address_says_which_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    assert channel.provider() is None
    for url, kind in (("smpp://a:b@c", Smpp), ("http://a:b@c/send", Gateway), ("https://a:b@c", Gateway)):
        monkeypatch.setenv("VERNO_SMS_URL", url)
        assert isinstance(channel.provider(), kind)
    chosen = gateway.settings("https://shop:p%40ss@[::1]:8080?per_second=30", "Shop")
    assert (chosen.url, chosen.password, chosen.per_second) == ("https://[::1]:8080/cgi-bin/sendsms", "p@ss", 30)
    assert "p@ss" not in repr(chosen)
    for bad in ("ftp://a:b@c", "http://c", "http://a:b@c:x", "http://a:b@c?x=1", "http://a:b@c?per_second=0"):
        with pytest.raises(VernoError, match="VERNO_SMS_URL"):
            gateway.settings(bad, "Shop")


@contextmanager
def says(status: int, words: str) -> Iterator[gateway.Settings]:
    """Run a gateway that answers so, whatever it is asked."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = words.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 theirs
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield gateway.settings(f"http://shop:secret@127.0.0.1:{server.server_address[1]}/send", "Shop")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0: Accepted for delivery", "0: Accepted for delivery"),
        ("OK 1234567890 to +79161234567", "OK 1234567890 to …"),
        ("89161234567, 9161234567: queued", "…, …: queued"),
    ],
)
def test_the_number_is_not_kept(said: str, kept: str) -> None:
    with says(200, said) as chosen:
        (outcome,) = send(chosen, texts.write(ID, "text", "+79161234567"))
    assert outcome == Accepted(f"200 {kept}", ID)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Temporary("301 no")),
        (401, Temporary("401 no")),
        (403, Temporary("403 no")),
        (404, Temporary("404 no")),
        (405, Temporary("405 no")),
        (407, Temporary("407 no")),
        (400, Refused("400 no")),
        (422, Refused("422 no")),
    ],
)
def test_what_says_nothing_of_the_number_is_tried_again(status: int, outcome: Outcome) -> None:
    """A slip in the gateway's address, a proxy before it, a changed password: the texts leave when it is mended."""
    with says(status, "no") as chosen:
        assert send(chosen, texts.write(ID, "text", "+79161234567")) == [outcome]


def test_a_gateway_that_is_not_there() -> None:
    (outcome,) = send(gateway.settings("http://a:b@127.0.0.1:1", "Shop"), texts.write(ID, "text", "+7916"))
    assert isinstance(outcome, Temporary)
