"""Room on the disks that hold the installation: the alarm before PostgreSQL stops for want of it."""

import shutil
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from verno.kit import config
from verno.kit.embedded import cluster

LOW, VERY_LOW = 20, 10
"""Per cent of a disk that are free when the alarm begins, and when it is time to act."""
MEGABYTE = 1024 * 1024


class Alarm(StrEnum):
    """How it stands with a disk."""

    NONE = "ok"
    LOW = "low"
    VERY_LOW = "very low"


class Room(NamedTuple):
    """What is free where ``folder`` lies: in per cent, and in megabytes."""

    folder: Path
    per_cent: int
    megabytes: int

    @property
    def alarm(self) -> Alarm:
        """Say how it stands."""
        if self.per_cent < VERY_LOW:
            return Alarm.VERY_LOW
        return Alarm.LOW if self.per_cent < LOW else Alarm.NONE


def rooms() -> list[Room]:
    """Return the room of the installation's home and of the embedded database, where there is one, the least first."""
    data = cluster.local().data
    folders = [config.home(), *([data] if (data / "PG_VERSION").exists() else [])]
    return sorted((_room(folder) for folder in folders), key=lambda room: room.per_cent)


def _room(folder: Path) -> Room:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    used = shutil.disk_usage(there)
    return Room(folder, 100 * used.free // max(used.total, 1), used.free // MEGABYTE)
