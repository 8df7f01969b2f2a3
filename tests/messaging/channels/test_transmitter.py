"""A transmitter's session, against centres that stutter, lie, fall silent and hang up; and over TLS."""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import smpp34

from tests.outbound.servers import context, signed
from verno.messaging.channels.port import Unreachable
from verno.messaging.channels.sms import smpp, transmitter
from verno.messaging.channels.sms.transmitter import Answer, Ended, Transmitter

HEAD = struct.Struct(">IIII")
BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE, ANSWER = 0x02, 0x04, 0x05, 0x06, 0x15, 0x80000000

Said = tuple[int, int, int, bytes]
Play = Callable[["Centre"], Awaitable[None]]


class Centre:
    """One connection, as the centre sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def hear(self) -> Said:
        length, command, status, number = HEAD.unpack(await self._reader.readexactly(HEAD.size))
        return command, status, number, await self._reader.readexactly(length - HEAD.size)

    def say(self, command: int, number: int, body: bytes = b"", status: int = 0) -> None:
        self.writer.write(pdu(command, number, body, status))

    async def bound(self) -> bytes:
        """Let the transmitter in; returns what it said of itself."""
        command, _, number, body = await self.hear()
        assert command == BIND
        self.say(ANSWER | BIND, number, b"centre\0")
        return body

    async def ended(self) -> bool:
        with suppress(ConnectionError):
            return await self._reader.read() == b""
        return True


def pdu(command: int, number: int, body: bytes = b"", status: int = 0) -> bytes:
    return HEAD.pack(HEAD.size + len(body), command, status, number) + body


def text(words: bytes = b"Hello") -> Callable[[int], smpp34.SubmitSm]:
    return lambda number: smpp34.SubmitSm("Shop", "79161234567", words, sequence_number=number)


async def bind(port: int, seconds: float) -> Transmitter:
    return await transmitter.bind("127.0.0.1", port, "shop", "secret", tls=None, seconds=seconds)


async def bind_over_tls(port: int, seconds: float) -> Transmitter:
    return await smpp.Session(smpp.settings(f"smpps://shop:secret@localhost:{port}", "Shop")).standing()


def meet(
    play: Play,
    act: Callable[[Transmitter], Awaitable[None]],
    *,
    seconds: float = 5.0,
    binding: Callable[[int, float], Awaitable[Transmitter]] = bind,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Let a bound transmitter act while the centre plays; both must come to their end."""

    async def main() -> None:
        played: asyncio.Future[asyncio.Future[None]] = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            playing = asyncio.ensure_future(play(Centre(reader, writer)))
            playing.add_done_callback(lambda _: writer.close())
            played.set_result(playing)

        async with asyncio.timeout(10), await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
            port = server.sockets[0].getsockname()[1]
            try:
                session = await binding(port, seconds)
                await act(session)
                session.close()
            finally:
                await (await played)

    asyncio.run(main())


def test_it_says_who_we_are_and_unbinds() -> None:
    async def play(centre: Centre) -> None:
        assert await centre.bound() == b"shop\0secret\0\0\x34\0\0\0"
        command, _, number, _ = await centre.hear()
        assert command == UNBIND
        centre.say(ANSWER | UNBIND, number)
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        await session.leave()
        assert not session.stands

    meet(play, act)


def test_answers_in_any_order_and_in_pieces() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        numbers = [(await centre.hear())[2] for _ in range(3)]
        words = b"".join([pdu(ANSWER | SUBMIT, number, f"m{number}\0".encode()) for number in reversed(numbers)])
        words = pdu(ANSWER | SUBMIT, 4711, b"nobody asked\0") + words
        for byte in words:
            centre.writer.write(bytes([byte]))
            await centre.writer.drain()
            await asyncio.sleep(0)
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        assert await asyncio.gather(*[session.submit(text()) for _ in range(3)]) == [
            Answer(0, "m2"),
            Answer(0, "m3"),
            Answer(0, "m4"),
        ]

    meet(play, act)


def test_refusals_with_and_without_a_body_and_by_a_nack() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        for status, command, body in ((0x58, SUBMIT, b""), (0x0B, SUBMIT, b"\0"), (0x03, 0, b"")):
            _, _, number, _ = await centre.hear()
            centre.say(ANSWER | command, number, body, status)
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        assert [(await session.submit(text())).status for _ in range(3)] == [0x58, 0x0B, 0x03]

    meet(play, act)


