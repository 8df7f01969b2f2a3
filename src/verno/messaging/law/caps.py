"""How often somebody may be written to: advertising only, counted over all channels and on each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from verno.workspace import registry


class Cap(msgspec.Struct, frozen=True, gc=False):
    """At most so many within so many days; on one channel, or on all together (None)."""

    channel: str | None
    most: int
    days: int


class Sent(msgspec.Struct, frozen=True, gc=False):
    """An advertisement that took its turn: on which channel, when."""

    channel: str
    at: datetime


CAPS = tuple([Cap(channel, setting.default, days) for setting, (channel, days) in registry.ADS.items()])
"""What holds while a program has set nothing else; a member may wish for less."""
SLACK = timedelta(hours=2)
"""So much shorter a day looks back: what comes every Monday at ten leaves a little earlier or later than a week ago."""
LONGEST = timedelta(days=366)
"""So far back a cap may look: a member may wish for one a year."""


def reached(caps: Sequence[Cap], channel: str, sent: Sequence[Sent], now: datetime) -> Cap | None:
    """Return the first cap that one more on ``channel`` at ``now`` would break."""
    for cap in caps:
        if len(sent) < cap.most or (cap.channel is not None and cap.channel != channel):
            continue
        since = now - timedelta(days=cap.days) + SLACK
        if sum([one.at > since and cap.channel in (None, one.channel) for one in sent]) >= cap.most:
            return cap
    return None
