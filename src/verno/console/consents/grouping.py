"""What was said at once of many channels, as one line: "everything" is a record for each channel there is."""

from collections.abc import Collection, Sequence
from itertools import groupby

from django.utils.translation import gettext as _
from msgspec.structs import replace

from verno.console import words
from verno.members.types import Channel, Consent, Record


def over(channels: Collection[str]) -> str:
    """Say over which channels, in their own order."""
    if channels and set(channels) >= set(Channel):
        return _("all channels")
    return ", ".join(words.say("channel", one) for one in Channel if one in channels)


def heard(history: Sequence[Record]) -> list[tuple[Record, str]]:
    """Return neighbours that differ in their channel alone as one, with the channels."""
    out = []
    for _same, rows in groupby(history, key=lambda one: replace(one, id="", channel="")):
        found = list(rows)
        out.append((found[0], over([one.channel for one in found])))
    return out


def standing(consents: Sequence[Consent]) -> list[tuple[Consent, str]]:
    """Return where a member stands on a topic: each state once, with its channels."""
    states = {(one.granted, one.state): one for one in consents}
    return [
        (one, over([other.channel for other in consents if (other.granted, other.state) == state]))
        for state, one in states.items()
    ]
