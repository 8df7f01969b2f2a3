"""How often an address may knock without what opens the door. Whoever has it is never counted."""

import time
from collections import OrderedDict

from django.http import HttpRequest

A_MINUTE = 30
"""Wrong knocks of one address in a minute; from then on it hears 429."""
MOST_ADDRESSES = 10_000
MINUTE = 60.0

_knocks: OrderedDict[str, tuple[float, int]] = OrderedDict()
"""Address -> (when its minute began, knocks in it). In this process alone: a flood must not reach the database."""


def is_too_many(request: HttpRequest) -> bool:
    """Count a wrong knock; True when its address has knocked too often in this minute."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    now = time.monotonic()
    began, count = _knocks.pop(address, (now, 0))
    if now - began >= MINUTE:
        began, count = now, 0
    _knocks[address] = (began, count + 1)
    while len(_knocks) > MOST_ADDRESSES:
        _knocks.popitem(last=False)
    return count >= A_MINUTE
