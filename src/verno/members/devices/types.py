"""Words of devices: what a member is reached by that nobody types."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec


class DeviceKind(StrEnum):
    """What a device is: the chat with a bot, or a browser's subscription."""

    TELEGRAM = "telegram"
    PUSH = "push"


MOST: Mapping[DeviceKind, int] = {DeviceKind.TELEGRAM: 1, DeviceKind.PUSH: 10}
"""How many of a kind a member keeps; the oldest go."""
LONGEST = 4096
"""Characters of a device's address; a browser's subscription takes some 500."""


class NewDevice(msgspec.Struct, frozen=True, gc=False):
    """A device that a member was seen with. ``text``: the chat's number, or the subscription as JSON."""

    holder_id: str
    kind: DeviceKind
    text: str


class Device(msgspec.Struct, frozen=True, gc=False):
    """A member's device, its address in clear: never stored so, never logged. ``value_hash`` is in hex."""

    kind: DeviceKind
    text: str
    value_hash: str
    added_at: datetime
