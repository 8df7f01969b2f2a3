"""What is inside an area: borders of GeoJSON, lists of postcodes and streets. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from verno.members.districts.types import MOST_POINTS, District
from verno.members.types import Location

Point: TypeAlias = tuple[float, float]
"""(longitude, latitude), as GeoJSON has them."""
LEAST_POINTS = 4
LONGITUDE, LATITUDE = 180.0, 90.0


class BadShape(ValueError):
    """A border that cannot be read: a sentence."""


def rings_of(shape: object) -> list[list[Point]]:
    """Return the rings of a GeoJSON polygon, or of a feature that is one; raises ``BadShape``."""
    if isinstance(shape, dict) and shape.get("type") == "Feature":
        shape = shape.get("geometry")
    if not isinstance(shape, dict) or shape.get("type") != "Polygon":
        message = "must be GeoJSON of the type Polygon"
        raise BadShape(message)
    given = shape.get("coordinates")
    if not isinstance(given, list) or not given or not all(isinstance(ring, list) for ring in given):
        message = "coordinates must be a list of rings"
        raise BadShape(message)
    if sum(len(ring) for ring in given) > MOST_POINTS:
        message = f"at most {MOST_POINTS} points"
        raise BadShape(message)
    return [_ring(ring) for ring in given]


def _ring(given: Sequence[object]) -> list[Point]:
    ring = [_point(one) for one in given]
    if len(ring) < LEAST_POINTS or ring[0] != ring[-1]:
        message = "a ring has at least four points and ends where it begins"
        raise BadShape(message)
    return ring


def _point(given: object) -> Point:
    match given:
        case [int() | float() as longitude, int() | float() as latitude, *_] if not (
            isinstance(longitude, bool) or isinstance(latitude, bool)
        ):
            if abs(longitude) <= LONGITUDE and abs(latitude) <= LATITUDE:
                return float(longitude), float(latitude)
    message = "a point is [longitude, latitude], from -180 to 180 and from -90 to 90"
    raise BadShape(message)


def inside(rings: Sequence[Sequence[Point]], longitude: float, latitude: float) -> bool:
    """Tell whether a point is inside a border and in none of its holes: a ray to the east crosses it an odd number."""
    crossed = False
    for ring in rings:
        for (x, y), (to_x, to_y) in pairwise(ring):
            if (y > latitude) is not (to_y > latitude) and longitude < x + (latitude - y) * (to_x - x) / (to_y - y):
                crossed = not crossed
    return crossed


def plain(text: str) -> str:
    """Return a postcode or a street as it is compared: small letters, one blank between words."""
    return " ".join(text.casefold().split())


class Ready:
    """Districts that are ready to be asked who is in them."""

    def __init__(self, districts: Sequence[District]) -> None:
        """Read the borders and the lists once."""
        live = [one for one in districts if one.archived_at is None]
        self._borders = [(one.code, rings_of(one.polygon)) for one in live if one.polygon is not None]
        self._exact: dict[str, set[str]] = {}
        self._begins: list[tuple[str, str]] = []
        for one in live:
            for entry in map(plain, one.entries):
                if entry.endswith("*"):
                    self._begins.append((entry[:-1], one.code))
                else:
                    self._exact.setdefault(entry, set()).add(one.code)

    def of(self, location: Location) -> list[str]:
        """Return the codes of the districts that a location is in, sorted."""
        found: set[str] = set()
        if location.lat is not None and location.lon is not None:
            found |= {code for code, rings in self._borders if inside(rings, location.lon, location.lat)}
        if location.street:
            found |= self._exact.get(plain(location.street), set())
        if location.postcode:
            postcode = plain(location.postcode)
            found |= self._exact.get(postcode, set())
            found |= {code for begin, code in self._begins if postcode.startswith(begin)}
        return sorted(found)
