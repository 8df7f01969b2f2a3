"""Country packs: what a country's law asks of messages, version by version, read from the files beside this one.

A pack says which classes may travel on which channels, which need a consent, in which hours people may be reached,
what a sender must say of itself, and where advertising must be marked. The strictest reading is the default. Packs are
engineering input, not legal advice (docs/explanation/messages.md names the sources).
"""

import tomllib
from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from verno.workspace.registry import Country

ANY = "*"
"""In a pack: every channel that is not named."""


PINNED: Mapping[Country, str] = {
    Country.STRICT: "8801839eb38d2af83a35eddae04c0c81317654da80e0055e80cae492d334ce0b",
    Country.RU: "869bbf9ffd229c385240801877f00122dd028f368c5522bb2ed0280e04e83d08",
    Country.EU: "088bb7943e971145683ec1528adbeaa3e91c0e79e04c45d9e7d3d1c77752a33d",
    Country.US: "edb54e5c8514df937ee5784e6b3b143c3a5aea65701e65bbf27f1a664e7afd38",
}
"""The SHA-256 of each pack's file, as it was reviewed: whoever changes a pack changes it here too."""
FOLDER = resources.files("verno.messaging.law")


class Window(msgspec.Struct, frozen=True, array_like=True):
    """When people may be reached, on their own clock: from ``opens`` on, before ``closes``.

    ``is_own``: by the program's own choice, within the country's (``law``).
    """

    opens: time
    closes: time
    is_own: bool = False
    law: "Window | None" = None


class SmsNames(StrEnum):
    """What becomes of texts whose sender is a name that the country's operators do not know."""

    FREE = "free"
    WARNED = "warned"
    BARRED = "barred"


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds since a day. Outer keys are classes, inner ones channels; ``*`` stands for all that are not named.

    ``grants``: channels on which a class needs a consent. ``proven``: classes whose consent must be proven.
    ``barred``: why a class must not use a channel; ``warned``: why it had better not. ``marking``: channels on which
    advertising carries its token. ``sender``: what letters must say of who sends them. ``sms_names``: what becomes of
    texts from a name that is not registered.
    """

    since: date
    grants: Mapping[str, frozenset[str]]
    proven: frozenset[str] = frozenset()
    hours: Mapping[str, Window] = {}
    barred: Mapping[str, Mapping[str, str]] = {}
    warned: Mapping[str, Mapping[str, str]] = {}
    marking: frozenset[str] = frozenset()
    sender: frozenset[str] = frozenset()
    sms_names: SmsNames = SmsNames.FREE
    zones: tuple[str, ...] = ()

    def needs_grant(self, class_name: str, channel: str) -> bool:
        """Tell whether messages of a class need a consent on a channel."""
        found = self.grants.get(class_name, frozenset())
        return channel in found or ANY in found

    def window(self, channel: str) -> Window | None:
        """Return when people may be reached on a channel; None: at any hour."""
        return self.hours.get(channel) or self.hours.get(ANY)


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A country's rules, the oldest first. ``zones`` are those its people may live in."""

    zones: tuple[str, ...]
    versions: tuple[Rules, ...]

    def on(self, day: date) -> Rules:
        """Return what holds on a day; before the first version, that one."""
        held = [rules for rules in self.versions if rules.since <= day]
        return (held or self.versions[:1])[-1]


@lru_cache
def pack(country: Country) -> Pack:
    """Return a country's pack; its zones are in each of its versions, so that a decision needs the rules alone."""
    read = parse(_file(country, FOLDER).decode())
    versions = [msgspec.structs.replace(rules, zones=read.zones) for rules in read.versions]
    return Pack(read.zones, tuple(sorted(versions, key=lambda rules: rules.since)))


def parse(text: str) -> Pack:
    """Read a pack's file; raises ``ValidationError`` or ``TOMLDecodeError`` for what is none."""
    return msgspec.convert(tomllib.loads(text), Pack)


def altered(folder: Traversable = FOLDER) -> list[Country]:
    """Return the countries whose file is not the one that was reviewed."""
    return [one for one in Country if sha256(_file(one, folder)).hexdigest() != PINNED.get(one)]


def _file(country: Country, folder: Traversable) -> bytes:
    return (folder / f"{country.value.lower()}.toml").read_bytes()


STRICT = pack(Country.STRICT).versions[-1]
