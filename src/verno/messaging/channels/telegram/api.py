"""The bot's calls: a message with buttons, another text for it, an answer to a press, where updates go.

The bot's token stands in every address, so no address is ever logged or repeated.
"""

from collections.abc import Mapping, Sequence

import msgspec

from verno.messaging.channels import http
from verno.messaging.channels.port import Accepted, Outcome, Refused, Temporary, Unknown
from verno.outbound.client import BODY_LIMIT, Client
from verno.outbound.types import Answer

SECONDS = 30.0
MOST_TEXT = 4096
"""UTF-16 units of one message, its marks not counted."""
OK, BLOCKED = 200, 403
MOST_UPDATES, MOST_ANSWER = 50, 4_194_304
"""Updates asked for at a time, and bytes that they may take."""
_OURS = frozenset({401, 404})
"""Refusals of the token, which say nothing of the reader."""
_NO_CHAT = ("chat not found", "user is deactivated", "bot was blocked", "bot can't initiate conversation")
UPDATES = ("message", "edited_message", "my_chat_member")


class Message(msgspec.Struct, frozen=True):
    """A message to one chat, its text in Telegram's HTML."""

    chat_id: int
    text: str


class Bot(msgspec.Struct, frozen=True):
    """The bot: where its API lies, and its token."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Name nothing: the token is a password."""
        return "<Telegram bot>"

    async def send(self, client: Client, message: Message) -> Outcome:
        """Send a message; its reference is Telegram's number for it."""
        body: dict[str, object] = {
            "chat_id": message.chat_id,
            "text": message.text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        return await self._call(client, "sendMessage", body)

    async def set_webhook(self, client: Client, url: str, secret: str) -> Outcome:
        """Let updates come to our address, each with the secret in a header."""
        body: dict[str, object] = {"url": url, "secret_token": secret, "allowed_updates": UPDATES}
        return await self._call(client, "setWebhook", body)

    async def say(self, client: Client, chat_id: int, text: str) -> Outcome:
        """Say something at once, to somebody of whom we may know nothing."""
        return await self._call(client, "sendMessage", {"chat_id": chat_id, "text": text})

    async def drop_webhook(self, client: Client) -> Outcome:
        """Let updates wait for us to ask; what waits already stays."""
        return await self._call(client, "deleteWebhook", {"drop_pending_updates": False})

    async def updates(self, client: Client, after: int | None, *, wait: int) -> Sequence[msgspec.Raw] | Outcome:
        """Ask for updates after one, whose like are forgotten with that; none within ``wait`` seconds is an answer."""
        body = {"timeout": wait, "limit": MOST_UPDATES, "allowed_updates": UPDATES}
        body |= {} if after is None else {"offset": after + 1}
        answer = await self._post(client, "getUpdates", body, seconds=SECONDS + wait, limit=MOST_ANSWER)
        if not isinstance(answer, Answer):
            return answer
        try:
            return msgspec.json.decode(answer.body, type=_Updates).result
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _read(answer.status, answer.body)

    async def _call(self, client: Client, method: str, body: Mapping[str, object]) -> Outcome:
        answer = await self._post(client, method, body)
        return _read(answer.status, answer.body) if isinstance(answer, Answer) else answer

    async def _post(
        self,
        client: Client,
        method: str,
        body: Mapping[str, object],
        *,
        seconds: float = SECONDS,
        limit: int = BODY_LIMIT,
    ) -> Answer | Temporary | Unknown:
        outcome = await client.call(
            "POST",
            f"{self.url}/bot{self.token}/{method}",
            headers={"content-type": "application/json"},
            body=msgspec.json.encode(body),
            timeout=seconds,
            limit=limit,
        )
        if isinstance(outcome, Answer) and outcome.status == http.TOO_MANY:
            # How long to wait stands in the body here, not in a header.
            return outcome
        return http.answered(outcome)


class _Sent(msgspec.Struct):
    message_id: int | None = None


class _Updates(msgspec.Struct):
    ok: bool
    result: list[msgspec.Raw]


class _Parameters(msgspec.Struct):
    retry_after: int | None = None


class _Reply(msgspec.Struct):
    ok: bool
    result: _Sent | bool | None = None
    description: str = ""
    parameters: _Parameters | None = None


def _read(status: int, body: bytes) -> Outcome:
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        reply = _Reply(ok=status == OK)
    if reply.ok and status == OK:
        sent = reply.result.message_id if isinstance(reply.result, _Sent) else None
        return Accepted("taken", None if sent is None else str(sent))
    response = f"{status} {reply.description}"
    if status == http.TOO_MANY:
        return Temporary(response, reply.parameters.retry_after if reply.parameters else None)
    if status in _OURS:
        return Temporary(response)
    return Refused(response, gone=status == BLOCKED or any(words in response for words in _NO_CHAT))
