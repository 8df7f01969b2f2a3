"""The bot against its emulator (npm ``telegram-test-api``), and against the answers that Telegram's own page names."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest

from tests.messaging.peers.process import Peer, needs_node
from tests.outbound.servers import say, serving
from verno.messaging.channels.port import Accepted, Heard, Outcome, Refused, Temporary, Unknown, Unwritable
from verno.messaging.channels.telegram import updates
from verno.messaging.channels.telegram.api import Bot, Message
from verno.messaging.channels.telegram.channel import Telegram, message
from verno.messaging.channels.telegram.updates import Ignored, Left, Started
from verno.outbound.client import Client

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
TOKEN = "1:token"


@pytest.fixture
def telegram() -> Iterator[Peer]:
    with Peer("telegram.cjs") as running:
        yield running


def bot(port: int) -> Bot:
    return Bot(f"http://127.0.0.1:{port}", TOKEN)


def call(work: Callable[[Client], Awaitable[Outcome]]) -> Outcome:
    async def main() -> Outcome:
        async with Client(plain_http=True) as client:
            return await work(client)

    return asyncio.run(main())


def shown(telegram: Peer) -> list[dict[str, object]]:
    telegram.tell({"do": "shows"})
    messages = telegram.event("shown")["messages"]
    assert isinstance(messages, list)
    return messages


@needs_node("telegram-test-api")
def test_a_message_is_sent(telegram: Peer) -> None:
    me = bot(telegram.port)
    sent = call(lambda client: me.send(client, Message(77, "<b>120</b> points")))
    assert isinstance(sent, Accepted)
    assert sent.reference
    (seen,) = shown(telegram)
    assert seen == {
        "chat_id": 77,
        "text": "<b>120</b> points",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }


@needs_node("telegram-test-api")
def test_the_channel_carries_messages_side_by_side(telegram: Peer) -> None:
    async def main() -> list[Outcome]:
        channel = Telegram(bot(telegram.port))
        lines = [channel.line() for _ in range(5)]
        found = await asyncio.gather(
            *[line.hand_over(message(f"{n} < 5 & more", "77")) for n, line in enumerate(lines)]
        )
        for line in lines:
            await line.close()
        return found

    found = asyncio.run(main())
    assert len({one.reference for one in found if isinstance(one, Accepted)}) == 5
    assert {seen["text"] for seen in shown(telegram)} == {f"{n} &lt; 5 &amp; more" for n in range(5)}


@needs_node("telegram-test-api")
def test_updates_come_to_our_address(telegram: Peer) -> None:
    me = bot(telegram.port)

    async def main() -> list[updates.Update | Ignored]:
        async with (
            serving(say(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as ours,
            Client(plain_http=True) as client,
        ):
            await me.set_webhook(client, f"http://127.0.0.1:{ours.port}/hook", updates.secret())
            for n, what in enumerate(
                [
                    {"do": "starts", "text": "/start who-i-am"},
                    {"do": "says", "text": "СТОП"},
                ]
            ):
                telegram.tell(what)
                async with asyncio.timeout(5):
                    while len(ours.seen) <= n:  # noqa: ASYNC110 the server is another process
                        await asyncio.sleep(0.02)
            return [updates.read(request.partition(b"\r\n\r\n")[2], now=NOW) for request in ours.seen]

    started, said = asyncio.run(main())
    assert started == Started(77, "who-i-am", NOW)
    assert said == Heard("telegram", "77", "СТОП", NOW)


@pytest.mark.parametrize(
    ("status", "reply", "outcome"),
    [
        (
            403,
            {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"},
            Refused("403 Forbidden: bot was blocked by the user", gone=True),
        ),
        (
            400,
            {"ok": False, "description": "Bad Request: chat not found"},
            Refused("400 Bad Request: chat not found", gone=True),
        ),
        (400, {"ok": False, "description": "Bad Request: can't parse"}, Refused("400 Bad Request: can't parse")),
        (
            429,
            {"ok": False, "description": "Too Many Requests: retry after 35", "parameters": {"retry_after": 35}},
            Temporary("429 Too Many Requests: retry after 35", 35),
        ),
        (401, {"ok": False, "description": "Unauthorized"}, Temporary("401 Unauthorized")),
        (502, "<html>", Unknown(timed_out=False, response="status 502")),
        (200, {"ok": True, "result": {"message_id": 9}}, Accepted("taken", "9")),
        (200, "cut off", Accepted("taken")),
    ],
)
def test_what_an_answer_means(status: int, reply: object, outcome: Outcome) -> None:
    body = reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    async def main() -> Outcome:
        async with serving(say(head + body)) as server, Client(plain_http=True) as client:
            return await bot(server.port).send(client, Message(1, "text"))

    assert asyncio.run(main()) == outcome


def test_a_bot_api_that_is_not_there() -> None:
    assert isinstance(call(lambda client: bot(1).send(client, Message(1, "text"))), Temporary)
    assert TOKEN not in repr(bot(1))


@pytest.mark.parametrize(
    ("update", "read"),
    [
        (
            {
                "update_id": 1,
                "my_chat_member": {"chat": {"id": 7, "type": "private"}, "new_chat_member": {"status": "kicked"}},
            },
            Left(7, NOW),
        ),
        (
            {
                "update_id": 1,
                "my_chat_member": {"chat": {"id": 7, "type": "private"}, "new_chat_member": {"status": "member"}},
            },
            Ignored(),
        ),
        ({"update_id": 1, "message": {"chat": {"id": -7, "type": "group"}, "text": "stop"}}, Ignored()),
        ({"update_id": 1, "message": {"chat": {"id": 7, "type": "private"}, "photo": []}}, Ignored()),
        ({"update_id": 1, "message": {"chat": {"id": 7, "type": "private"}, "text": "/start"}}, Started(7, "", NOW)),
        (
            {"update_id": 1, "message": {"chat": {"id": 7, "type": "private"}, "text": "/start@ShopBot x"}},
            Started(7, "x", NOW),
        ),
        ({"update_id": 1, "poll": {}}, Ignored()),
        ([], Ignored()),
        ({"update_id": "x", "message": 5}, Ignored()),
    ],
)
def test_what_an_update_says(update: object, read: object) -> None:
    assert updates.read(json.dumps(update).encode(), now=NOW) == read


def test_rubbish_is_no_update() -> None:
    assert updates.read(b"\xff{", now=NOW) == Ignored()
    assert updates.read(b"[" * 100_000, now=NOW) == Ignored()


def test_only_telegram_knows_the_secret() -> None:
    assert updates.is_telegrams(updates.secret())
    for wrong in (None, "", "x", updates.secret()[:-1], updates.secret() + "0", "ё"):
        assert not updates.is_telegrams(wrong)


def test_what_cannot_be_written() -> None:
    with pytest.raises(Unwritable, match="not a number"):
        message("text", "anna")
    with pytest.raises(Unwritable, match="4098 characters"):
        message("🎉" * 2049, "7")
