"""Reads of places."""

from collections.abc import Sequence

from verno.kit.db import Connection
from verno.workspace import queries, settings
from verno.workspace.places.types import Place
from verno.workspace.registry import LEGAL_ENTITY


def places(conn: Connection, program_id: str, codes: Sequence[str] | None = None) -> list[Place]:
    """Return a program's stores by code, all or those of the codes given: two statements."""
    book = settings.load(conn, program_id)
    return [
        Place(one.code, one.name, one.timezone, one.region, book.value(LEGAL_ENTITY, place=one.code))
        for one in queries.stores(conn, program_id, codes)
    ]


def regions(found: Sequence[Place]) -> list[str]:
    """Return the regions that some of these stores are in, by name."""
    return sorted({one.region for one in found if one.region is not None})
