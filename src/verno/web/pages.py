"""Cursor pages: an opaque place to go on from, newest first."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from verno.kit.ids import is_id
from verno.web.problems import Refused, invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page: rows before (at, id) come next."""

    at: datetime
    id: str

    def encode(self) -> str:
        """Return the cursor's text."""
        return base64.urlsafe_b64encode(json.dumps([self.at.isoformat(), self.id]).encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Place | None:
    """Return the place a cursor names; raises ``Refused`` (422) for a text that we did not make."""
    if not text:
        return None
    try:
        at, id_ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        place = Place(datetime.fromisoformat(at), id_)
        if place.at.tzinfo is not None and is_id(place.id):
            return place
    except (ValueError, TypeError, binascii.Error):
        pass
    raise Refused(invalid([("cursor", "not a cursor of ours")]))


def read_limit(text: str | None) -> int:
    """Return the page's size; raises ``Refused`` (422) outside 1 to 200."""
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT):
        raise Refused(invalid([("limit", f"a whole number from 1 to {MAX_LIMIT}")]))
    return int(text)
