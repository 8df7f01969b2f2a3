"""Where members are: sealed with their own keys, beside the districts that follow, which are codes in clear."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import sealing
from verno.members.districts.shapes import Ready
from verno.members.districts.types import District
from verno.members.queries import SQL
from verno.members.types import Location, LocationKind

PAGE = 1_000
SEALED_AS = "location-"


class Located(msgspec.Struct, frozen=True):
    """What a caller said of a member's whereabouts. ``location`` None takes all away, one that is empty its kind."""

    holder_id: str
    location: Location | None


def districts(conn: Connection, program_id: str) -> list[District]:
    """Return a program's districts by code, archived ones among them."""
    found = conn.execute(SQL["districts"], {"program": program_id}).fetchall()
    return [msgspec.convert(dict(zip(District.__struct_fields__, row, strict=True)), District) for row in found]


def sizes(conn: Connection, program_id: str) -> dict[str, int]:
    """Return how many members are in each district, whichever way; reads all locations."""
    return dict(conn.execute(SQL["district_sizes"], {"program": program_id}).fetchall())


def locations(conn: Connection, holder_ids: Sequence[str]) -> dict[str, dict[LocationKind, Location]]:
    """Return where members are, opened, by kind; those of whom nothing is known are absent."""
    rows = conn.execute(SQL["locations"], {"ids": batches.rows(list(holder_ids))}).fetchall()
    out: dict[str, dict[LocationKind, Location]] = {}
    for holder, kind, sealed, wrapped, _ in rows:
        out.setdefault(holder, {})[LocationKind(kind)] = _opened(holder, kind, sealed, wrapped)
    return out


def districts_of(conn: Connection, holder_ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Return by member and kind the codes of the districts they are in; nothing is opened."""
    out: dict[str, dict[str, list[str]]] = {}
    for holder, kind, codes in conn.execute(SQL["districts_of"], {"ids": batches.rows(list(holder_ids))}).fetchall():
        out.setdefault(holder, {})[kind] = codes
    return out


def home_zones(conn: Connection, holder_ids: Sequence[str]) -> dict[str, str]:
    """Return the zone of each member's home store; who has none is absent."""
    if not holder_ids:
        return {}
    return dict(conn.execute(SQL["home_zones"], {"ids": batches.rows(list(holder_ids))}).fetchall())


def write(conn: Connection, program_id: str, located: Sequence[Located], *, now: datetime) -> None:
    """Keep where members are, the last word of each kind; works out their districts. Six round trips.

    The caller vouches for members, and holds their locks.
    """
    kept: dict[tuple[str, str], Location] = {}
    gone: set[tuple[str, str]] = set()
    for one in located:
        kinds = list(LocationKind) if one.location is None else [one.location.kind]
        gone |= {(one.holder_id, kind) for kind in kinds}
        for kind in kinds:
            kept.pop((one.holder_id, kind), None)
        if one.location is not None and one.location.says:
            kept[(one.holder_id, one.location.kind)] = one.location
    if kept:
        conn.execute(SQL["share_districts"], {"program": program_id})
    rows = [{"holder_id": holder, "kind": kind} for holder, kind in sorted(gone - set(kept))]
    if rows:
        conn.execute(SQL["forget_locations"], {"rows": batches.rows(rows)})
    if kept:
        keys = _keys(conn, sorted({holder for holder, _ in kept}))
        ready = Ready(districts(conn, program_id))
        sealed = [_row(keys[holder], holder, one, ready) for (holder, _), one in sorted(kept.items())]
        conn.execute(SQL["put_locations"], {"program": program_id, "now": now, "rows": batches.rows(sealed)})


def set_home_places(conn: Connection, places: Mapping[str, str | None]) -> None:
    """Say which store is home to members; the caller vouches for both and holds the members' locks."""
    rows = [{"id": holder, "home_place": code} for holder, code in sorted(places.items())]
    if rows:
        conn.execute(SQL["set_home_places"], {"rows": batches.rows(rows)})


def sort_again(conn: Connection, program_id: str, *, now: datetime, limit: int) -> int:
    """Work out anew the districts of up to ``limit`` locations that were sorted before a district's last change.

    Returns how many were looked at.
    """
    conn.execute(SQL["share_districts"], {"program": program_id})
    ready: Ready | None = None
    done = 0
    while done < limit:
        parameters = {"program": program_id, "limit": min(PAGE, limit - done)}
        found = conn.execute(SQL["stale_locations"], parameters).fetchall()
        if not found:
            break
        ready = ready or Ready(districts(conn, program_id))
        rows = [
            {"holder_id": holder, "kind": kind, "districts": ready.of(_opened(holder, kind, sealed, wrapped))}
            for holder, kind, sealed, wrapped, _ in found
        ]
        conn.execute(SQL["sort_locations"], {"program": program_id, "now": now, "rows": batches.rows(rows)})
        done += len(found)
    return done


def _row(key: bytes, holder: str, one: Location, ready: Ready) -> dict[str, object]:
    text = msgspec.json.encode(one).decode()
    sealed = sealing.seal(key, SEALED_AS + one.kind, holder, text)
    return {"holder_id": holder, "kind": one.kind, "sealed": sealed.hex(), "districts": ready.of(one)}


def _opened(holder: str, kind: str, sealed: bytes, wrapped: bytes) -> Location:
    key = sealing.unwrap(bytes(wrapped), holder)
    return msgspec.json.decode(sealing.unseal(key, SEALED_AS + kind, holder, bytes(sealed)), type=Location)


def _keys(conn: Connection, holders: Sequence[str]) -> dict[str, bytes]:
    """Return members' keys; whoever has none gets one."""
    found = conn.execute(SQL["keys_of"], {"ids": batches.rows(holders)}).fetchall()
    keys = {holder: sealing.unwrap(bytes(wrapped), holder) for holder, wrapped in found}
    fresh = {holder: sealing.new_key() for holder in holders if holder not in keys}
    if fresh:
        rows = [{"holder_id": holder, "wrapped": sealing.wrap(key, holder).hex()} for holder, key in fresh.items()]
        conn.execute(SQL["add_keys"], {"rows": batches.rows(rows)})
    return keys | fresh