def test_what_was_under_way_when_it_hung_up_is_told_so_at_once() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        for _ in range(3):
            await centre.hear()

    async def act(session: Transmitter) -> None:
        found = await asyncio.gather(*[session.submit(text()) for _ in range(3)], return_exceptions=True)
        assert [type(one) for one in found] == [Ended] * 3
        assert not session.stands
        with pytest.raises(Ended):
            await session.submit(text())

    meet(play, act)


def test_a_centre_that_unbinds_us_is_answered() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        _, _, number, _ = await centre.hear()
        centre.say(UNBIND, 7)
        assert await centre.hear() == (ANSWER | UNBIND, 0, 7, b"")
        assert number == 2
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        with pytest.raises(Ended, match="unbound"):
            await session.submit(text())

    meet(play, act)


def test_questions_are_answered_and_deliveries_turned_away() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        centre.say(ENQUIRE, 11)
        assert await centre.hear() == (ANSWER | ENQUIRE, 0, 11, b"")
        centre.say(DELIVER, 12, b"\0" * 20)
        assert await centre.hear() == (ANSWER, 0x03, 12, b""), "we are bound to send only"
        command, _, number, _ = await centre.hear()
        assert command == SUBMIT
        centre.say(ANSWER | SUBMIT, number, b"m1\0")
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        await asyncio.sleep(0.1)
        assert await session.submit(text()) == Answer(0, "m1")

    meet(play, act)


@pytest.mark.parametrize("words", [HEAD.pack(5, 0, 0, 0), HEAD.pack(1 << 31, 0, 0, 0), b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_is_not_smpp_ends_the_session(words: bytes) -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        await centre.hear()
        centre.writer.write(words)
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        with pytest.raises(Ended, match="does not speak SMPP"):
            await session.submit(text())

    meet(play, act)


def test_a_centre_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transmitter, "ENQUIRE_SECONDS", 0.1)

    async def play(centre: Centre) -> None:
        await centre.bound()
        for _ in range(2):
            command, _, number, _ = await centre.hear()
            while command != ENQUIRE:
                command, _, number, _ = await centre.hear()
            centre.say(ANSWER | ENQUIRE, number)
        assert (await centre.hear())[0] == ENQUIRE
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        with pytest.raises(Ended, match="silent"):
            await session.submit(text())

    meet(play, act)


def test_who_may_not_in_and_who_gets_no_answer() -> None:
    async def refuse(centre: Centre) -> None:
        _, _, number, _ = await centre.hear()
        centre.say(ANSWER | BIND, number, b"", 0x0E)
        await centre.ended()

    async def nothing(session: Transmitter) -> None:
        raise AssertionError

    async def silence(centre: Centre) -> None:
        await centre.hear()
        await centre.ended()

    with pytest.raises(Unreachable, match=r"0x0E.*password"):
        meet(refuse, nothing)
    with pytest.raises(Unreachable, match="does not answer"):
        meet(silence, nothing, seconds=0.2)


def test_a_text_that_cannot_be_coded_has_not_left() -> None:
    async def play(centre: Centre) -> None:
        await centre.bound()
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        with pytest.raises(ValueError, match="254"):
            session.submit(text(b"x" * 255))

    meet(play, act)


def test_over_tls_with_a_certificate_that_we_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, chain = signed()
    (tmp_path / "authority.pem").write_bytes(authority)

    async def play(centre: Centre) -> None:
        await centre.bound()
        _, _, number, _ = await centre.hear()
        centre.say(ANSWER | SUBMIT, number, b"m1\0")
        assert await centre.ended()

    async def act(session: Transmitter) -> None:
        assert await session.submit(text()) == Answer(0, "m1")

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    meet(play, act, binding=bind_over_tls, tls=context(chain))


def test_no_word_to_a_centre_whose_certificate_we_do_not_trust() -> None:
    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            heard.append(await reader.read())

        heard: list[bytes] = []
        _, chain = signed()
        async with asyncio.timeout(5), await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context(chain)) as server:
            with pytest.raises(Unreachable, match="certificate"):
                await bind_over_tls(server.sockets[0].getsockname()[1], 1)
        assert heard == []

    asyncio.run(main())
