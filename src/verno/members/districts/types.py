"""Words of districts: an area by its border or by postcodes and streets, and where a member is."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

MOST_DISTRICTS = 500
MOST_POINTS = 500
"""Points of one border, all its rings together."""
MOST_ENTRIES = 5_000
LONGEST_ENTRY = 200
LONGEST_NAME = 80


class DistrictKind(StrEnum):
    """What a district is made of."""

    POLYGON = "polygon"
    LIST = "list"


class District(msgspec.Struct, frozen=True):
    """An area. ``polygon`` is GeoJSON: rings of (longitude, latitude), the first the border, the others holes.

    ``entries`` are postcodes (the end may be ``*``) and streets. One that is archived has nobody in it.
    """

    code: str
    kind: DistrictKind
    names: dict[str, str] = {}
    polygon: dict[str, object] | None = None
    entries: Sequence[str] = ()
    archived_at: datetime | None = None


class NotKept(msgspec.Struct, frozen=True):
    """Nothing was changed: ``field`` is to mend."""

    field: str
    detail: str
