"""What is wrong with a message as it is written, before it leaves: values may do what no source shows. Pure."""

from verno.messaging.channels.sms import segments
from verno.messaging.channels.sms.texts import CODE as SMS
from verno.messaging.channels.sms.texts import MOST_SEGMENTS
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_PUSH, Letter

SIGNS = ("{{", "}}", "{%", "%}")
"""What a source names a value by: in a message it is one that nobody filled in."""
TITLED = frozenset({CHANNEL_EMAIL, CHANNEL_PUSH})
SHORT = MOST_SEGMENTS * segments.LENGTHS[segments.Alphabet.UCS2][1] // 2
"""Characters that always fit, whatever they are: nothing is reckoned for a text that is no longer."""


def wrong(letter: Letter, channel: str) -> str | None:
    """Return what keeps a message from leaving, in words that the console translates, or None."""
    if not letter.text.strip():
        return "there is nothing in it"
    if channel in TITLED and not letter.subject.strip():
        return "there is no subject"
    if any(sign in part for sign in SIGNS for part in (letter.subject, letter.text)):
        return "a value is not filled in"
    if channel == SMS and len(letter.text) > SHORT and segments.plan(letter.text.strip()).segments > MOST_SEGMENTS:
        return "the text is too long"
    return None
