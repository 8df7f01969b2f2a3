"""TXT records, of a little name server on loopback."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.resolver import Resolver

from verno.outbound.records import texts

ZONE = {"shop.ru.": '"v=spf1 include:mail." "example -all"', "_dmarc.shop.ru.": '"v=DMARC1; p=none"'}


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(server,), daemon=True)
    thread.start()
    found = Resolver(configure=False)
    found.nameservers = ["127.0.0.1"]
    found.port = server.getsockname()[1]
    yield found
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", server.getsockname())
    thread.join()
    server.close()


def _serve(server: socket.socket) -> None:
    while True:
        asked, peer = server.recvfrom(4096)
        if not asked:
            return
        query = dns.message.from_wire(asked)
        name = query.question[0].name.to_text()
        if name.startswith("silent."):
            continue
        answer = dns.message.make_response(query)
        if name in ZONE:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", ZONE[name]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        server.sendto(answer.to_wire(), peer)


def test_what_stands_there(resolver: Resolver) -> None:
    assert texts(["shop.ru", "_dmarc.shop.ru", "nobody.ru"], resolver=resolver) == {
        "shop.ru": ("v=spf1 include:mail.example -all",),
        "_dmarc.shop.ru": ("v=DMARC1; p=none",),
        "nobody.ru": (),
    }


def test_silence_is_told_apart_from_nothing_and_ends_in_time(resolver: Resolver) -> None:
    found = texts(["nobody.ru", "silent.ru", "shop.ru"], resolver=resolver, seconds=0.3)
    assert found == {"nobody.ru": (), "silent.ru": None, "shop.ru": None}


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".ru", ""])
def test_a_name_that_is_none_is_not_known(resolver: Resolver, name: str) -> None:
    assert not texts([name], resolver=resolver, seconds=0.3)[name]
