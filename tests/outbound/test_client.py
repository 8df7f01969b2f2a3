"""The HTTP client against servers that answer, hang, drop and lie: what is said after each call is what is known."""

import asyncio
import socket
import subprocess
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from tests.outbound.servers import context, say, serving, signed
from verno.outbound.client import Client
from verno.outbound.types import Answer, Lost, NotSent

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Twice: a\r\nX-Twice: b\r\n\r\nok"
SECRET = "bot12345:secret"


def run(story: Coroutine[object, object, T]) -> T:
    return asyncio.run(asyncio.wait_for(story, 20))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_answer_comes_whole_with_its_headers_and_the_connection_is_used_again() -> None:
    async def story() -> None:
        async with serving(say(OK)) as server, Client(plain_http=True) as client:
            url = f"http://127.0.0.1:{server.port}/hook?x=1"
            for _ in range(2):
                answer = await client.call("POST", url, headers={"X-Mine": "1"}, body=b"hello", timeout=5)
                assert answer == Answer(200, {"content-length": "2", "x-twice": "a, b"}, b"ok")
            assert server.connections == 1
            assert server.seen[0].startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
            assert server.seen[0].endswith(b"\r\n\r\nhello")
            assert b"x-mine: 1\r\n" in server.seen[0].lower()
            assert b"user-agent: verno/" in server.seen[0].lower()

    run(story())


def test_a_redirect_is_an_answer_and_never_followed() -> None:
    async def story() -> None:
        async with serving(say(OK)) as target, Client(plain_http=True) as client:
            moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target.port}/\r\nContent-Length: 0\r\n\r\n"
            async with serving(say(moved.encode())) as server:
                answer = await client.call("GET", f"http://127.0.0.1:{server.port}/", timeout=5)
            assert isinstance(answer, Answer)
            assert answer.status == 302
            assert target.connections == 0

    run(story())


def test_a_huge_body_is_cut_at_the_limit() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def story() -> None:
        async with serving(flood) as server, Client(plain_http=True) as client:
            answer = await client.call("GET", f"http://127.0.0.1:{server.port}/", timeout=5, limit=1000)
            assert answer == Answer(200, {}, b"x" * 1000, whole=False)

    run(story())


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200, b"half"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n", 500, b""),
    ],
)
def test_a_status_stands_when_the_line_drops_in_the_body(said: bytes, status: int, body: bytes) -> None:
    async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    async def story() -> None:
        async with serving(drop) as server, Client(plain_http=True) as client:
            answer = await client.call("GET", f"http://127.0.0.1:{server.port}/", timeout=5)
            assert answer == Answer(status, {"content-length": "9"}, body, whole=False)

    run(story())


def test_a_line_that_drops_before_the_answer_leaves_nobody_knowing() -> None:
    async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def story() -> None:
        async with serving(drop) as server, Client(plain_http=True) as client:
            outcome = await client.call("POST", f"http://127.0.0.1:{server.port}/{SECRET}", body=b"x", timeout=5)
            assert isinstance(outcome, Lost)
            assert not outcome.timed_out
            assert server.seen
            assert SECRET not in outcome.text

    run(story())


def test_a_server_that_hangs_leaves_nobody_knowing() -> None:
    async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def story() -> None:
        async with serving(hang) as server, Client(plain_http=True) as client:
            outcome = await client.call("POST", f"http://127.0.0.1:{server.port}/{SECRET}", body=b"x", timeout=0.3)
            assert isinstance(outcome, Lost)
            assert outcome.timed_out
            assert SECRET not in outcome.text

    run(story())


def test_what_nobody_received_is_said_to_be_so() -> None:
    async def story() -> None:
        async with Client(plain_http=True) as client:
            for url in (
                f"http://127.0.0.1:{free_port()}/{SECRET}",
                f"http://nobody.invalid/{SECRET}",
                "nonsense",
                "ftp://x/",
            ):
                outcome = await client.call("POST", url, body=b"x", timeout=15)
                assert isinstance(outcome, NotSent), url
                assert SECRET not in outcome.text
            odd = await client.call("POST", "http://127.0.0.1:1/", headers={"x": "a\r\nb: c"}, timeout=5)
            assert isinstance(odd, NotSent)

    run(story())


def test_a_handshake_that_never_ends_was_not_sent() -> None:
    async def story() -> None:
        writers: list[asyncio.StreamWriter] = []
        silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        async with silent, Client(connect_seconds=0.3) as client:
            assert isinstance(await client.call("POST", f"https://127.0.0.1:{port}/", timeout=5), NotSent)
        for writer in writers:
            writer.close()

    run(story())


def test_tls_is_trusted_by_an_authority_of_ours_and_refused_without() -> None:
    async def story() -> None:
        authority, chain = signed()
        async with serving(say(OK), tls=context(chain)) as server:
            url = f"https://localhost:{server.port}/"
            async with Client(authorities=signed()[0] + authority) as client:
                answer = await client.call("GET", url, timeout=5)
                assert isinstance(answer, Answer), answer
                assert answer.status == 200
            async with Client() as client:
                outcome = await client.call("GET", url, timeout=5)
                assert isinstance(outcome, NotSent)
                assert "certificate" in outcome.text
            assert len(server.seen) == 1

    run(story())


def test_http_goes_only_where_it_is_allowed() -> None:
    async def story() -> None:
        async with serving(say(OK)) as server, Client() as client:
            assert isinstance(await client.call("GET", f"http://127.0.0.1:{server.port}/", timeout=5), NotSent)
            assert server.connections == 0

    run(story())


def test_http_2_is_spoken_where_tls_offers_it(tmp_path: Path) -> None:
    """The peer is Node's own server, which answers with the version it was asked in."""
    authority, chain = signed()
    (tmp_path / "chain.pem").write_bytes(chain)
    script = """
        const pem = require("fs").readFileSync(process.argv[1]);
        const server = require("http2").createSecureServer({ key: pem, cert: pem, allowHTTP1: true });
        server.on("request", (asked, answer) => answer.end(asked.httpVersion));
        server.listen(0, "127.0.0.1", () => console.log(server.address().port));
    """
    node = subprocess.Popen(["node", "-e", script, tmp_path / "chain.pem"], stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None

    async def story(port: str) -> None:
        async with Client(authorities=authority) as client:
            answer = await client.call("GET", f"https://127.0.0.1:{port}/", timeout=5)
            assert isinstance(answer, Answer), answer
            assert (answer.body, answer.whole) == (b"2.0", True)

    with node:
        try:
            run(story(node.stdout.readline().strip()))
        finally:
            node.kill()
