"""Whether a member needs the dearer channel: what became of the message on the cheaper one. Pure."""

from datetime import timedelta
from enum import StrEnum

from verno.messaging.broadcasts.types import Channel, Until
from verno.messaging.types import CHANNEL_SMS, State

TELLS = frozenset({CHANNEL_SMS})
"""Channels whose providers tell of every delivery; elsewhere what was taken and did not come back has arrived."""
UNDER_WAY = frozenset({State.QUEUED, State.CLAIMED, State.HANDING_OVER, State.DEFERRED})
LOOK_AGAIN = timedelta(hours=1)
"""When a message that has not left yet, by night or for its rate, is looked at again."""


class Need(StrEnum):
    """What follows for the next channel."""

    NONE = "none"
    WAIT = "wait"
    NEXT = "next"


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
    if state == State.DELIVERED or (state == State.ACCEPTED and step.channel not in TELLS):
        return Need.NONE
    return Need.NEXT
