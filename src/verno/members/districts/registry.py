"""Districts: drawn, listed, changed, archived; who is in one is worked out anew when it changes."""

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.consent.texts import LANGUAGE
from verno.members.districts import locating
from verno.members.districts.shapes import BadShape, plain, rings_of
from verno.members.districts.types import (
    LONGEST_ENTRY,
    LONGEST_NAME,
    MOST_DISTRICTS,
    MOST_ENTRIES,
    District,
    DistrictKind,
    NotKept,
)
from verno.members.queries import SQL
from verno.workspace import audit
from verno.workspace.audit import Actor

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
AT_ONCE = 5_000
"""Locations that are looked at again at once; the worker looks at the others."""


def name(district: District, language: str) -> str:
    """Return what people of a language call a district: in it, else in English, in any, else its code."""
    names = district.names
    return names.get(language) or names.get("en") or next(iter(names.values()), district.code)


def put(
    conn: Connection, program_id: str, wanted: District, *, now: datetime, by: Actor, fresh: bool = False
) -> District | NotKept:
    """Add a district or change one; ``fresh`` refuses one that is there. Audited.

    Members are sorted anew, the first ``AT_ONCE`` here and now.
    """
    conn.execute(SQL["own_districts"], {"program": program_id})
    known = {one.code: one for one in locating.districts(conn, program_id)}
    before = known.get(wanted.code)
    wrong = _wrong(wanted, before, len(known), fresh=fresh)
    if wrong is not None:
        return wrong
    kept = msgspec.structs.replace(wanted, entries=sorted({plain(one) for one in wanted.entries}))
    values = {
        **msgspec.structs.asdict(kept),
        "names": Jsonb(kept.names),
        "polygon": None if kept.polygon is None else Jsonb(kept.polygon),
    }
    conn.execute(SQL["put_district"], {**values, "program": program_id, "now": now})
    action = "district.add" if before is None else "district.change"
    states = (before and msgspec.to_builtins(before), msgspec.to_builtins(kept))
    audit.record(conn, program_id, by, action, ("district", wanted.code), now=now, states=states)
    locating.sort_again(conn, program_id, now=now, limit=AT_ONCE)
    return kept


def _wrong(wanted: District, before: District | None, count: int, *, fresh: bool) -> NotKept | None:
    wrong = (
        ("code", not CODE.fullmatch(wanted.code), "small Latin letters, digits and hyphens, at most 60"),
        ("code", before is not None and fresh, "there is a district of this code"),
        ("code", before is None and count >= MOST_DISTRICTS, f"a program has at most {MOST_DISTRICTS} districts"),
    )
    for field, is_so, detail in wrong:
        if is_so:
            return NotKept(field, detail)
    return _wrong_names(wanted.names) or (
        _wrong_polygon(wanted) if wanted.kind is DistrictKind.POLYGON else _wrong_list(wanted)
    )


def _wrong_names(names: Mapping[str, str]) -> NotKept | None:
    for language, text in names.items():
        if not LANGUAGE.fullmatch(language):
            return NotKept(f"names.{language}", "not a language code")
        if not text.strip() or len(text) > LONGEST_NAME or batches.unclean(text) or "\n" in text:
            return NotKept(f"names.{language}", f"one line of at most {LONGEST_NAME} characters")
    return None


def _wrong_polygon(wanted: District) -> NotKept | None:
    if wanted.entries:
        return NotKept("entries", "a polygon has no list")
    try:
        rings_of(wanted.polygon)
    except BadShape as error:
        return NotKept("polygon", str(error))
    return None


def _wrong_list(wanted: District) -> NotKept | None:
    if wanted.polygon is not None:
        return NotKept("polygon", "a list has no polygon")
    if not 1 <= len(wanted.entries) <= MOST_ENTRIES:
        return NotKept("entries", f"1 to {MOST_ENTRIES} postcodes and streets")
    for one in wanted.entries:
        if not plain(one).rstrip("*") or len(one) > LONGEST_ENTRY or batches.unclean(one):
            return NotKept("entries", f"each of 1 to {LONGEST_ENTRY} characters")
    return None
