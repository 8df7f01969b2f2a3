"""A text on its way: cut, and addressed."""

import msgspec

from verno.messaging.channels.port import Unwritable
from verno.messaging.channels.sms import segments
from verno.messaging.channels.sms.segments import Plan

CODE = "sms"
MOST_SEGMENTS = 10
"""The longest text that is sent: a slip in a template must not cost hundreds of segments for each member."""


class Text(msgspec.Struct, frozen=True, gc=False):
    """A text for one number, in digits alone; ``id`` is the message's own, the same at every try."""

    id: str
    recipient: str
    plan: Plan


def write(id_: str, text: str, address: str) -> Text:
    """Put a text into the form of SMS; raises ``Unwritable``."""
    number = address.removeprefix("+")
    if not (number.isascii() and number.isdecimal()):
        message = "the number is not one of digits"
        raise Unwritable(message)
    plan = segments.plan(text.strip())
    if plan.segments > MOST_SEGMENTS:
        message = f"the text takes {plan.segments} segments, the limit is {MOST_SEGMENTS}"
        raise Unwritable(message)
    return Text(id_, number, plan)
