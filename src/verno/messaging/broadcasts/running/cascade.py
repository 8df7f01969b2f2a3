"""Whether a member needs the dearer channel: what became of the message on the cheaper one. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from verno.messaging.broadcasts.types import Channel, Until
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_PUSH, CHANNEL_SMS, CHANNEL_TELEGRAM, State

TELLS: Mapping[str, frozenset[State]] = {
    CHANNEL_EMAIL: frozenset({State.OPENED, State.CLICKED}),
    CHANNEL_SMS: frozenset({State.DELIVERED, State.CLICKED}),
    CHANNEL_TELEGRAM: frozenset({State.CLICKED}),
    CHANNEL_PUSH: frozenset(),
}
"""What is heard of a message after it was taken. Only of a channel that tells of every delivery is more awaited than
that: a bot's message that Telegram took is in the chat, a push that was taken waits for the browser, and neither tells
of reading. Where no delivery is told, what was taken and did not come back has arrived."""
NOTHING: frozenset[State] = frozenset()
UNDER_WAY = frozenset({State.QUEUED, State.CLAIMED, State.HANDING_OVER, State.DEFERRED})
LEFT = frozenset({State.ACCEPTED, State.DELIVERED})
LOOK_AGAIN = timedelta(hours=1)
"""When a message that has not left yet, by night or for its rate, is looked at again."""


class Need(StrEnum):
    """What follows for the next channel."""

    NONE = "none"
    WAIT = "wait"
    NEXT = "next"


def due(step: Channel, state: str | None, at: datetime) -> datetime:
    """Return when the next channel's turn is: so long after the message had left, at once where it did not arrive."""
    return at + timedelta(hours=step.wait_hours) if state in LEFT else at


def need(step: Channel, state: str | None) -> Need:
    """Return whether the channel after ``step`` is needed, ``state`` being that of the message on ``step``.

    What nobody knows to have arrived (``uncertain``) counts as arrived: nobody is written to twice on a guess.
    """
    if state is None:
        return Need.NEXT
    if state in UNDER_WAY:
        return Need.WAIT
    if state in (State.OPENED, State.CLICKED, State.COMPLAINED, State.UNCERTAIN):
        return Need.NONE
    if step.until is Until.READ:
        return Need.NEXT
    tells = State.DELIVERED in TELLS.get(step.channel, NOTHING)
    if state == State.DELIVERED or (state == State.ACCEPTED and not tells):
        return Need.NONE
    return Need.NEXT
