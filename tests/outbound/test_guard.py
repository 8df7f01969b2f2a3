"""Calls to URLs that others wrote: a canary on loopback sees no connection, however it is spelled (P27)."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from tests.outbound.servers import say, serving
from verno.outbound.client import Client
from verno.outbound.guard import is_public
from verno.outbound.types import Answer, NotSent

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SPELLINGS = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1.", "0.0.0.0", "0",
    "localhost", "LOCALHOST", "localhost.", "user@127.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "①②⑦.⓪.⓪.①", "１２７.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_loopback_is_called(host: str) -> None:
    async def story() -> None:
        async with serving(say(OK)) as canary, Client(public_only=True, plain_http=True) as client:
            outcome = await client.call("POST", f"http://{host}:{canary.port}/", body=b"x", timeout=5)
            assert isinstance(outcome, NotSent)
            assert canary.connections == 0

    asyncio.run(story())


def test_the_call_goes_to_the_checked_address_whatever_the_name_means_now() -> None:
    """``localhost`` is looked up as 127.0.0.2, which is allowed; a second look-up would lead to the canary."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.2"]

    async def story() -> None:
        async with serving(say(OK), host="127.0.0.2") as server:
            listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", server.port)
            allowed = [ip_network("127.0.0.2/32")]
            async with listening, Client(public_only=True, plain_http=True, allowed=allowed, resolve=resolve) as client:
                for host in ("localhost", "LocalHost", "localhost."):
                    answer = await client.call("GET", f"http://{host}:{server.port}/", timeout=5)
                    assert isinstance(answer, Answer), (host, answer)
            assert len(server.seen) == 3
            assert asked == ["localhost", "localhost", "localhost."]

    asyncio.run(story())


def test_one_private_address_among_public_ones_is_enough() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    async def story() -> None:
        async with Client(public_only=True, resolve=resolve) as client:
            assert isinstance(await client.call("GET", "https://rebinding.example/", timeout=5), NotSent)

    asyncio.run(story())


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "203.0.113.1", "0.0.0.0",
        "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::", "::1", "::ffff:8.8.8.8", "2001:db8::1",
        "2001::1", "64:ff9b::808:808", "2002:808:808::1",
    ],
)  # fmt: skip
def test_addresses_that_are_no_place_in_the_internet(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2a00:1450:4001::1", "2606:4700::1111"])
def test_addresses_in_the_internet(text: str) -> None:
    assert is_public(ip_address(text))
