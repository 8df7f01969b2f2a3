"""Channels over HTTP: lines that share one client, and what an answer's status alone can tell."""

from collections.abc import Awaitable, Callable
from typing import Generic

from verno.messaging.channels.port import Outcome, P, Temporary, Unknown
from verno.outbound import types as wire
from verno.outbound.client import Client
from verno.outbound.types import Answer, Lost, NotSent

TOO_MANY, UNAVAILABLE, FAILED, NOT_IMPLEMENTED = 429, 503, 500, 501
MOST_RETRY_SECONDS = 86_400

Carry = Callable[[Client, P], Awaitable[Outcome]]
"""Makes the call that hands a message over, and reads its answer."""


class Calls:
    """The client of a channel: opened by its first line, closed by its last."""

    def __init__(self, client: Client) -> None:
        """Take the client; nothing is opened yet."""
        self.client = client
        self.users = 0


class Line(Generic[P]):
    """A slot for one call at a time."""

    def __init__(self, calls: Calls, carry: Carry[P]) -> None:
        """Take part in the client; nothing is opened yet."""
        self._calls = calls
        self._carry = carry
        calls.users += 1

    async def open(self) -> None:
        """Do nothing: each call finds its connection."""

    async def offer(self, parcel: P) -> Outcome | None:  # noqa: ARG002 HTTP asks nothing beforehand
        """Say nothing: HTTP asks nothing beforehand."""
        return None

    async def hand_over(self, parcel: P) -> Outcome:
        """Make the call."""
        return await self._carry(self._calls.client, parcel)

    async def reset(self) -> None:
        """Do nothing: nothing was offered."""

    async def close(self) -> None:
        """Close the client when nobody is left."""
        self._calls.users -= 1
        if self._calls.users == 0:
            await self._calls.client.close()


def answered(outcome: wire.Outcome) -> Answer | Temporary | Unknown:
    """Return an answer that its channel has to read; whatever says the same on every channel is read here.

    "Too many" and "unavailable" are clear refusals. Any other failure of a server may come after it had begun its
    work, so nobody can know.
    """
    match outcome:
        case NotSent(text=text):
            return Temporary(text)
        case Lost(text=text, timed_out=timed_out):
            return Unknown(timed_out=timed_out, response=text)
        case Answer(status=status) if status in (TOO_MANY, UNAVAILABLE):
            return Temporary(f"status {status}", retry_after(outcome.headers.get("retry-after")))
        case Answer(status=status) if status >= FAILED and status != NOT_IMPLEMENTED:
            return Unknown(timed_out=False, response=f"status {status}")
        case Answer():
            return outcome


def retry_after(text: str | None) -> int | None:
    """Return the seconds that a server wants to be left alone; None for a date, or for nonsense."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    return min(int(text[:9]), MOST_RETRY_SECONDS)
